//! What is left of attempts that were superfluous.

use std::sync::atomic::{AtomicUsize, Ordering};

use steadfast_breaker::State;
use steadfast_http::{ResponseExt, ServedBy};
use steadfast_testkit::{HttpUpstream, Reply};

use super::{after, assert_at_rest, hedging};
use crate::support::{SECOND, long, millis, only, quick, until};

#[tokio::test]
async fn a_loser_gives_its_place_back_before_the_winner_is_returned() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall(), long()]);
    let client = hedging().max_concurrent(2).build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    let now = only(&client);
    assert_eq!(
        (now.bulkhead.busy, now.breaker.in_flight),
        (1, 1),
        "the winner's"
    );
    response.bytes().await.unwrap();
    assert_at_rest(&client);
}

#[tokio::test]
async fn a_hedge_is_no_probe_too_many() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(500), Reply::ok("back").delay(millis(300))]);
    let mut many = after(millis(1));
    many.max_hedges = 10;
    let client = quick()
        .hedge(many)
        .unbudgeted()
        .max_attempts(1)
        .failure_threshold(1)
        .success_threshold(1)
        .open_for(millis(20))
        .build()
        .unwrap();
    let request = client.get(upstream.url("/")).no_hedge();
    request.send().await.unwrap();
    let due = || {
        let wait = only(&client).breaker.retry_after;
        wait.is_some_and(|wait| wait.is_zero())
    };
    until("the open time is over", due).await;
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.served_by(), ServedBy::Network);
    assert_eq!(upstream.request_count(), 2);
    assert_eq!(upstream.peak_in_flight(), 1);
    assert_eq!(
        client.snapshot().hedge.unwrap().totals.sent,
        1,
        "and refused"
    );
    drop(response);
    assert_eq!(only(&client).breaker.state, State::Closed);
    assert_at_rest(&client);
}

#[tokio::test]
async fn a_losing_probe_makes_room_for_the_next() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(500), Reply::stall(), Reply::ok("one")]);
    let client = hedging()
        .max_attempts(1)
        .failure_threshold(1)
        .success_threshold(2)
        .max_probes(2)
        .open_for(millis(20))
        .half_open_max(3600 * SECOND)
        .build()
        .unwrap();
    let request = client.get(upstream.url("/")).no_hedge();
    request.send().await.unwrap();
    let due = || {
        let wait = only(&client).breaker.retry_after;
        wait.is_some_and(|wait| wait.is_zero())
    };
    until("the open time is over", due).await;
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.served_by(), ServedBy::Hedge);
    assert_eq!(response.text().await.unwrap(), "one");
    assert_eq!(only(&client).breaker.state, State::HalfOpen);
    client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(only(&client).breaker.state, State::Closed);
}

#[tokio::test]
async fn a_dropped_caller_leaves_nothing() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::stall());
    let client = hedging().build().unwrap();
    let sending = tokio::spawn(client.get(upstream.url("/")).send());
    until("both are under way", || upstream.in_flight() == 2).await;
    sending.abort();
    let _ = sending.await;
    assert_at_rest(&client);
    let breaker = only(&client).breaker;
    assert_eq!(
        breaker.totals.abandoned, 2,
        "no other attempt was the better one"
    );
    assert_eq!(client.snapshot().totals.abandoned, 1);
    until("the server sees it", || upstream.in_flight() == 0).await;
}

#[tokio::test]
async fn a_hedge_wins_while_the_request_waits_for_its_retry() {
    let upstream = HttpUpstream::start().await;
    let seen = AtomicUsize::new(0);
    upstream.respond_with(move |_, _| match seen.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::status(503)
            .header("retry-after", "5")
            .delay(millis(300)),
        _ => Reply::ok("hedge").delay(millis(800)),
    });
    let client = hedging().build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.served_by(), ServedBy::Hedge);
    assert_eq!(upstream.request_count(), 2);
    drop(response);
    assert_at_rest(&client);
}
