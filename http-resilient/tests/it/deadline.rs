//! The time for the whole request.

use reqwest::StatusCode;
use steadfast_http::{Error, Last, Phase};
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{SECOND, millis, now, once, only, quick, until};

/// Far more than a busy machine needs, far less than anything here would take without a deadline.
const SLACK: std::time::Duration = std::time::Duration::from_secs(4);

#[tokio::test]
async fn ends_an_attempt_that_gets_no_response() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall()]);
    let client = quick().total_timeout(millis(200)).build().unwrap();
    let began = now();
    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    assert!(began.elapsed() >= millis(200));
    assert!(began.elapsed() < SLACK);
    assert!(error.is_deadline_exceeded() && error.is_timeout());
    assert!(error.was_sent());
    let Error::DeadlineExceeded { phase, last, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(phase, Phase::Response);
    assert!(last.is_none());
}

#[tokio::test]
async fn tells_what_the_attempt_before_ended_in() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(502), Reply::stall()]);
    let client = quick().total_timeout(SECOND).build().unwrap();
    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::BAD_GATEWAY));
    assert_eq!(error.attempts(), 2);

    upstream.script([Reply::reset(), Reply::stall()]);
    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    let Error::DeadlineExceeded {
        last: Some(Last::Error(last)),
        ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(last.attempts(), 1);
}

#[tokio::test]
async fn covers_the_response_body() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::ok("a body that drips").slow_body(1, millis(200))]);
    let client = quick().total_timeout(SECOND).build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    let error = response.bytes().await.unwrap_err();
    assert!(error.is_timeout());
}

#[tokio::test]
async fn covers_the_queue() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall()]);
    let client = quick().max_concurrent(1).build().unwrap();
    let first = tokio::spawn(client.get(upstream.url("/")).send());
    until("the place is taken", || upstream.in_flight() == 1).await;
    let request = client.get(upstream.url("/")).total_timeout(millis(100));
    let error = request.send().await.unwrap_err();
    assert!(matches!(
        error,
        Error::DeadlineExceeded {
            phase: Phase::Queue,
            ..
        }
    ));
    assert!(!error.was_sent());
    first.abort();
}

#[tokio::test]
async fn a_wait_that_would_pass_it_is_not_begun() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503), Reply::reset()]);
    // The seed draws no backoff that is shorter than the deadline.
    let client = quick()
        .base_backoff(3_600_000 * SECOND)
        .max_backoff(3_600_000 * SECOND)
        .build()
        .unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    assert!(matches!(error, Error::Request { .. }), "{error:?}");
    assert_eq!(error.attempts(), 1);
    assert_eq!(client.snapshot().retry.totals.exhausted_deadline, 2);
}

#[tokio::test]
async fn given_from_outside_counts_if_it_is_earlier() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::stall());
    let client = once().build().unwrap();
    let soon = now() + millis(150);
    let error = client.get(upstream.url("/")).deadline(soon).send().await;
    assert!(error.unwrap_err().is_deadline_exceeded());
    let late = now() + 3600 * SECOND;
    let request = client.get(upstream.url("/")).deadline(late);
    let error = request.timeout(millis(150)).send().await.unwrap_err();
    assert!(error.is_deadline_exceeded());
}

#[tokio::test]
async fn that_has_passed_sends_nothing() {
    let upstream = HttpUpstream::start().await;
    let client = quick().build().unwrap();
    let past = now();
    let error = client.get(upstream.url("/")).deadline(past).send().await;
    let error = error.unwrap_err();
    assert!(error.is_deadline_exceeded());
    assert!(!error.was_sent());
    assert_eq!(error.attempts(), 0);
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn of_a_finished_request_is_its_timeout() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall()]);
    let client = once().build().unwrap();
    let mut request = client.get(upstream.url("/")).build().unwrap();
    *request.timeout_mut() = Some(millis(100));
    let error = client.execute(request).await.unwrap_err();
    assert!(error.is_deadline_exceeded());
}

#[tokio::test]
async fn without_end_is_none() {
    let upstream = HttpUpstream::start().await;
    let client = quick()
        .total_timeout(std::time::Duration::MAX)
        .build()
        .unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "ok");
}

#[tokio::test]
async fn without_end_is_not_waited_for() {
    let upstream = HttpUpstream::start().await;
    // 300 billion years.
    upstream.script([Reply::status(503).header("retry-after", "9999999999999999999")]);
    let forever = std::time::Duration::MAX;
    let client = quick()
        .total_timeout(forever)
        .max_retry_after(forever)
        .build()
        .unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(client.snapshot().retry.totals.exhausted_deadline, 1);
}

#[tokio::test]
async fn of_no_time_at_all_sends_nothing() {
    let upstream = HttpUpstream::start().await;
    let client = quick().build().unwrap();
    let error = client
        .post(upstream.url("/"))
        .attempt_timeout(std::time::Duration::ZERO);
    let error = error.send().await.unwrap_err();
    assert!(error.is_timeout() && !error.was_sent(), "{error:?}");
    assert_eq!(error.attempts(), 0);
    assert_eq!(upstream.request_count(), 0);
    let breaker = only(&client).breaker;
    assert_eq!((breaker.totals.failure, breaker.in_flight), (0, 0));
}

/// A clock that was read before the wait would take it from the attempt.
#[tokio::test]
async fn an_attempt_after_a_wait_has_its_whole_time() {
    let slow = || Reply::ok("slow").delay(millis(600));
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(429).header("retry-after", "1"), slow()]);
    let client = once().attempt_timeout(SECOND).build().unwrap();
    client.get(upstream.url("/")).send().await.unwrap();
    let held_back = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(held_back.text().await.unwrap(), "slow");

    upstream.respond_with(move |_, _| slow());
    let narrow = once().attempt_timeout(SECOND).max_concurrent(1);
    let narrow = narrow.build().unwrap();
    let read = async || -> Result<String, Error> {
        let response = narrow.get(upstream.url("/")).send().await?;
        Ok(response.text().await?)
    };
    let (one, two, three) = tokio::join!(read(), read(), read());
    for text in [one, two, three] {
        assert_eq!(text.unwrap(), "slow");
    }

    let stalling = HttpUpstream::start().await;
    stalling.script([Reply::stall(), slow()]);
    let hasty = once().coalesce(true).total_timeout(millis(800));
    let hasty = hasty.attempt_timeout(SECOND).build().unwrap();
    let alone = hasty.get(stalling.url("/")).timeout(9 * SECOND);
    assert_eq!(alone.send().await.unwrap().status(), 200);
}
