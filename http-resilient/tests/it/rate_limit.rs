//! The client's own limit of attempts per second.

use reqwest::StatusCode;
use steadfast_http::{Error, ResponseExt, ThrottledBy};
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{SECOND, at, millis, now, once, only, quick, until};

#[tokio::test]
async fn no_more_arrive_than_the_rate_and_one_burst() {
    let upstream = HttpUpstream::start().await;
    let client = once().rate_limit(50.0, 5).build().unwrap();
    let began = now();
    let send = |_| tokio::spawn(client.get(upstream.url("/")).send());
    let callers: Vec<_> = (0..30).map(send).collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap().status(), StatusCode::OK);
    }
    let requests = upstream.requests();
    assert_eq!(requests.len(), 30);
    // 25 had to wait, for 20 ms each.
    assert!(requests[29].at - began >= millis(25 * 20));
    assert_eq!(only(&client).breaker.in_flight, 0);
    let waited = client.snapshot().totals.rate_limit_waits;
    assert!((25..=30).contains(&waited), "{waited}");
}

#[tokio::test]
async fn whose_turn_comes_after_the_deadline_is_told_at_once() {
    let upstream = HttpUpstream::start().await;
    let client = once().rate_limit(0.01, 1).build().unwrap();
    client.get(upstream.url("/")).send().await.unwrap();
    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    assert!(error.is_throttled() && !error.was_sent(), "{error:?}");
    assert_eq!(error.attempts(), 0);
    let text = error.to_string();
    assert!(
        text.contains("the rate limit is reached; retry after"),
        "{text}"
    );
    let Error::Throttled {
        retry_after, by, ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(by, ThrottledBy::Client);
    assert!(retry_after > 50 * SECOND && retry_after <= 100 * SECOND);
    assert_eq!(upstream.request_count(), 1);
    let authority = only(&client);
    assert_eq!(authority.breaker.in_flight, 0);
    assert_eq!(authority.throttled_for, None, "it is not the server's wish");
}

#[tokio::test]
async fn is_kept_for_each_authority() {
    let (first, second) = (HttpUpstream::start().await, HttpUpstream::start().await);
    let client = once().rate_limit(0.01, 1).build().unwrap();
    client.get(first.url("/")).send().await.unwrap();
    client.get(second.url("/")).send().await.unwrap();
    assert!(client.get(first.url("/")).send().await.is_err());
}

#[tokio::test]
async fn retries_are_attempts_too() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(503).body("busy"));
    let client = quick().rate_limit(0.01, 2).build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.attempts(), 2, "the third was not let through");
    assert_eq!(response.text().await.unwrap(), "busy");
    assert_eq!(upstream.request_count(), 2);
}

#[tokio::test]
async fn an_open_circuit_costs_no_turn() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(500)]);
    let client = once()
        .failure_threshold(1)
        .open_for(millis(200))
        .rate_limit(0.01, 2)
        .build()
        .unwrap();
    client.get(upstream.url("/")).send().await.unwrap();
    // Many more refusals than there are turns, until the probe is let through.
    loop {
        match client.get(upstream.url("/")).send().await {
            Ok(response) => break assert_eq!(response.status(), StatusCode::OK),
            Err(error) => assert!(error.is_circuit_open(), "{error:?}"),
        }
        tokio::time::sleep(millis(2)).await;
    }
    assert_eq!(upstream.request_count(), 2);
}

#[tokio::test]
async fn those_in_the_line_hold_no_place_and_no_probe() {
    let upstream = HttpUpstream::start().await;
    let client = once().max_concurrent(1).rate_limit(0.2, 1).build().unwrap();
    client.get(upstream.url("/")).send().await.unwrap();
    let waiting = tokio::spawn(client.get(upstream.url("/")).send());
    until("it waits", || client.snapshot().in_flight == 1).await;
    tokio::task::yield_now().await;
    let authority = at(&client, upstream.addr());
    assert_eq!(
        (authority.bulkhead.busy, authority.breaker.in_flight),
        (0, 0)
    );
    waiting.abort();
    assert!(waiting.await.is_err());
    assert_eq!(client.snapshot().in_flight, 0);
    assert_eq!(upstream.request_count(), 1);
}

#[tokio::test]
async fn who_has_waited_for_a_turn_does_not_burst_out_when_the_server_may_be_asked_again() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(429).header("retry-after", "1")]);
    let client = once().rate_limit(50.0, 5).build().unwrap();
    let send = |_| tokio::spawn(client.get(upstream.url("/")).send());
    let callers: Vec<_> = (0..20).map(send).collect();
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    let requests = upstream.requests();
    let moment = requests[0].at + SECOND;
    // Of the 15 that were not sent at once, five may go when the moment has come, and a few more may have
    // slipped through before the client knew of it.
    let last = requests.iter().map(|request| request.at).max().unwrap();
    assert!(last >= moment + millis(5 * 20), "{:?}", last - moment);
}
