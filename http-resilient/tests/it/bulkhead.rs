//! The places of each authority.

use reqwest::StatusCode;
use steadfast_bulkhead::Reason;
use steadfast_http::Error;
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{SECOND, at, long, millis, once, only, quick, until};

fn reason(error: &Error) -> Reason {
    let Error::BulkheadFull { rejected, .. } = error else {
        panic!("{error:?}");
    };
    assert!(error.is_bulkhead_full());
    rejected.reason()
}

#[tokio::test]
async fn a_place_is_taken_until_the_body_has_ended() {
    let upstream = HttpUpstream::start().await;
    upstream.script([long()]);
    let client = once().max_concurrent(1).max_waiting(0).build().unwrap();
    let first = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(only(&client).bulkhead.busy, 1);

    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    assert_eq!(
        reason(&error),
        Reason::Full {
            concurrent: 1,
            waiting: 0
        }
    );
    assert!(!error.was_sent());
    assert_eq!(upstream.request_count(), 1);

    assert_eq!(first.bytes().await.unwrap().len(), 100_000);
    assert_eq!(only(&client).bulkhead.busy, 0);
    assert!(client.get(upstream.url("/")).send().await.is_ok());
}

#[tokio::test]
async fn a_place_is_free_with_the_last_byte_even_if_nobody_asks_for_more() {
    let upstream = HttpUpstream::start().await;
    let client = once().build().unwrap();
    let mut response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "ok");
    assert_eq!(only(&client).bulkhead.busy, 0);
    assert_eq!(only(&client).breaker.totals.success, 1);
}

#[tokio::test]
async fn a_response_without_a_body_takes_no_place() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(204), Reply::ok("not for HEAD"), Reply::ok("")]);
    let client = once().build().unwrap();
    let _empty = client.get(upstream.url("/")).send().await.unwrap();
    let _head = client.head(upstream.url("/")).send().await.unwrap();
    let _zero = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(only(&client).bulkhead.busy, 0);
    assert_eq!(only(&client).breaker.totals.success, 3);
}

#[tokio::test]
async fn a_place_comes_back_from_a_body_that_is_dropped_or_broken() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::ok("dropped"), Reply::ok("broken").cut_body_after(2)]);
    let client = once().build().unwrap();
    drop(client.get(upstream.url("/")).send().await.unwrap());
    assert_eq!(only(&client).bulkhead.busy, 0);
    let broken = client.get(upstream.url("/")).send().await.unwrap();
    assert!(broken.bytes().await.is_err());
    assert_eq!(only(&client).bulkhead.busy, 0);
}

#[tokio::test]
async fn never_more_calls_than_places() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::ok("ok").delay(millis(10)));
    let client = once().max_concurrent(3).build().unwrap();
    let calls: Vec<_> = (0..30)
        .map(|_| tokio::spawn(client.get(upstream.url("/")).send()))
        .collect();
    for call in calls {
        let response = call.await.unwrap().unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.bytes().await.unwrap();
    }
    assert_eq!(upstream.request_count(), 30);
    assert_eq!(upstream.peak_in_flight(), 3);
    assert_eq!(only(&client).bulkhead.peak_busy, 3);
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_told_from_a_full_queue() {
    let upstream = HttpUpstream::start().await;
    let client = quick()
        .max_concurrent(1)
        .max_waiting(1)
        .checkout_timeout(millis(200))
        .build()
        .unwrap();
    upstream.script([long()]);
    let held = client.get(upstream.url("/")).send().await.unwrap();
    let waiting = tokio::spawn(client.get(upstream.url("/")).send());
    until("one waits", || only(&client).bulkhead.waiting == 1).await;
    let full = client.get(upstream.url("/")).send().await.unwrap_err();
    assert!(matches!(reason(&full), Reason::Full { waiting: 1, .. }));
    let timeout = waiting.await.unwrap().unwrap_err();
    assert!(matches!(reason(&timeout), Reason::Timeout { .. }));
    assert_eq!(timeout.attempts(), 0, "not retried");
    assert_eq!(upstream.request_count(), 1);
    drop(held);
}

#[tokio::test]
async fn each_authority_has_places_of_its_own() {
    let (one, other) = (HttpUpstream::start().await, HttpUpstream::start().await);
    let client = once().max_concurrent(1).max_waiting(0).build().unwrap();
    one.script([long()]);
    let _held = client.get(one.url("/")).send().await.unwrap();
    assert!(client.get(other.url("/")).send().await.is_ok());
    assert_eq!(at(&client, one.addr()).bulkhead.busy, 1);
}

#[tokio::test]
async fn a_place_is_free_during_the_wait_for_a_retry() {
    let upstream = HttpUpstream::start().await;
    let long = vec![b'x'; 100_000];
    upstream.script([
        Reply::status(503).header("retry-after", "3").body("short"),
        Reply::status(503).header("retry-after", "3").body(long),
    ]);
    let client = quick().total_timeout(60 * SECOND).build().unwrap();
    for sent in 1..=2 {
        let waiting = tokio::spawn(client.get(upstream.url("/")).send());
        until("it waits for its retry", || {
            client.snapshot().retry.waiting == 1
        })
        .await;
        assert_eq!(upstream.request_count(), sent);
        assert_eq!(only(&client).bulkhead.busy, 0);
        waiting.abort();
        let _ = waiting.await;
    }
}
