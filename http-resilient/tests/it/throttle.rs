//! 429: the server wants to be left alone, by everybody.

use std::time::Duration;

use reqwest::StatusCode;
use steadfast_breaker::State;
use steadfast_http::{Client, Error, ResponseExt, Retries, ThrottledBy};
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{SECOND, millis, now, once, only, quick, until};

fn in_a_second() -> Reply {
    Reply::status(429).header("retry-after", "1")
}

/// Has one request answered with a 429, and returns when it arrived at the server. What is told there
/// counts from the answer, so from later on.
async fn throttle(client: &Client, upstream: &HttpUpstream, reply: Reply) -> std::time::Instant {
    upstream.script([reply]);
    let response = client.post(upstream.url("/orders")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    upstream.requests().last().unwrap().at
}

#[tokio::test]
async fn of_two_hundred_callers_none_asks_before_the_stated_time() {
    let upstream = HttpUpstream::start().await;
    let client = quick().max_waiting(200).build().unwrap();
    let told_after = throttle(&client, &upstream, in_a_second()).await;

    let send = |_| tokio::spawn(client.get(upstream.url("/")).send());
    let callers: Vec<_> = (0..200).map(send).collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap().status(), StatusCode::OK);
    }
    let requests = upstream.requests();
    assert_eq!(requests.len(), 201);
    for request in &requests[1..] {
        assert!(request.at - told_after >= SECOND);
    }
    let authority = only(&client);
    assert_eq!(authority.breaker.state, State::Closed);
    assert_eq!(authority.breaker.totals.failure, 0);
    assert_eq!(authority.breaker.in_flight, 0);
    assert_eq!(authority.throttled_for, None);
    assert_eq!(client.snapshot().totals.throttle_waits, 200, "once each");
}

#[tokio::test]
async fn a_storm_ends_with_those_who_were_on_their_way() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| in_a_second());
    let client = once()
        .max_concurrent(4)
        .max_waiting(200)
        .failure_threshold(1)
        .max_retry_after(Duration::ZERO)
        .build()
        .unwrap();
    let send = |_| tokio::spawn(client.get(upstream.url("/")).send());
    let callers: Vec<_> = (0..200).map(send).collect();
    let (mut answered, mut refused) = (0, 0);
    for caller in callers {
        match caller.await.unwrap() {
            Ok(response) => {
                assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
                answered += 1;
            }
            Err(error) => {
                assert!(error.is_throttled(), "{error:?}");
                refused += 1;
            }
        }
    }
    // The queue did not pour into the server, though places became free.
    assert!(answered <= 4, "{answered}");
    assert_eq!(answered + refused, 200);
    assert_eq!(upstream.request_count(), answered);
    let authority = only(&client);
    assert_eq!(authority.breaker.state, State::Closed);
    assert_eq!(
        (authority.bulkhead.busy, authority.bulkhead.waiting),
        (0, 0)
    );
    assert_eq!(client.snapshot().totals.throttled, refused as u64);
}

