//! Requests for what the loopback server has, by the clients that are compared.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use failsafe::futures::CircuitBreaker as _;
use futures_util::future::join_all;
use reqwest::Url;
use reqwest_middleware::ClientBuilder;
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;
use steadfast_benches::{Loopback, clock};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_resilience_bulkhead::BulkheadLayer;
use tower_resilience_circuitbreaker::CircuitBreakerLayer;
use tower_resilience_core::{ResilienceError, UnifiedErrors};
use tower_resilience_retry::{ExponentialRandomBackoff, RetryLayer};
use tower_resilience_timelimiter::TimeLimiterLayer;

const ATTEMPT: Duration = Duration::from_secs(10);
const TOTAL: Duration = Duration::from_secs(30);
const BASE: Duration = Duration::from_millis(100);
const PLACES: usize = 64;

/// How requests follow one another, and what is told of them.
#[derive(Clone, Copy)]
#[allow(
    dead_code,
    reason = "the program that counts instructions has one caller"
)]
pub(crate) enum Load {
    /// So many begin together, and the next ones when all of them are over. How long all took.
    Rounds(usize),
    /// So many callers, each of which begins again at once. The 99th percentile of a request's latency, as
    /// if all took that; divided by the number of callers, who share the time.
    Slowest(usize),
}

pub(crate) fn ours(load: Load) -> impl FnMut(u64) -> Duration {
    let client = steadfast_http::Client::named("bench")
        .max_concurrent(PLACES)
        .build()
        .expect("a sound configuration");
    run(load, async move |url: &str| {
        let answer = client.get(url).send().await.expect("an answer");
        answer.bytes().await.expect("a body").len()
    })
}

pub(crate) fn bare(load: Load) -> impl FnMut(u64) -> Duration {
    let client = reqwest::Client::new();
    run(load, async move |url: &str| {
        let answer = client.get(url).send().await.expect("an answer");
        answer.bytes().await.expect("a body").len()
    })
}

/// It retries, and knows nothing of breakers, places and timeouts.
pub(crate) fn middleware(load: Load) -> impl FnMut(u64) -> Duration {
    let policy = ExponentialBackoff::builder().build_with_max_retries(2);
    let client = ClientBuilder::new(reqwest::Client::new())
        .with(RetryTransientMiddleware::new_with_policy(policy))
        .build();
    run(load, async move |url: &str| {
        let answer = client.get(url).send().await.expect("an answer");
        answer.bytes().await.expect("a body").len()
    })
}

/// The place is given back before the body is read, as it is in most programs.
pub(crate) fn by_hand(load: Load) -> impl FnMut(u64) -> Duration {
    let client = reqwest::Client::new();
    let policy = failsafe::failure_policy::consecutive_failures(
        5,
        failsafe::backoff::constant(Duration::from_secs(30)),
    );
    let breaker = failsafe::Config::new().failure_policy(policy).build();
    let semaphore = Semaphore::new(PLACES);
    run(load, async move |url: &str| {
        let attempt = || {
            breaker.call(async {
                let _place = semaphore.acquire().await.expect("it is never closed");
                let sent = timeout(ATTEMPT, client.get(url).send()).await;
                sent.map_err(|_| "late")?.map_err(|_| "failed")
            })
        };
        let backoff = ExponentialBuilder::default()
            .with_min_delay(BASE)
            .with_max_times(2);
        let answer = attempt.retry(backoff).await.expect("an answer");
        answer.bytes().await.expect("a body").len()
    })
}

/// In the order of its guide: time limit of the whole, retry, circuit breaker, bulkhead, time limit of an
/// attempt.
pub(crate) fn tower_resilience(load: Load) -> impl FnMut(u64) -> Duration {
    let client = reqwest::Client::new();
    let within = |time| {
        let limit = TimeLimiterLayer::builder().timeout_duration(time).build();
        limit.unified::<reqwest::Error>()
    };
    let retry = RetryLayer::builder()
        .max_attempts(3)
        .backoff(ExponentialRandomBackoff::new(BASE, 0.5).expect("a sound share"))
        .retry_on(|error: &ResilienceError<reqwest::Error>| !error.is_circuit_open());
    let breaker = CircuitBreakerLayer::builder().consecutive_failures(5);
    let bulkhead = BulkheadLayer::builder().max_concurrent_calls(PLACES);
    let breaker = breaker.build().expect("a sound breaker");
    let bulkhead = bulkhead.build().expect("a sound bulkhead");
    let service = ServiceBuilder::new()
        .layer(within(TOTAL))
        .layer(retry.build())
        .layer(breaker.unified::<reqwest::Error>())
        .layer(bulkhead.unified::<reqwest::Error>())
        .layer(within(ATTEMPT))
        // Its retry wants a request that is `Clone`.
        .service(service_fn(move |url: Url| client.get(url).send()));
    run(load, async move |url: &str| {
        let url = Url::parse(url).expect("a URL");
        let answer = service.clone().oneshot(url).await.expect("an answer");
        answer.bytes().await.expect("a body").len()
    })
}

fn run(load: Load, request: impl AsyncFn(&str) -> usize + 'static) -> impl FnMut(u64) -> Duration {
    let runtime = runtime();
    let url = Loopback::start().url();
    move |times| match load {
        Load::Rounds(at_once) => runtime.block_on(rounds(at_once as u64, times, &url, &request)),
        Load::Slowest(callers) => runtime.block_on(slowest(callers as u64, times, &url, &request)),
    }
}

async fn rounds(
    at_once: u64,
    times: u64,
    url: &str,
    request: &impl AsyncFn(&str) -> usize,
) -> Duration {
    let start = clock::now();
    let mut left = times;
    while left > 0 {
        let now = left.min(at_once);
        left -= now;
        let answers = join_all((0..now).map(|_| request(url))).await;
        assert!(answers.iter().all(|length| *length == 128));
    }
    start.elapsed()
}

async fn slowest(
    callers: u64,
    times: u64,
    url: &str,
    request: &impl AsyncFn(&str) -> usize,
) -> Duration {
    let call = async |calls: u64| {
        let mut took = Vec::with_capacity(calls as usize);
        for _ in 0..calls {
            let start = clock::now();
            assert_eq!(request(url).await, 128);
            took.push(start.elapsed());
        }
        took
    };
    let mut took = join_all((0..callers).map(|_| call(times.div_ceil(callers))))
        .await
        .concat();
    let at = took.len() * 99 / 100;
    let (_, slow, _) = took.select_nth_unstable(at);
    slow.mul_f64(times as f64 / callers as f64)
}

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}
