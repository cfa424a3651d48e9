//! The functions to migrate with. One test installs supervisors in the process; the others use methods.

use std::error::Error as _;

use steadfast::bulkhead::Bulkhead;
use steadfast::migrate::{Error, Kind, resilient_http_request, with_llm_request};
use steadfast_testkit::{HttpUpstream, Reply};

use super::support::{config, started};

const GET: http::Method = http::Method::GET;

#[tokio::test]
async fn functions_use_the_supervisor_that_is_installed_as_long_as_it_is_there() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::ok("hello"));
    let url = upstream.url("/hello");
    let error = resilient_http_request("api", GET, &*url).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Misconfigured);
    assert_eq!(
        error.to_string(),
        "no supervisor is installed in this process"
    );

    let first = started("[http_clients.api]").await;
    first.install_global();
    let response = resilient_http_request("api", GET, &*url).await.unwrap();
    assert_eq!(response.text().await.unwrap(), "hello");
    assert_eq!(
        with_llm_request(|_| async { Ok::<_, Error>(7) })
            .await
            .unwrap(),
        7
    );

    let second = started("").await;
    second.install_global();
    drop(first);
    let error = resilient_http_request("api", GET, &*url).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no HTTP client named api, nor any other HTTP client"
    );
    drop(second);
    let error = with_llm_request(|_| async { Ok::<_, Error>(7) })
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Misconfigured);
}

#[tokio::test]
async fn a_relative_url_begins_at_the_base_and_a_place_is_held_until_the_head_is_there() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::ok("hello"));
    let text = format!(
        "[http_clients.hermes_client]\nbase_url = '{}'
         [bulkheads.http_connections]\nmax_concurrent = 1\nmax_waiting = 0",
        upstream.url("/v1/")
    );
    let supervisor = started(&text).await;
    let response = supervisor.resilient_http_request("hermes_client", GET, "orders");
    let response = response.await.unwrap();
    assert_eq!(upstream.requests()[0].path, "/v1/orders");
    // The head is there, the response is not read yet: the place is free again.
    let place = supervisor.bulkhead("http_connections").unwrap();
    let place = place.try_acquire().unwrap();
    let rejected = supervisor.resilient_http_request("hermes_client", GET, "orders");
    let rejected = rejected.await.unwrap_err();
    assert!(matches!(rejected, Error::BulkheadRejected(_)), "{rejected}");
    assert_eq!(rejected.kind(), Kind::Unavailable);
    drop((place, response));
}

#[tokio::test]
async fn the_kind_of_an_error_says_what_to_do() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::close());
    let text = "[http_clients.api]\nfailure_threshold = 1\nmax_attempts = 1\nopen_for = '60s'";
    let supervisor = started(text).await;
    let url = upstream.url("/");
    let kind = async |url: &str| {
        let sent = supervisor.resilient_http_request("api", GET, url).await;
        sent.unwrap_err().kind()
    };
    assert_eq!(kind("no url at all").await, Kind::Misconfigured);
    assert_eq!(kind(&url).await, Kind::Failed);
    assert_eq!(kind(&url).await, Kind::Unavailable);
    let open = supervisor.resilient_http_request("api", GET, &*url).await;
    assert!(open.unwrap_err().retry_after().is_some());
    supervisor.shutdown().await;
    assert_eq!(kind(&url).await, Kind::ShuttingDown);
}

#[tokio::test(start_paused = true)]
async fn an_llm_request_goes_through_bulkhead_breaker_and_retry() {
    let supervisor = started(
        "[bulkheads.llm_requests]\nmax_concurrent = 1\nmax_waiting = 0
         [circuit_breakers.llm_requests]\nfailure_threshold = 3
         [retries.llm_requests]\nmax_attempts = 3",
    )
    .await;
    let failing = async || {
        let asked = supervisor.with_llm_request(|_| async { Err::<(), _>(std::fmt::Error) });
        asked.await.unwrap_err()
    };
    let error = failing().await;
    assert_eq!(
        (error.kind(), error.operation()),
        (Kind::Failed, Some(&std::fmt::Error))
    );
    assert!(error.source().is_none());
    // Three attempts have opened the circuit; the retry's waits are shorter than it is open.
    let breaker = supervisor.breaker("llm_requests").unwrap();
    assert_eq!(breaker.snapshot().totals.failure, 3);
    breaker.reset();
    let places: Bulkhead = supervisor.bulkhead("llm_requests").unwrap();
    let place = places.try_acquire().unwrap();
    assert_eq!(failing().await.kind(), Kind::Unavailable);
    drop(place);
}

#[tokio::test(start_paused = true)]
async fn an_llm_request_that_hangs_is_cut_off() {
    let hang = async |text: &str| {
        let supervisor = started(text).await;
        let began = super::tasks::tokio_now();
        let hung = supervisor
            .with_llm_request(|_| std::future::pending::<Result<(), std::fmt::Error>>())
            .await;
        let kind = hung.unwrap_err().kind();
        assert_eq!(
            supervisor.bulkhead("llm_requests").unwrap().snapshot().busy,
            0
        );
        (kind, began.elapsed().as_secs())
    };
    let once = hang("[retries.llm_requests]\nmax_attempts = 1").await;
    assert_eq!(once, (Kind::TimedOut, 120));
    let again = hang("[retries.llm_requests]\nmax_attempts = 9").await;
    assert_eq!(again, (Kind::TimedOut, 300));
}

#[tokio::test]
async fn other_limits_are_set_by_the_builder() {
    let supervisor = started("").await;
    let policy = supervisor.policy_builder("llm_requests").unwrap();
    let policy = policy.total_timeout(std::time::Duration::from_secs(1));
    assert!(policy.build().is_ok());
}

#[tokio::test(start_paused = true)]
async fn requests_to_language_models_take_as_long_as_the_file_says() {
    let text = |section: &str| {
        format!(
            "[retries.llm_requests]\nmax_attempts = 9\njitter = false\nbase_backoff = 1\nmax_backoff = 1\n[circuit_breakers.llm_requests]\nfailure_threshold = 99\n{section}"
        )
    };
    let supervisor = started(&text("")).await;
    let ask = async || {
        let attempts = std::sync::atomic::AtomicU64::new(0);
        #[expect(
            clippy::disallowed_methods,
            reason = "virtual time, which the test reads"
        )]
        let began = tokio::time::Instant::now();
        let asked = supervisor.with_llm_request(|_| {
            attempts.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            std::future::pending::<Result<(), std::io::Error>>()
        });
        asked.await.unwrap_err();
        (attempts.into_inner(), began.elapsed().as_secs())
    };
    assert_eq!(ask().await, (3, 300));
    let section = "[llm_requests]\ntotal_timeout = '50s'\nattempt_timeout = '11s'";
    let report = supervisor.apply(config(&text(section))).await.unwrap();
    assert!(report.needs_restart.is_empty(), "{report}");
    assert_eq!(ask().await, (5, 50));

    // A configuration that no file can be.
    let mut wrong = config(&text(section));
    wrong.llm_requests.attempt_timeout = std::time::Duration::from_secs(51);
    let error = supervisor.apply(wrong).await.unwrap_err().to_string();
    assert!(
        error.contains("attempt_timeout = 51s (must not be longer than total_timeout)"),
        "{error}"
    );
    assert_eq!(ask().await, (5, 50));
}
