//! Streams that nobody reads, in virtual time.

use std::time::Duration;

use axum::body::BodyDataStream;
use futures_util::StreamExt;
use serde_json::Value;
use steadfast_breaker::CircuitBreaker;
use steadfast_telemetry::{Notice, NoticeLevel, Telemetry};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::sleep;

use super::*;
use crate::dashboard::Dashboard;

const SECOND: Duration = Duration::from_secs(1);

async fn open(dashboard: &Dashboard) -> BodyDataStream {
    let hub = State(Arc::clone(dashboard.hub()));
    let response = stream(hub, HeaderMap::new()).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body().into_data_stream()
}

async fn read(stream: &mut BodyDataStream) -> Option<String> {
    let bytes = stream.next().await?.unwrap();
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}

/// The events in a text, by name and with the length of their data, each of which must be whole.
fn events(text: &str) -> Vec<(String, usize)> {
    let messages = text.split_terminator("\n\n");
    let event = |message: &str| {
        let field = |name| message.lines().find_map(|line| line.strip_prefix(name));
        let data = field("data: ").unwrap();
        serde_json::from_str::<Value>(data).unwrap();
        (field("event: ").unwrap().to_owned(), data.len())
    };
    messages.map(event).collect()
}

fn dropped(telemetry: &Telemetry) -> String {
    let metrics = telemetry.export_prometheus_metrics();
    let mut lines = metrics.lines();
    let line = lines.find(|line| line.starts_with("resilience_dashboard_streams_dropped_total"));
    line.unwrap().split(' ').next_back().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_for_half_a_minute_loses_its_place_and_the_others_do_not() {
    let telemetry = Telemetry::new();
    let dashboard = Dashboard::builder(&telemetry)
        .max_streams(3)
        .build()
        .unwrap();
    let mut reads = open(&dashboard).await;
    let mut stops = open(&dashboard).await;
    // Not even the first message: nothing was ever asked for.
    let never = open(&dashboard).await;
    assert!(read(&mut stops).await.unwrap().contains("event: snapshot"));
    let reader = tokio::spawn(async move { while read(&mut reads).await.is_some() {} });
    sleep(29 * SECOND).await;
    assert_eq!(dashboard.streams(), 3);
    sleep(2 * SECOND).await;
    assert_eq!(dashboard.streams(), 1, "the reader's");
    assert_eq!(dropped(&telemetry), "2");

    // Should it read on one day, it hears that it has to come anew.
    let last = read(&mut stops).await.unwrap();
    assert_eq!(last, "event: bye\ndata: {\"reason\":\"slow\"}\n\n");
    assert_eq!(read(&mut stops).await, None);
    drop((never, stops));
    assert_eq!(
        (dashboard.streams(), dropped(&telemetry).as_str()),
        (1, "2")
    );
    let mut places = Vec::new();
    for _ in 0..2 {
        places.push(open(&dashboard).await);
    }
    assert_eq!(dashboard.streams(), 3, "the places are free again");
    reader.abort();
}

#[tokio::test(start_paused = true)]
async fn who_is_slow_and_reads_keeps_its_place() {
    let telemetry = Telemetry::new();
    let dashboard = Dashboard::builder(&telemetry).build().unwrap();
    let mut slow = open(&dashboard).await;
    for _ in 0..20 {
        assert!(!read(&mut slow).await.unwrap().contains("bye"));
        sleep(28 * SECOND).await;
    }
    assert_eq!(
        (dashboard.streams(), dropped(&telemetry).as_str()),
        (1, "0")
    );
}

/// What is large takes long on a slow link, though every second a part of it arrives.
#[tokio::test(start_paused = true)]
async fn who_reads_what_is_large_slowly_keeps_its_place_and_gets_it_whole() {
    const PER_SECOND: f64 = 1024.0;
    let telemetry = Telemetry::new();
    let breakers = breakers(100);
    breakers.iter().for_each(|breaker| telemetry.watch(breaker));
    let dashboard = Dashboard::builder(&telemetry).build().unwrap();
    let mut slow = open(&dashboard).await;
    let mut text = String::new();
    for _ in 0..100 {
        let part = read(&mut slow).await.unwrap();
        sleep(Duration::from_secs_f64(part.len() as f64 / PER_SECOND)).await;
        text.push_str(&part);
    }
    assert_eq!(dashboard.streams(), 1);
    // The last one may have arrived in part.
    let whole = text.rfind("\n\n").unwrap();
    let events = events(&text[..whole]);
    let seconds = events[0].1 as f64 / PER_SECOND;
    assert!(seconds > 40.0, "{seconds}");
    assert!(events.len() > 2, "{events:?}");
    assert!(events.iter().all(|(name, _)| name != "bye"), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn who_stops_in_the_middle_of_something_gets_the_rest_and_hears_that_it_was_slow() {
    let telemetry = Telemetry::new();
    let breakers = breakers(100);
    breakers.iter().for_each(|breaker| telemetry.watch(breaker));
    let dashboard = Dashboard::builder(&telemetry).build().unwrap();
    let mut stops = open(&dashboard).await;
    let mut text = read(&mut stops).await.unwrap();
    assert!(!text.ends_with("\n\n"));
    sleep(32 * SECOND).await;
    assert_eq!(dashboard.streams(), 0);
    while let Some(part) = read(&mut stops).await {
        text.push_str(&part);
    }
    let names: Vec<_> = events(&text).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["snapshot", "bye"]);
}

fn breakers(count: usize) -> Vec<CircuitBreaker> {
    let names = (0..count).map(|number| format!("shard-{number}"));
    let built = names.map(|name| CircuitBreaker::builder(name).build().unwrap());
    built.collect()
}

/// The same on a socket: a server that cannot write does not ask for more.
#[tokio::test(start_paused = true)]
async fn a_connection_that_nobody_reads_loses_its_place() {
    let telemetry = Telemetry::new();
    let dashboard = Dashboard::builder(&telemetry)
        .max_stream_age(Duration::MAX)
        .build()
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = dashboard.router::<()>();
    let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut client = socket.connect(address).await.unwrap();
    let request = format!("GET /api/stream HTTP/1.1\r\nhost: {address}\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    let long = "x".repeat(10_000);
    for _ in 0..2000_u32 {
        sleep(Duration::from_millis(50)).await;
        let notice = Notice::new("task", "flood", NoticeLevel::Info, long.as_str());
        dashboard.tell(&notice);
        if dropped(&telemetry) == "1" {
            break;
        }
    }
    assert_eq!(
        (dashboard.streams(), dropped(&telemetry).as_str()),
        (0, "1")
    );
    server.abort();
}
