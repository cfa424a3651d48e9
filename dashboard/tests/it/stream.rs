//! The live stream.

use std::time::Duration;

use serde_json::json;
use steadfast_telemetry::Telemetry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::support::{LONG, Served, breaker, json, trip, until};

#[tokio::test]
async fn first_comes_everything_then_what_happens_as_it_happens() {
    let served = Served::new(|it| it).await;
    let payments = breaker("payments");
    served.telemetry.watch(&payments);
    let mut events = served.stream().await;
    let first = events.next().await.unwrap();
    assert_eq!(first.event, "snapshot");
    assert!(first.text.starts_with("retry: 2000\n"), "{}", first.text);
    assert_eq!(first.id, first.data["seq"].as_u64());
    assert_eq!(first.data["components"][0]["name"], "payments");
    assert!(first.data.get("missed").is_none());

    trip(&payments);
    let event = events.next_of("event").await;
    assert_eq!(event.id, Some(first.id.unwrap() + 1));
    assert_eq!(
        event.data["text"],
        "closed -> open: 3 consecutive calls failed"
    );
    let delta = events.next_of("delta").await;
    assert_eq!(delta.data["components"][0]["state"], "open");
    // A sign of life comes every second, whether anything changes or not.
    let mut idle = events.next_of("delta").await;
    while idle.data["components"] != json!([]) {
        idle = events.next_of("delta").await;
    }
    assert!(idle.text.len() < 300, "{}", idle.text);
}

#[tokio::test]
async fn the_headers_keep_proxies_from_holding_it_back() {
    let served = Served::new(|it| it).await;
    let response = served.get("api/stream").await;
    let headers = response.headers();
    assert_eq!(headers["content-type"], "text/event-stream");
    assert_eq!(headers["cache-control"], "no-cache");
    assert_eq!(headers["x-accel-buffering"], "no");
}

#[tokio::test]
async fn who_comes_back_gets_what_was_missed_and_nothing_twice() {
    let served = Served::new(|it| it.events(4)).await;
    let tell = |from: u32, to: u32| {
        (from..to).for_each(|number| served.tell("t", &number.to_string()));
    };
    let texts = |data: &serde_json::Value| -> Vec<String> {
        let events = data["events"].as_array().unwrap().iter();
        events
            .map(|event| event["text"].as_str().unwrap().to_owned())
            .collect()
    };
    tell(0, 2);
    let seen = served.stream().await.next().await.unwrap().id.unwrap();
    tell(2, 5);
    let again = served.stream_after(Some(seen)).await.next().await.unwrap();
    assert_eq!(
        (texts(&again.data), &again.data["missed"]),
        (vec!["2".into(), "3".into(), "4".into()], &json!(0))
    );

    tell(5, 10);
    let later = served.stream_after(Some(seen)).await.next().await.unwrap();
    assert_eq!(texts(&later.data), ["6", "7", "8", "9"]);
    assert_eq!(later.data["missed"], 4);

    let last = later.id.unwrap();
    let nothing = served.stream_after(Some(last)).await.next().await.unwrap();
    assert_eq!(
        (texts(&nothing.data), &nothing.data["missed"]),
        (vec![], &json!(0))
    );

    // The number of a process that was before this one.
    for other in [7, last - 1_000_000_000_000, last + 1] {
        let all = served.stream_after(Some(other)).await.next().await.unwrap();
        assert_eq!(
            (texts(&all.data).len(), &all.data["missed"]),
            (4, &json!(0)),
            "{other}"
        );
    }
}

#[tokio::test]
async fn events_have_numbers_without_gaps_in_their_order() {
    let served = Served::new(|it| it).await;
    let mut events = served.stream().await;
    let first = events.next().await.unwrap();
    let mut expected = first.id.unwrap();
    for number in 0..100_u32 {
        served.tell("t", &number.to_string());
    }
    for number in 0..100_u32 {
        expected += 1;
        let event = events.next_of("event").await;
        assert_eq!(
            (event.id, &event.data["seq"]),
            (Some(expected), &json!(expected))
        );
        assert_eq!(event.data["text"], number.to_string());
    }
}

#[tokio::test]
async fn a_thousand_clients_too_many_are_refused_and_harm_nobody() {
    let served = Served::new(|it| it.max_streams(3)).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut events = served.stream().await;
        events.next().await.unwrap();
        held.push(events);
    }
    for _ in 0..10 {
        let crowd = (0..100).map(|_| served.get("api/stream"));
        for response in futures_util::future::join_all(crowd).await {
            assert_eq!(response.status(), 503);
            assert_eq!(response.headers()["retry-after"], "10");
            assert!(
                json(response).await["error"]
                    .as_str()
                    .unwrap()
                    .contains("too many pages")
            );
        }
    }
    assert_eq!(served.dashboard.streams(), 3);
    for events in &mut held {
        events.next_of("delta").await;
    }
    assert_eq!(served.get("api/snapshot").await.status(), 200);
    let metrics = served.get("metrics").await.text().await.unwrap();
    assert!(
        metrics
            .lines()
            .any(|line| line == "resilience_dashboard_streams_refused_total 1000")
    );
    assert!(
        metrics
            .lines()
            .any(|line| line == "resilience_dashboard_streams 3")
    );

    // A place is free as soon as somebody leaves.
    drop(held.pop());
    until(|| served.dashboard.streams() == 2).await;
    served.stream().await.next().await.unwrap();
    drop(held);
    until(|| served.dashboard.streams() == 0).await;
    let metrics = served.get("metrics").await.text().await.unwrap();
    assert!(
        metrics
            .lines()
            .any(|line| line == "resilience_dashboard_streams 0")
    );
}

