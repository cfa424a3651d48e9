//! Requests that are sent as one.

use std::error::Error as _;

use http::Response;
use steadfast_http::{Builder, Client, Error, RequestBuilder, ResponseExt, ServedBy};
use steadfast_testkit::{HttpUpstream, Reply};
use tokio::task::JoinHandle;

use crate::support::{dead_end, millis, once, only, quick, until};

fn coalescing() -> Builder {
    once().coalesce(true)
}

fn slow(body: &str) -> Reply {
    Reply::ok(body).delay(millis(400))
}

type Sending = JoinHandle<Result<reqwest::Response, Error>>;

/// Sends the requests; returns when all have begun.
async fn send_all(
    client: &Client,
    requests: impl IntoIterator<Item = RequestBuilder>,
) -> Vec<Sending> {
    let before = client.snapshot().totals.requests;
    let sending: Vec<_> = requests
        .into_iter()
        .map(|request| tokio::spawn(request.send()))
        .collect();
    let all = before + sending.len() as u64;
    until("all have begun", || {
        client.snapshot().totals.requests == all
    })
    .await;
    sending
}

fn assert_at_rest(client: &Client) {
    let snapshot = client.snapshot();
    assert_eq!(snapshot.in_flight, 0);
    for authority in snapshot.authorities {
        assert_eq!(authority.bulkhead.busy, 0);
        assert_eq!(authority.breaker.in_flight, 0);
    }
}

#[tokio::test]
async fn those_who_want_the_same_get_it_from_one_request() {
    let upstream = HttpUpstream::start().await;
    upstream.script([slow("rates").header("x-served", "once")]);
    let client = coalescing().build().unwrap();
    let url = upstream.url("/rates?day=7");
    let sending = send_all(&client, (0..10).map(|_| client.get(&url))).await;
    for sending in sending {
        let response = sending.await.unwrap().unwrap();
        assert_eq!(response.url().as_str(), url);
        assert_eq!(response.headers()["x-served"], "once");
        assert!(response.remote_addr().is_some());
        assert_eq!(response.attempts(), 1);
        assert_eq!(response.text().await.unwrap(), "rates");
    }
    assert_eq!(upstream.request_count(), 1);
    let totals = client.snapshot().totals;
    assert_eq!((totals.requests, totals.responses), (10, 10));
    assert_eq!((totals.attempts, totals.coalesced), (1, 9));
    assert_at_rest(&client);

    let response = client.get(&url).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "ok", "nothing is kept");
    assert_eq!(upstream.request_count(), 2);
}

#[tokio::test]
async fn what_is_not_the_same_is_sent_on_its_own() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| slow("own"));
    let client = coalescing().build().unwrap();
    let url = upstream.url("/");
    let requests = [
        client.get(&url),
        client.get(upstream.url("/other")),
        client.get(upstream.url("/?query")),
        client.get(&url).header("x-tenant", "acme"),
        client.get(&url).header("x-tenant", "apex"),
        client.get(&url).body("body"),
        client.get(&url).coalesce(false),
        client.get(&url).max_response_bytes(1_000),
        client.head(&url),
        client.post(&url),
        client.post(&url),
    ];
    let all = requests.len();
    for sending in send_all(&client, requests).await {
        sending.await.unwrap().unwrap();
    }
    assert_eq!(upstream.request_count(), all);
    assert_eq!(client.snapshot().totals.coalesced, 0);
}

#[tokio::test]
async fn nothing_is_coalesced_unless_it_is_asked_for() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| slow("own"));
    let client = once().build().unwrap();
    let plain = || client.get(upstream.url("/"));
    let requests = [
        plain(),
        plain(),
        plain().coalesce(true),
        plain().coalesce(true),
    ];
    for sending in send_all(&client, requests).await {
        sending.await.unwrap().unwrap();
    }
    assert_eq!(upstream.request_count(), 3);
}