#[tokio::test]
async fn beyond_the_deadline_ends_the_request_at_once() {
    let upstream = HttpUpstream::start().await;
    let client = quick().max_retry_after(600 * SECOND).build().unwrap();
    let reply = Reply::status(429).header("retry-after", "300");
    throttle(&client, &upstream, reply).await;

    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    let Error::Throttled {
        retry_after, by, ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(by, ThrottledBy::Server);
    assert!(retry_after > 200 * SECOND && retry_after <= 300 * SECOND);
    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    assert!(error.is_throttled() && !error.is_timeout());
    assert_eq!(error.attempts(), 0);
    assert!(!error.was_sent());
    assert!(error.retry_after() > Some(200 * SECOND));
    let text = error.to_string();
    assert!(
        text.contains("the server asked to be left alone; retry after"),
        "{text}"
    );
    assert_eq!(upstream.request_count(), 1);
    let snapshot = client.snapshot();
    assert_eq!(snapshot.totals.throttled, 2);
    assert_eq!(snapshot.totals.attempts, 1);
    assert_eq!(snapshot.retry.totals.retries, 0);
    assert!(snapshot.authorities[0].throttled_for > Some(200 * SECOND));
}

#[tokio::test]
async fn who_waits_already_is_told_when_the_time_becomes_too_long() {
    let upstream = HttpUpstream::start().await;
    let client = once().build().unwrap();
    let reply = Reply::status(429).header("retry-after", "300");
    upstream.script([reply.delay(millis(500)), in_a_second()]);
    let late = tokio::spawn(client.get(upstream.url("/")).send());
    until("it is on its way", || upstream.request_count() == 1).await;
    client.get(upstream.url("/")).send().await.unwrap();
    let waiting = tokio::spawn(client.get(upstream.url("/")).send());
    late.await.unwrap().unwrap();
    let error = waiting.await.unwrap().unwrap_err();
    assert!(error.is_throttled(), "{error:?}");
    assert_eq!(upstream.request_count(), 2);
}

#[tokio::test]
async fn beyond_the_cap_is_not_waited_for_however_long_the_request_may_take() {
    let upstream = HttpUpstream::start().await;
    let client = quick().total_timeout(Duration::MAX).build().unwrap();
    let reply = Reply::status(429).header("retry-after", "31");
    throttle(&client, &upstream, reply).await;
    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    assert!(error.is_throttled(), "{error:?}");
}

#[tokio::test]
async fn a_request_can_have_a_cap_of_its_own() {
    let upstream = HttpUpstream::start().await;
    let client = quick().build().unwrap();
    throttle(&client, &upstream, in_a_second()).await;
    let impatient = Retries::standard().max_retry_after(Duration::ZERO);
    let request = client.get(upstream.url("/")).retry(impatient);
    let error = request.send().await.unwrap_err();
    assert!(error.is_throttled(), "{error:?}");
}

#[tokio::test]
async fn the_answer_before_stands_when_the_retry_would_have_to_wait_too_long() {
    let upstream = HttpUpstream::start().await;
    let client = quick()
        .base_backoff(SECOND)
        .max_backoff(SECOND)
        .build()
        .unwrap();
    upstream.script([Reply::status(503).header("retry-after", "1").body("busy")]);
    let first = tokio::spawn(client.get(upstream.url("/")).send());
    until("it waits for its retry", || upstream.request_count() == 1).await;
    let reply = Reply::status(429).header("retry-after", "300");
    throttle(&client, &upstream, reply).await;

    let response = first.await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.attempts(), 1);
    assert_eq!(response.text().await.unwrap(), "busy");
    assert_eq!(upstream.request_count(), 2);
    let snapshot = client.snapshot();
    assert_eq!(snapshot.totals.throttled, 0);
    let budget = snapshot.budget.unwrap();
    assert_eq!((budget.totals.granted, budget.totals.given_back), (1, 1));
}

#[tokio::test]
async fn a_retry_after_a_429_waits_as_the_others_do() {
    let upstream = HttpUpstream::start().await;
    upstream.script([in_a_second()]);
    let client = quick().build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.attempts(), 2);
    let requests = upstream.requests();
    assert!(requests[1].at - requests[0].at >= SECOND);
}