#[tokio::test]
async fn who_is_too_slow_gets_everything_anew_and_is_told_what_it_missed() {
    let served = Served::new(|it| it.events(50)).await;
    let payments = breaker("payments");
    served.telemetry.watch(&payments);
    // A client that reads nothing for a while, on a connection that holds little.
    let address = served.origin().strip_prefix("http://").unwrap();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut slow = socket.connect(address.parse().unwrap()).await.unwrap();
    let request = format!("GET /api/stream HTTP/1.1\r\nhost: {address}\r\n\r\n");
    slow.write_all(request.as_bytes()).await.unwrap();
    until(|| served.dashboard.streams() == 1).await;

    let long = "x".repeat(10_000);
    for number in 0..2000_u32 {
        served.tell("flood", &format!("{number} {long}"));
        if number % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let mut read = String::new();
    let found = timeout(LONG, async {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = slow.read(&mut buffer).await.unwrap();
            assert!(count > 0, "the connection has ended");
            read.push_str(&String::from_utf8_lossy(&buffer[..count]));
            if read.matches("event: snapshot").count() == 2 && read.contains("\"missed\":") {
                return;
            }
        }
    });
    found.await.expect("no second snapshot");
    let (_, second) = read.rsplit_once("event: snapshot").unwrap();
    let (before, _) = read.split_once("\"missed\":").unwrap();
    assert!(
        before.contains("1999 x"),
        "the latest events are in it: {}",
        second.len()
    );
    let (_, missed) = read.split_once("\"missed\":").unwrap();
    let digits: String = missed.chars().take_while(char::is_ascii_digit).collect();
    let missed: u64 = digits.parse().unwrap();
    let sent = read.matches("event: event").count() as u64;
    assert_eq!(
        sent + missed + 50,
        2000,
        "every event was sent, is in the snapshot, or was counted"
    );
}

#[tokio::test]
async fn shutting_down_ends_every_stream_at_once_and_lets_no_other_begin() {
    let served = Served::new(|it| it).await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(served.stream().await);
    }
    served.dashboard.shutdown();
    for events in &mut streams {
        let last = events.last().await;
        assert_eq!(
            (last.event.as_str(), &last.data["reason"]),
            ("bye", &json!("shutdown"))
        );
    }
    until(|| served.dashboard.streams() == 0).await;
    let response = served.get("api/stream").await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "2");
    assert_eq!(
        served.get("api/snapshot").await.status(),
        200,
        "the rest goes on"
    );
}

#[tokio::test]
async fn a_server_that_waits_for_its_connections_ends_although_pages_are_open() {
    let telemetry = Telemetry::new();
    let dashboard = steadfast_dashboard::Dashboard::builder(&telemetry)
        .build()
        .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/stream", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (app, ending) = (dashboard.router::<()>(), dashboard.clone());
    let server = tokio::spawn(async move {
        let served = axum::serve(listener, app).with_graceful_shutdown(async move {
            let _ = stopped.await;
            ending.shutdown();
        });
        served.await
    });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let open = client.get(url).send().await.unwrap();
    stop.send(()).unwrap();
    timeout(LONG, server)
        .await
        .expect("it waits for the page")
        .unwrap()
        .unwrap();
    drop(open);
}

#[tokio::test]
async fn streams_end_with_the_telemetry() {
    let mut served = Served::with(Telemetry::new(), |it| it).await;
    let mut events = served.stream().await;
    events.next().await.unwrap();
    served.telemetry = Telemetry::new();
    assert_eq!(events.last().await.data["reason"], "shutdown");
    assert!(served.dashboard.is_shut_down());
}

#[tokio::test]
async fn a_stream_ends_at_its_age() {
    let served = Served::new(|it| it.max_stream_age(Duration::from_millis(50))).await;
    let mut events = served.stream().await;
    assert_eq!(events.last().await.data["reason"], "max_age");
    until(|| served.dashboard.streams() == 0).await;
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing_behind() {
    let served = Served::new(|it| it).await;
    for _ in 0..20 {
        let address = served.origin().strip_prefix("http://").unwrap();
        let mut client = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /api/stream HTTP/1.1\r\nhost: {address}\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        client.readable().await.unwrap();
    }
    // Each is noticed when something is written to it: within a second.
    until(|| served.dashboard.streams() == 0).await;
    sleep(Duration::from_millis(10)).await;
    assert_eq!(served.get("api/snapshot").await.status(), 200);
}