#[tokio::test]
async fn a_flight_goes_on_without_the_one_who_began_it() {
    let upstream = HttpUpstream::start().await;
    upstream.script([slow("rates")]);
    let client = coalescing().build().unwrap();
    let url = upstream.url("/");
    let first = tokio::spawn(client.get(&url).send());
    until("it is under way", || upstream.in_flight() == 1).await;
    let others = send_all(&client, (0..3).map(|_| client.get(&url))).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    for other in others {
        let response = other.await.unwrap().unwrap();
        assert_eq!(response.text().await.unwrap(), "rates");
    }
    assert_eq!(upstream.request_count(), 1);
    assert_at_rest(&client);
}

#[tokio::test]
async fn a_flight_for_which_nobody_waits_is_dropped() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall()]);
    let client = coalescing().build().unwrap();
    let url = upstream.url("/");
    let sending = send_all(&client, (0..3).map(|_| client.get(&url))).await;
    until("it is under way", || upstream.in_flight() == 1).await;
    for sending in sending {
        sending.abort();
        let _ = sending.await;
    }
    assert_at_rest(&client);
    assert_eq!(only(&client).breaker.totals.abandoned, 1);
    assert_eq!(client.snapshot().totals.abandoned, 3);
    until("the server sees it", || upstream.in_flight() == 0).await;
    let response = client.get(&url).send().await.unwrap();
    assert!(response.status().is_success(), "and the next begins anew");
}

#[tokio::test]
async fn everybody_waits_until_their_own_deadline() {
    let upstream = HttpUpstream::start().await;
    upstream.script([slow("rates")]);
    let client = coalescing().build().unwrap();
    let url = upstream.url("/");
    let hasty = client.get(&url).total_timeout(millis(50));
    let sending = send_all(&client, [hasty, client.get(&url)]).await;
    let [hasty, patient] = <[Sending; 2]>::try_from(sending).unwrap();
    let error = hasty.await.unwrap().unwrap_err();
    assert!(error.is_deadline_exceeded(), "{error}");
    assert!(error.was_sent());
    assert_eq!(error.url().map(reqwest::Url::as_str), Some(&*url));
    let response = patient.await.unwrap().unwrap();
    assert_eq!(response.text().await.unwrap(), "rates");
    assert_eq!(upstream.request_count(), 1);
}

#[tokio::test]
async fn who_has_more_time_than_the_flight_sends_its_own() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall()]);
    let client = coalescing().total_timeout(millis(300)).build().unwrap();
    let patient = client.get(upstream.url("/")).total_timeout(millis(10_000));
    let response = patient.send().await.unwrap();
    assert!(response.status().is_success());
    assert_eq!(upstream.request_count(), 2);
    assert_at_rest(&client);
}

#[tokio::test]
async fn a_failure_is_shared_and_is_what_it_was() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall()]);
    let client = coalescing().attempt_timeout(millis(400)).build().unwrap();
    let url = upstream.url("/?token=hunter2");
    let mut shared = 0;
    for sending in send_all(&client, (0..3).map(|_| client.get(&url))).await {
        let error = sending.await.unwrap().unwrap_err();
        assert!(error.is_timeout() && !error.is_deadline_exceeded());
        assert!(error.was_sent());
        assert_eq!(error.attempts(), 1);
        assert_eq!(error.url().map(reqwest::Url::as_str), Some(&*url));
        assert!(error.source().is_none());
        let text = error.to_string();
        assert!(text.ends_with("no response within 400ms"), "{text}");
        assert!(!format!("{text}{error:?}").contains("hunter2"));
        shared += u32::from(matches!(error, Error::Coalesced { .. }));
    }
    assert!(shared >= 2, "the last may have it for itself");
    assert_eq!(client.snapshot().totals.timed_out, 3);
    assert_eq!(only(&client).breaker.totals.failure, 1);

    let (dead, _held) = dead_end().await;
    let request = client.get(format!("http://{dead}/"));
    let alone = request.send().await.unwrap_err();
    assert!(matches!(alone, Error::Request { .. }), "{alone:?}");
    assert!(alone.is_connect());
}

