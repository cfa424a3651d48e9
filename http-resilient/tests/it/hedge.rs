//! Hedged requests.

mod losers;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::{Body, StatusCode};
use steadfast_breaker::{AbandonedAs, State};
use steadfast_http::{Builder, Client, ResponseExt, Retries, ServedBy};
use steadfast_retry::{HedgeConfig, HedgeTrigger};
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{millis, only, quick, until};

fn after(delay: Duration) -> HedgeConfig {
    let mut config = HedgeConfig::default();
    config.trigger = HedgeTrigger::Delay(delay);
    config
}

/// A client that hedges soon, but when the request itself has certainly arrived.
fn hedging() -> Builder {
    quick().hedge(after(millis(100)))
}

/// Nothing is left of any request.
fn assert_at_rest(client: &Client) {
    let snapshot = client.snapshot();
    assert_eq!(snapshot.in_flight, 0);
    for authority in snapshot.authorities {
        assert_eq!(authority.bulkhead.busy, 0);
        assert_eq!(authority.breaker.in_flight, 0);
    }
    assert_eq!(snapshot.hedge.map_or(0, |hedge| hedge.in_flight), 0);
    assert_eq!(snapshot.budget.map_or(0, |budget| budget.waiting), 0);
}

#[tokio::test]
async fn a_hedge_answers_where_the_request_is_stuck() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall(), Reply::ok("quick")]);
    // Whoever takes a loser for a failure opens the circuit.
    let client = hedging()
        .abandoned_as(AbandonedAs::Failure)
        .failure_threshold(1)
        .build()
        .unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.served_by(), ServedBy::Hedge);
    assert_eq!(response.attempts(), 2);
    assert_eq!(response.text().await.unwrap(), "quick");
    assert_at_rest(&client);
    let breaker = only(&client).breaker;
    assert_eq!(breaker.state, State::Closed);
    let totals = breaker.totals;
    assert_eq!((totals.success, totals.failure), (1, 0));
    assert_eq!((totals.ignored, totals.abandoned), (1, 0), "the loser");
    let hedge = client.snapshot().hedge.unwrap();
    assert_eq!((hedge.totals.hedge_won, hedge.totals.sent), (1, 1));
    until("the server sees it", || upstream.in_flight() == 0).await;
}

#[tokio::test]
async fn nothing_is_hedged_unless_it_is_asked_for() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::ok("slow").delay(millis(100)));
    let client = quick().build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.served_by(), ServedBy::Network);
    assert_eq!(upstream.request_count(), 1);
    assert!(client.snapshot().hedge.is_none());
}

#[tokio::test]
async fn a_post_is_never_hedged_nor_is_a_body_that_is_gone_once_it_is_sent() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::ok("slow").delay(millis(150)));
    let client = quick()
        .hedge(after(millis(1)))
        .unbudgeted()
        .build()
        .unwrap();
    let streamed = || Body::wrap(http_body_util::Full::new(bytes::Bytes::from("stream")));
    let own = client.hedge("own", after(Duration::ZERO)).unwrap();
    for request in [
        client.post(upstream.url("/")).body("order"),
        client.post(upstream.url("/")).body("order").hedge(&own),
        client.get(upstream.url("/")).idempotent(false),
        client.put(upstream.url("/")).body(streamed()),
        client.get(upstream.url("/")).no_hedge(),
    ] {
        let before = upstream.request_count();
        assert_eq!(request.send().await.unwrap().served_by(), ServedBy::Network);
        assert_eq!(upstream.request_count() - before, 1);
    }
    assert_eq!(client.snapshot().hedge.unwrap().totals.calls, 0);
    assert_eq!(own.snapshot().totals.calls, 0);

    upstream.script([Reply::stall(), Reply::ok("keyed")]);
    let keyed = client.post(upstream.url("/")).idempotency_key("7");
    let response = keyed.body("order").send().await.unwrap();
    assert_eq!(response.served_by(), ServedBy::Hedge);
}

