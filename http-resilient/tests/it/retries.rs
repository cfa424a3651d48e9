//! Retries of one request, and what errors tell of attempts before the last.

use std::time::Duration;

use reqwest::StatusCode;
use steadfast_http::{ResponseExt, Retries};
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{SECOND, millis, quick, until};

/// Too long to be read before a retry.
fn long_and_busy() -> Reply {
    Reply::status(503).body(vec![b'x'; 100_000])
}

#[tokio::test]
async fn one_request_can_have_fewer_attempts_than_the_others_or_more() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(503));
    let builder = quick().failure_threshold(u32::MAX).unbudgeted();
    let client = builder.max_attempts(3).build().unwrap();
    for (retries, expected) in [
        (Retries::none(), 1),
        (Retries::default().max_attempts(2), 2),
        (Retries::default(), 3),
        (Retries::default().max_attempts(40), 40),
    ] {
        let before = upstream.request_count();
        let request = client.get(upstream.url("/")).retry(retries);
        let response = request.send().await.unwrap();
        assert_eq!(response.attempts(), expected);
        assert_eq!(upstream.request_count() - before, expected as usize);
    }
    let totals = client.snapshot().retry.totals;
    assert_eq!(totals.exhausted_attempts, 4, "{totals:?}");
    assert_eq!(totals.retries, 1 + 2 + 39, "{totals:?}");
}

#[tokio::test]
async fn the_standard_retries_are_those_of_the_readme() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(503).header("retry-after", "31"));
    let client = quick().max_retry_after(60 * SECOND).build().unwrap();
    let request = client.get(upstream.url("/")).retry(Retries::standard());
    let response = request.total_timeout(100 * SECOND).send().await.unwrap();
    assert_eq!(response.attempts(), 1, "31 s are more than 30");
}

#[tokio::test]
async fn one_request_can_have_waits_of_its_own() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(503));
    // The client's backoffs would take it to the end of the test's time, and beyond.
    let client = quick()
        .base_backoff(Duration::from_secs(10_000))
        .max_backoff(Duration::from_secs(10_000))
        .build()
        .unwrap();
    let hasty = Retries::default()
        .base_backoff(millis(1))
        .max_backoff(millis(2));
    let request = client.get(upstream.url("/")).retry(hasty);
    assert_eq!(request.send().await.unwrap().attempts(), 3);

    upstream.respond_with(|_, _| Reply::status(503).header("retry-after", "1"));
    let hasty = Retries::default().max_retry_after(millis(999));
    let request = client.get(upstream.url("/")).retry(hasty);
    assert_eq!(request.send().await.unwrap().attempts(), 1);
}

#[test]
#[should_panic(expected = "max_attempts must be at least 1")]
fn no_request_is_made_of_no_attempts() {
    let _ = Retries::default().max_attempts(0);
}

/// A retry that is declined after all would leave nothing to return.
#[tokio::test]
async fn nothing_is_given_up_for_a_retry_that_is_not_made() {
    let upstream = HttpUpstream::start().await;
    let longest = Duration::MAX;
    let ages = Duration::from_secs(6_000_000_000_000_000_000);
    let builder = || {
        quick()
            .failure_threshold(u32::MAX)
            .max_retry_after(longest)
            .attempt_timeout(60 * SECOND)
    };
    let budgeted = builder().budget_share(0.0).budget_min_per_second(0.1);
    for (client, timeout) in [
        (builder().unbudgeted(), 60 * SECOND),
        (builder().unbudgeted(), ages),
        (builder().unbudgeted(), longest),
        (budgeted, ages),
    ] {
        let client = client.build().unwrap();
        // As long as it takes for the universe to end, and longer than a number can tell.
        for hint in [
            "0",
            "5000000000000000000",
            "18446744073709551615",
            "9".repeat(30).as_str(),
        ] {
            for attempts in 1..4 {
                let hint = hint.to_owned();
                upstream
                    .respond_with(move |_, _| long_and_busy().header("retry-after", hint.clone()));
                let retries = Retries::default().max_attempts(attempts);
                let request = client.get(upstream.url("/")).retry(retries);
                let response = request.total_timeout(timeout).send().await.unwrap();
                assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
                assert!(response.attempts() <= attempts);
                assert_eq!(response.bytes().await.unwrap().len(), 100_000);
            }
        }
        let snapshot = client.snapshot();
        assert_eq!(snapshot.in_flight, 0);
        assert_eq!(snapshot.budget.map_or(0, |budget| budget.waiting), 0);
    }
}

#[tokio::test]
async fn an_error_tells_of_the_attempts_before_it() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503), Reply::reset(), Reply::reset()]);
    let client = quick().build().unwrap();
    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    assert_eq!(error.attempts(), 3);
    let history = error.history();
    assert_eq!(history.len(), 2, "{history:?}");
    assert_eq!(history[0].attempt, 1);
    assert_eq!(history[0].status, Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(history[0].error_type, None);
    assert_eq!(history[1].attempt, 2);
    assert_eq!(history[1].status, None);
    assert_eq!(history[1].error_type, Some("transport"));
    for past in history {
        assert!(past.wait <= millis(5), "{past:?}");
    }
}

#[tokio::test]
async fn an_error_of_the_first_attempt_has_no_history() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::reset()]);
    let client = quick().build().unwrap();
    let request = client.post(upstream.url("/"));
    assert_eq!(request.send().await.unwrap_err().history(), []);
    assert_eq!(client.get("no url").send().await.unwrap_err().history(), []);
}

#[tokio::test]
async fn a_deadline_in_the_middle_tells_what_was_before() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(500), Reply::stall()]);
    let client = quick().build().unwrap();
    let request = client.get(upstream.url("/")).total_timeout(millis(600));
    let sending = tokio::spawn(request.send());
    until("it is retried", || upstream.request_count() == 2).await;
    let error = sending.await.unwrap().unwrap_err();
    assert!(error.is_deadline_exceeded());
    assert_eq!(error.history().len(), 1);
    assert_eq!(error.history()[0].status, error.status());
}