#[tokio::test]
async fn the_rate_limit_headers_are_understood_too() {
    for (name, text) in [
        ("ratelimit", r#""default";r=0;t=300"#),
        ("x-ratelimit-reset", "300"),
    ] {
        let upstream = HttpUpstream::start().await;
        let client = quick().build().unwrap();
        throttle(&client, &upstream, Reply::status(429).header(name, text)).await;
        let error = client.get(upstream.url("/")).send().await.unwrap_err();
        assert!(error.is_throttled(), "{name}: {error:?}");
    }
}

#[tokio::test]
async fn holds_back_nobody_where_it_is_turned_off_or_no_time_is_stated() {
    for (time, reply) in [
        (
            Duration::ZERO,
            Reply::status(429).header("retry-after", "300"),
        ),
        (600 * SECOND, Reply::status(429)),
        (600 * SECOND, Reply::status(429).header("retry-after", "0")),
    ] {
        let upstream = HttpUpstream::start().await;
        let client = quick().max_throttle(time).build().unwrap();
        throttle(&client, &upstream, reply).await;
        let response = client.get(upstream.url("/")).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(only(&client).throttled_for, None);
    }
}

#[tokio::test]
async fn nonsense_holds_back_no_longer_than_allowed() {
    let upstream = HttpUpstream::start().await;
    let client = quick().max_throttle(millis(50)).build().unwrap();
    let reply = Reply::status(429).header("retry-after", "99999999999999999999999");
    throttle(&client, &upstream, reply).await;
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn one_server_holds_back_no_other() {
    let (first, second) = (HttpUpstream::start().await, HttpUpstream::start().await);
    let client = quick().build().unwrap();
    let reply = Reply::status(429).header("retry-after", "300");
    throttle(&client, &first, reply).await;
    let response = client.get(second.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn those_who_stop_waiting_leave_nothing_behind() {
    let upstream = HttpUpstream::start().await;
    let client = quick().max_concurrent(1).build().unwrap();
    throttle(&client, &upstream, in_a_second()).await;
    let send = |_| tokio::spawn(client.get(upstream.url("/")).send());
    let callers: Vec<_> = (0..20).map(send).collect();
    until("they wait", || client.snapshot().in_flight == 20).await;
    for caller in callers {
        caller.abort();
        assert!(caller.await.is_err());
    }
    let authority = only(&client);
    assert_eq!(
        (authority.bulkhead.busy, authority.bulkhead.waiting),
        (0, 0)
    );
    assert_eq!(authority.breaker.in_flight, 0);
    let snapshot = client.snapshot();
    assert_eq!((snapshot.in_flight, snapshot.totals.abandoned), (0, 20));
    assert_eq!(upstream.request_count(), 1);
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_open_circuit_is_told_of_only_when_the_server_may_be_asked() {
    let upstream = HttpUpstream::start().await;
    let client = once().failure_threshold(1).build().unwrap();
    let reply = Reply::status(429).header("retry-after", "300");
    upstream.script([Reply::status(500).delay(millis(100)), reply]);
    let failing = tokio::spawn(client.get(upstream.url("/")).send());
    until("it is on its way", || upstream.request_count() == 1).await;
    client.get(upstream.url("/")).send().await.unwrap();
    failing.await.unwrap().unwrap();
    assert_eq!(only(&client).breaker.state, State::Open);
    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    assert!(error.is_throttled(), "{error:?}");
    assert_eq!(only(&client).breaker.totals.rejected, 0);
}

/// The runtime has one thread, and what its timers wake runs in the order of their times: on a machine that
/// is late, all of it is late together.
#[tokio::test]
async fn those_held_back_go_within_fifty_milliseconds_of_the_moment_and_none_before() {
    const CALLERS: u64 = 50;
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(429).header("retry-after", "1")]);
    let client = once().build().unwrap();
    client.get(upstream.url("/")).send().await.unwrap();
    let left = only(&client).throttled_for.unwrap();
    let moment = tokio::time::Instant::from_std(now() + left);
    let calls: Vec<_> = (0..CALLERS)
        .map(|_| tokio::spawn(client.get(upstream.url("/")).send()))
        .collect();
    // A task like those of the callers, as the runtime looks at its own future first.
    let watching = client.clone();
    let counts = tokio::spawn(async move {
        let sent = || watching.snapshot().totals.attempts - 1;
        tokio::time::sleep_until(moment - millis(2)).await;
        let before = sent();
        tokio::time::sleep_until(moment + millis(50)).await;
        (before, sent())
    });
    let sent = counts.await.unwrap();
    assert_eq!(sent, (0, CALLERS), "before the moment, and soon after it");
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(only(&client).breaker.totals.failure, 0);
}