#[tokio::test]
async fn hedges_and_retries_share_one_budget() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall(), Reply::ok("hedge")]);
    // One extra request in ten seconds.
    let client = hedging()
        .budget_share(0.0)
        .budget_min_per_second(0.1)
        .build()
        .unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.served_by(), ServedBy::Hedge);

    upstream.script([Reply::status(503)]);
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    upstream.script([Reply::ok("slow").delay(millis(400))]);
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.served_by(), ServedBy::Network);
    assert_eq!(upstream.request_count(), 4);
    let snapshot = client.snapshot();
    assert_eq!(snapshot.hedge.unwrap().totals.suppressed_budget, 1);
    assert_eq!(snapshot.budget.unwrap().calls, 3, "none is counted twice");

    let own = client.hedge("own", after(millis(1))).unwrap();
    upstream.script([Reply::ok("slow").delay(millis(400))]);
    let request = client.get(upstream.url("/")).hedge(&own);
    assert_eq!(request.send().await.unwrap().attempts(), 1);
    assert_eq!(own.snapshot().totals.suppressed_budget, 1);
}

#[tokio::test]
async fn the_deadline_holds_over_all() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::stall());
    let client = hedging().build().unwrap();
    let request = client.get(upstream.url("/")).total_timeout(millis(600));
    let error = request.send().await.unwrap_err();
    assert!(error.is_deadline_exceeded(), "{error}");
    assert_eq!(error.attempts(), 2);
    assert!(error.was_sent());
    assert_at_rest(&client);
}

#[tokio::test]
async fn a_hedge_is_one_attempt_and_the_request_is_retried() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall(), Reply::status(503), Reply::ok("retried")]);
    let client = hedging().attempt_timeout(millis(600)).build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.served_by(), ServedBy::Network);
    assert_eq!(response.attempts(), 3);
    assert_eq!(response.text().await.unwrap(), "retried");
    assert_eq!(upstream.request_count(), 3);
    assert_at_rest(&client);
}

#[tokio::test]
async fn when_all_have_failed_the_failure_of_the_request_is_returned() {
    let upstream = HttpUpstream::start().await;
    let seen = AtomicUsize::new(0);
    upstream.respond_with(move |_, _| match seen.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::status(500).body("request").delay(millis(400)),
        _ => Reply::status(503).body("hedge"),
    });
    let client = hedging().build().unwrap();
    let request = client.get(upstream.url("/")).retry(Retries::none());
    let response = request.send().await.unwrap();
    assert_eq!(response.attempts(), 2);
    assert_eq!(response.served_by(), ServedBy::Network);
    assert_eq!(response.text().await.unwrap(), "request");
    assert_at_rest(&client);
}

#[tokio::test]
async fn a_server_that_says_when_to_come_back_is_not_hedged_before() {
    for status in [429, 503] {
        let upstream = HttpUpstream::start().await;
        let later = Reply::status(status).header("retry-after", "1");
        upstream.script([later, Reply::ok("now")]);
        let client = hedging().build().unwrap();
        let response = client.get(upstream.url("/")).send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "now");
        let requests = upstream.requests();
        assert_eq!(requests.len(), 2, "{status}");
        assert!(
            requests[1].at - requests[0].at >= millis(1000),
            "{status}: too soon"
        );
        assert_at_rest(&client);
    }
}

#[tokio::test]
async fn the_error_of_a_race_knows_of_all_its_attempts() {
    let upstream = HttpUpstream::start().await;
    let seen = AtomicUsize::new(0);
    // The request ends first, while the hedge is on its way.
    upstream.respond_with(move |_, _| match seen.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::reset().delay(millis(400)),
        _ => Reply::reset().delay(millis(600)),
    });
    let client = hedging().build().unwrap();
    let request = client.get(upstream.url("/")).retry(Retries::none());
    let error = request.send().await.unwrap_err();
    assert_eq!(error.attempts(), 2);
    assert!(error.was_sent());
    assert_at_rest(&client);
}
