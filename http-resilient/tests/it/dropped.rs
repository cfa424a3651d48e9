//! Callers that lose patience.

use steadfast_breaker::{AbandonedAs, State};
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{SECOND, long, millis, once, only, until};

#[tokio::test]
async fn a_dropped_request_gives_back_its_place_and_its_permit() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall()]);
    let client = once().build().unwrap();
    let sending = tokio::spawn(client.get(upstream.url("/")).send());
    until("it is under way", || upstream.in_flight() == 1).await;
    assert_eq!(only(&client).bulkhead.busy, 1);
    sending.abort();
    assert!(sending.await.unwrap_err().is_cancelled());
    let now = only(&client);
    assert_eq!((now.bulkhead.busy, now.breaker.in_flight), (0, 0));
    assert_eq!(now.breaker.totals.abandoned, 1);
    let snapshot = client.snapshot();
    assert_eq!((snapshot.totals.abandoned, snapshot.in_flight), (1, 0));
    until("the server sees it", || upstream.in_flight() == 0).await;
}

#[tokio::test]
async fn a_dropped_probe_leaves_room_for_the_next() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(500), Reply::stall(), Reply::ok("back")]);
    let client = once()
        .failure_threshold(1)
        .success_threshold(1)
        .open_for(millis(20))
        .half_open_max(3600 * SECOND)
        .build()
        .unwrap();
    client.get(upstream.url("/")).send().await.unwrap();
    let due = || {
        only(&client)
            .breaker
            .retry_after
            .is_some_and(|wait| wait.is_zero())
    };
    until("the open time is over", due).await;
    let probe = tokio::spawn(client.get(upstream.url("/")).send());
    until("the probe is under way", || upstream.in_flight() == 1).await;
    let busy = client.get(upstream.url("/")).send().await.unwrap_err();
    assert!(busy.is_circuit_open());
    probe.abort();
    let _ = probe.await;
    assert_eq!(only(&client).breaker.state, State::HalfOpen);
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "back");
    assert_eq!(only(&client).breaker.state, State::Closed);
}

#[tokio::test]
async fn a_dropped_caller_in_the_queue_leaves_it() {
    let upstream = HttpUpstream::start().await;
    upstream.script([long()]);
    let client = once().max_concurrent(1).build().unwrap();
    let held = client.get(upstream.url("/")).send().await.unwrap();
    let queued = tokio::spawn(client.get(upstream.url("/")).send());
    until("it waits", || only(&client).bulkhead.waiting == 1).await;
    queued.abort();
    let _ = queued.await;
    assert_eq!(only(&client).bulkhead.waiting, 0);
    drop(held);
    let now = only(&client);
    assert_eq!((now.bulkhead.busy, now.breaker.in_flight), (0, 0));
    assert_eq!(upstream.request_count(), 1);
}

#[tokio::test]
async fn a_response_dropped_unread_is_a_success() {
    let upstream = HttpUpstream::start().await;
    let client = once().build().unwrap();
    drop(client.get(upstream.url("/")).send().await.unwrap());
    let totals = only(&client).breaker.totals;
    assert_eq!((totals.success, totals.abandoned), (1, 0));
}

#[tokio::test]
async fn a_response_dropped_between_two_reads_is_a_success() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::ok("drip drip").slow_body(4, millis(20))]);
    let client = once().build().unwrap();
    let mut response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "drip");
    drop(response);
    let totals = only(&client).breaker.totals;
    assert_eq!((totals.success, totals.abandoned), (1, 0));
}

#[tokio::test]
async fn a_response_dropped_while_its_reader_waits_is_abandoned() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::ok("stalled").slow_body(1, 60 * SECOND));
    for (abandoned_as, state) in [
        (AbandonedAs::Ignored, State::Closed),
        (AbandonedAs::Failure, State::Open),
    ] {
        let client = once()
            .failure_threshold(1)
            .abandoned_as(abandoned_as)
            .build()
            .unwrap();
        let response = client.get(upstream.url("/")).send().await.unwrap();
        let reading = tokio::time::timeout(millis(50), response.bytes());
        assert!(reading.await.is_err());
        let now = only(&client);
        assert_eq!((now.bulkhead.busy, now.breaker.in_flight), (0, 0));
        assert_eq!(now.breaker.totals.abandoned, 1);
        assert_eq!(now.breaker.state, state);
    }
}

#[tokio::test]
async fn a_request_that_is_never_polled_is_none() {
    let upstream = HttpUpstream::start().await;
    let client = once().build().unwrap();
    drop(client.get(upstream.url("/")).send());
    assert_eq!(client.snapshot().totals.requests, 0);
    assert!(client.snapshot().authorities.is_empty());
}
