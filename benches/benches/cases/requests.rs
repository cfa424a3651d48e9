//! Requests for what the loopback server has, by the clients that are compared.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use failsafe::futures::CircuitBreaker as _;
use futures_util::future::join_all;
use reqwest_middleware::ClientBuilder;
use reqwest_retry::RetryTransientMiddleware;
use reqwest_retry::policies::ExponentialBackoff;
use steadfast_benches::{Loopback, clock};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::time::timeout;

const ATTEMPT: Duration = Duration::from_secs(10);
const BASE: Duration = Duration::from_millis(100);
const PLACES: usize = 64;

pub(crate) fn ours(at_once: usize) -> impl FnMut(u64) -> Duration {
    let client = steadfast_http::Client::named("bench")
        .max_concurrent(PLACES)
        .build()
        .expect("a sound configuration");
    run(at_once, async move |url: &str| {
        let answer = client.get(url).send().await.expect("an answer");
        answer.bytes().await.expect("a body").len()
    })
}

pub(crate) fn bare(at_once: usize) -> impl FnMut(u64) -> Duration {
    let client = reqwest::Client::new();
    run(at_once, async move |url: &str| {
        let answer = client.get(url).send().await.expect("an answer");
        answer.bytes().await.expect("a body").len()
    })
}

/// It retries, and knows nothing of breakers, places and timeouts.
pub(crate) fn middleware(at_once: usize) -> impl FnMut(u64) -> Duration {
    let policy = ExponentialBackoff::builder().build_with_max_retries(2);
    let client = ClientBuilder::new(reqwest::Client::new())
        .with(RetryTransientMiddleware::new_with_policy(policy))
        .build();
    run(at_once, async move |url: &str| {
        let answer = client.get(url).send().await.expect("an answer");
        answer.bytes().await.expect("a body").len()
    })
}

/// The place is given back before the body is read, as it is in most programs.
pub(crate) fn by_hand(at_once: usize) -> impl FnMut(u64) -> Duration {
    let client = reqwest::Client::new();
    let policy = failsafe::failure_policy::consecutive_failures(
        5,
        failsafe::backoff::constant(Duration::from_secs(30)),
    );
    let breaker = failsafe::Config::new().failure_policy(policy).build();
    let semaphore = Semaphore::new(PLACES);
    run(at_once, async move |url: &str| {
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

fn run(
    at_once: usize,
    request: impl AsyncFn(&str) -> usize + 'static,
) -> impl FnMut(u64) -> Duration {
    let runtime = runtime();
    let url = Loopback::start().url();
    move |times| {
        runtime.block_on(async {
            let start = clock::now();
            let mut left = times;
            while left > 0 {
                let now = left.min(at_once as u64);
                left -= now;
                let answers = join_all((0..now).map(|_| request(&url))).await;
                assert!(answers.iter().all(|length| *length == 128));
            }
            start.elapsed()
        })
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}
