//! The circuit of each authority.

use std::error::Error as _;

use reqwest::StatusCode;
use steadfast_breaker::State;
use steadfast_http::{Client, Error};
use steadfast_testkit::{Fault, FaultProxy, HttpUpstream, Reply};

use crate::support::{SECOND, at, dead_end, long, millis, once, only, quick, until};

async fn get(client: &Client, upstream: &HttpUpstream) -> Result<reqwest::Response, Error> {
    client.get(upstream.url("/")).send().await
}

#[tokio::test]
async fn opens_after_failures_in_a_row_and_then_sends_nothing() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(500));
    let client = once()
        .failure_threshold(3)
        .open_for(60 * SECOND)
        .build()
        .unwrap();
    for _ in 0..3 {
        assert_eq!(get(&client, &upstream).await.unwrap().status(), 500);
    }
    let error = get(&client, &upstream).await.unwrap_err();
    assert!(error.is_circuit_open());
    assert!(!error.was_sent());
    assert_eq!(error.attempts(), 0);
    assert!(error.retry_after().is_some_and(|wait| wait > 50 * SECOND));
    let rejected = error
        .source()
        .unwrap()
        .downcast_ref::<steadfast_breaker::Rejected>();
    assert_eq!(
        rejected.unwrap().name(),
        format!("test/{}", upstream.addr())
    );
    assert_eq!(upstream.request_count(), 3);
    assert_eq!(client.snapshot().totals.circuit_open, 1);
}

#[tokio::test]
async fn the_circuit_of_an_authority_can_be_had_and_set() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(200));
    let client = once().build().unwrap();
    let authority = upstream.addr().to_string();
    assert!(
        client.breaker(&authority).is_none(),
        "it is not met by that"
    );
    assert_eq!(client.snapshot().authorities.len(), 0);
    get(&client, &upstream).await.unwrap();

    let breaker = client.breaker(&authority).unwrap();
    breaker.set_mode(steadfast_breaker::Mode::ForcedOpen, "being moved");
    assert!(get(&client, &upstream).await.unwrap_err().is_circuit_open());
    breaker.reset();
    assert_eq!(get(&client, &upstream).await.unwrap().status(), 200);
}

#[tokio::test]
async fn one_dead_server_leaves_the_others_alone() {
    let (dead, _held) = dead_end().await;
    let alive = HttpUpstream::start().await;
    let client = once().failure_threshold(1).build().unwrap();
    let url = format!("http://{dead}/");
    assert!(client.get(&url).send().await.unwrap_err().is_connect());
    assert!(client.get(&url).send().await.unwrap_err().is_circuit_open());
    assert_eq!(get(&client, &alive).await.unwrap().status(), StatusCode::OK);
    assert_eq!(at(&client, dead).breaker.state, State::Open);
    assert_eq!(at(&client, alive.addr()).breaker.state, State::Closed);
}

#[tokio::test]
async fn asks_carefully_and_closes_when_the_server_is_back() {
    let upstream = HttpUpstream::start().await;
    let proxy = FaultProxy::start(upstream.addr()).await;
    proxy.set(Fault::Reset);
    let client = once()
        .failure_threshold(2)
        .success_threshold(2)
        .open_for(millis(100))
        .build()
        .unwrap();
    let url = format!("http://{}/", proxy.addr());
    for _ in 0..2 {
        assert!(client.get(&url).send().await.is_err());
    }
    assert_eq!(only(&client).breaker.state, State::Open);
    proxy.heal();
    let due = || {
        only(&client)
            .breaker
            .retry_after
            .is_some_and(|wait| wait.is_zero())
    };
    until("the open time is over", due).await;
    for state in [State::HalfOpen, State::Closed] {
        let response = client.get(&url).send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "ok");
        assert_eq!(only(&client).breaker.state, state);
    }
}

#[tokio::test]
async fn every_kind_of_failure_counts() {
    let upstream = HttpUpstream::start().await;
    let client = once()
        .failure_threshold(u32::MAX)
        .attempt_timeout(millis(200))
        .total_timeout(millis(400))
        .build()
        .unwrap();
    let failures = [
        Reply::status(500),
        Reply::status(503),
        Reply::status(505),
        Reply::reset(),
        Reply::close(),
        Reply::raw("garbage\r\n\r\n"),
        Reply::stall(),
        Reply::ok("cut short").cut_body_after(3),
        Reply::ok("cut short").chunked().cut_body_after(3),
        Reply::ok("stalled").slow_body(1, 60 * SECOND),
    ];
    for (before, failure) in (0..).zip(failures) {
        upstream.script([failure.clone()]);
        if let Ok(response) = get(&client, &upstream).await {
            let _ = response.bytes().await;
        }
        let breaker = only(&client).breaker;
        assert_eq!(breaker.consecutive_failures, before + 1, "{failure:?}");
        assert_eq!(breaker.in_flight, 0, "{failure:?}");
    }
}