#[tokio::test]
async fn what_is_too_long_to_share_everybody_gets_whole() {
    let upstream = HttpUpstream::start().await;
    let client = coalescing().build().unwrap();
    let long = vec![b'x'; 3 * 1024 * 1024 / 2];
    let whole = Reply::ok(long.clone()).delay(millis(300));
    for reply in [whole.clone(), whole.chunked()] {
        let before = upstream.request_count();
        upstream.respond_with(move |_, _| reply.clone());
        let requests = (0..3).map(|_| client.get(upstream.url("/")));
        let mut reading = Vec::new();
        for sending in send_all(&client, requests).await {
            let response = sending.await.unwrap().unwrap();
            reading.push(tokio::spawn(response.bytes()));
        }
        for read in reading {
            assert_eq!(read.await.unwrap().unwrap(), long);
        }
        assert_eq!(upstream.request_count() - before, 3);
        assert_at_rest(&client);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_does_so_for_each_who_wants_it() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::ok(vec![b'x'; 1_000]).cut_body_after(500));
    let client = coalescing().build().unwrap();
    let alone = client.get(upstream.url("/")).coalesce(false);
    let alone = alone.send().await.unwrap().bytes().await.unwrap_err();
    let requests = (0..3).map(|_| client.get(upstream.url("/")));
    for sending in send_all(&client, requests).await {
        let mut response = sending.await.unwrap().unwrap();
        let mut read = 0;
        let error = loop {
            match response.chunk().await {
                Ok(chunk) => read += chunk.expect("it breaks off").len(),
                Err(error) => break error,
            }
        };
        assert_eq!(read, 500);
        assert_eq!(error.is_decode(), alone.is_decode());
        assert!(response.chunk().await.unwrap().is_none());
    }
    assert_at_rest(&client);
}

#[tokio::test]
async fn retries_and_the_fallback_are_those_of_the_one_request() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503).delay(millis(300)), Reply::status(503)]);
    let client = quick()
        .max_attempts(2)
        .coalesce(true)
        .fallback(|_| async { Some(Response::new("stale")) })
        .build()
        .unwrap();
    let requests = (0..3).map(|_| client.get(upstream.url("/")));
    for sending in send_all(&client, requests).await {
        let response = sending.await.unwrap().unwrap();
        assert_eq!(response.served_by(), ServedBy::Fallback);
        assert_eq!(response.attempts(), 2);
        assert_eq!(response.text().await.unwrap(), "stale");
    }
    assert_eq!(upstream.request_count(), 2);
    assert_eq!(client.snapshot().totals.fallbacks, 1);
}

#[tokio::test]
async fn the_deadline_of_one_who_sends_its_own_after_all_is_the_one_it_began_with() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::stall());
    let client = coalescing().total_timeout(millis(600)).build().unwrap();
    let patient = client.get(upstream.url("/")).total_timeout(millis(1_200));
    let error = patient.send().await.unwrap_err();
    let Error::DeadlineExceeded { elapsed, .. } = error else {
        panic!("{error}");
    };
    assert!(elapsed >= millis(1_199), "from when it began: {elapsed:?}");
    assert_eq!(upstream.request_count(), 2);
    assert_at_rest(&client);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_panic_of_the_fallback_is_that_of_one_and_leaves_nobody_waiting() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(503).delay(millis(200)));
    let client = coalescing()
        .failure_threshold(u32::MAX)
        .total_timeout(std::time::Duration::MAX)
        .fallback({
            let panics = std::sync::atomic::AtomicBool::new(true);
            move |_| {
                let first = panics.swap(false, std::sync::atomic::Ordering::SeqCst);
                assert!(!first, "the first time");
                async { Some(Response::new("stale")) }
            }
        })
        .build()
        .unwrap();
    let requests = (0..8).map(|_| client.get(upstream.url("/")));
    let mut panics = 0;
    for sending in send_all(&client, requests).await {
        match sending.await {
            Ok(response) => assert_eq!(response.unwrap().text().await.unwrap(), "stale"),
            Err(failed) => panics += u32::from(failed.is_panic()),
        }
    }
    assert_eq!(panics, 1);
    assert_at_rest(&client);
}
