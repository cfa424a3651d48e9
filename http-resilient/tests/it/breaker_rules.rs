//! What `Builder::breaker` reaches: rates, slow calls, the ramp.

use std::time::Duration;

use steadfast_breaker::State;
use steadfast_http::{Client, Error};
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{SECOND, long, millis, once, only, until};

async fn get(client: &Client, upstream: &HttpUpstream) -> Result<reqwest::Response, Error> {
    client.get(upstream.url("/")).send().await
}

/// Of the only authority; closed before the first request.
fn only_state(client: &Client) -> State {
    let authorities = client.snapshot().authorities;
    authorities
        .first()
        .map_or(State::Closed, |one| one.breaker.state)
}

#[tokio::test]
async fn a_rate_opens_where_successes_break_every_run_of_failures() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, nth| Reply::status(if nth % 2 == 0 { 500 } else { 200 }));
    let client = once()
        .breaker(|breaker| {
            breaker.failure_rate = Some(0.5);
            breaker.min_calls = Some(8);
        })
        .build()
        .unwrap();
    for _ in 0..8 {
        assert_eq!(only_state(&client), State::Closed);
        get(&client, &upstream)
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
    }
    let breaker = only(&client).breaker;
    assert_eq!(breaker.state, State::Open);
    assert_eq!(
        breaker.cause.unwrap().to_string(),
        "4 of the last 8 calls failed"
    );
}

#[tokio::test]
async fn a_slow_call_is_one_whose_body_ends_late() {
    let upstream = HttpUpstream::start().await;
    let client = once()
        .breaker(|breaker| {
            breaker.slow_call_duration = Some(millis(50));
            breaker.slow_call_rate = Some(1.0);
            breaker.min_calls = Some(1);
        })
        .build()
        .unwrap();
    upstream.script([long()]);
    let response = get(&client, &upstream).await.unwrap();
    until("it is slow while its body is unread", || {
        let window = only(&client).breaker.window;
        window.is_some_and(|window| window.slow_in_flight == 1)
    })
    .await;
    assert_eq!(only(&client).breaker.state, State::Closed);
    response.bytes().await.unwrap();
    let breaker = only(&client).breaker;
    assert_eq!((breaker.totals.slow, breaker.totals.success), (1, 1));
    assert_eq!(breaker.state, State::Open);
}

#[tokio::test]
async fn a_circuit_that_ramps_up_says_that_it_does() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(500)]);
    let client = once()
        .failure_threshold(1)
        .success_threshold(1)
        .open_for(millis(1))
        .breaker(|breaker| breaker.ramp_up = 3600 * SECOND)
        .build()
        .unwrap();
    let url = upstream.url("/");
    get(&client, &upstream).await.unwrap();
    let due = || only(&client).breaker.retry_after == Some(Duration::ZERO);
    until("the open time is over", due).await;
    // The probe, and the first call after closing.
    for _ in 0..2 {
        get(&client, &upstream)
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
    }
    let error = get(&client, &upstream).await.unwrap_err();
    assert!(error.is_circuit_open() && error.retry_after().is_none());
    assert_eq!(
        error.to_string(),
        format!(
            "GET {url} was not let through: the circuit has just closed and takes only some calls yet"
        )
    );
}