#[tokio::test]
async fn every_answer_of_a_healthy_server_is_a_success() {
    let upstream = HttpUpstream::start().await;
    let client = once().build().unwrap();
    let answers = [200, 201, 204, 301, 304, 400, 401, 403, 404, 409, 422, 501];
    for (before, status) in (0..).zip(answers) {
        upstream.script([Reply::status(status)]);
        let response = get(&client, &upstream).await.unwrap();
        response.bytes().await.unwrap();
        let totals = only(&client).breaker.totals;
        assert_eq!(totals.success, before + 1, "{status}");
        assert_eq!(totals.failure, 0, "{status}");
    }
}

#[tokio::test]
async fn throttling_neither_opens_nor_closes() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(500)]);
    let client = once().failure_threshold(2).build().unwrap();
    get(&client, &upstream).await.unwrap();
    for status in [408, 425, 429] {
        upstream.script([Reply::status(status)]);
        get(&client, &upstream).await.unwrap();
    }
    let breaker = only(&client).breaker;
    assert_eq!(breaker.state, State::Closed);
    assert_eq!(breaker.consecutive_failures, 1, "the run goes on");
    assert_eq!(breaker.totals.ignored, 3);
}

#[tokio::test]
async fn a_caller_in_a_hurry_opens_no_circuit() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::stall());
    let client = once().failure_threshold(1).build().unwrap();
    for request in [
        client.get(upstream.url("/")).attempt_timeout(millis(20)),
        client.get(upstream.url("/")).total_timeout(millis(20)),
    ] {
        assert!(request.send().await.unwrap_err().is_timeout());
    }
    upstream.respond_with(|_, _| Reply::ok("stalled").slow_body(1, 60 * SECOND));
    let request = client.get(upstream.url("/")).total_timeout(SECOND);
    let response = request.send().await.unwrap();
    assert!(response.bytes().await.unwrap_err().is_timeout());
    let breaker = only(&client).breaker;
    assert_eq!(breaker.state, State::Closed);
    assert_eq!(breaker.totals.ignored, 3);
}

#[tokio::test]
async fn a_body_that_its_reader_left_lying_is_not_held_against_the_server() {
    let upstream = HttpUpstream::start().await;
    let big = vec![b'x'; 1 << 20];
    upstream.script([Reply::ok(big)]);
    let client = once().total_timeout(SECOND).build().unwrap();
    let mut response = get(&client, &upstream).await.unwrap();
    assert!(response.chunk().await.unwrap().is_some());
    tokio::time::sleep(millis(1200)).await;
    let mut end = Ok(Some(bytes::Bytes::new()));
    while let Ok(Some(_)) = end {
        end = response.chunk().await;
    }
    assert!(end.unwrap_err().is_timeout());
    assert_eq!(only(&client).breaker.totals.failure, 0);
}

#[tokio::test]
async fn the_queue_does_not_pour_into_a_circuit_that_opened_meanwhile() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(500).delay(SECOND));
    let client = once()
        .failure_threshold(1)
        .open_for(60 * SECOND)
        .max_concurrent(1)
        .build()
        .unwrap();
    let first = tokio::spawn(client.get(upstream.url("/")).send());
    until("the first is under way", || upstream.in_flight() == 1).await;
    let queued: Vec<_> = (0..5)
        .map(|_| tokio::spawn(client.get(upstream.url("/")).send()))
        .collect();
    until("five wait", || only(&client).bulkhead.waiting == 5).await;
    assert_eq!(first.await.unwrap().unwrap().status(), 500);
    for one in queued {
        assert!(one.await.unwrap().unwrap_err().is_circuit_open());
    }
    assert_eq!(upstream.request_count(), 1);
}

#[tokio::test]
async fn a_call_that_waits_for_a_place_is_not_in_flight_for_the_breaker() {
    let upstream = HttpUpstream::start().await;
    upstream.script([long()]);
    let client = once().max_concurrent(1).build().unwrap();
    let held = get(&client, &upstream).await.unwrap();
    let queued: Vec<_> = (0..3)
        .map(|_| tokio::spawn(client.get(upstream.url("/")).send()))
        .collect();
    until("three wait", || only(&client).bulkhead.waiting == 3).await;
    assert_eq!(only(&client).breaker.in_flight, 1);
    drop(held);
    for one in queued {
        one.await.unwrap().unwrap().bytes().await.unwrap();
    }
    let totals = only(&client).breaker.totals;
    assert_eq!((totals.success, totals.ignored), (4, 3));
}

#[tokio::test]
async fn a_request_body_that_breaks_is_the_callers_fault() {
    let upstream = HttpUpstream::start().await;
    let client = quick().failure_threshold(1).build().unwrap();
    let request = client.put(upstream.url("/")).body(broken_body());
    let error = request.send().await.unwrap_err();
    assert!(matches!(error, Error::Request { .. }), "{error:?}");
    let breaker = only(&client).breaker;
    assert_eq!(breaker.state, State::Closed, "{error:?}");
    assert_eq!(breaker.totals.ignored, 1);
}

/// A stream that ends in an error.
fn broken_body() -> reqwest::Body {
    struct Broken;

    impl http_body::Body for Broken {
        type Data = bytes::Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, std::io::Error>>>
        {
            std::task::Poll::Ready(Some(Err(std::io::Error::other("disk failed"))))
        }
    }

    reqwest::Body::wrap(Broken)
}
