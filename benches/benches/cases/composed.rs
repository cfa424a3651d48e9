//! Retry around breaker around bulkhead, around work that succeeds.
//!
//! By hand that is backon around a breaker around a tokio semaphore, which would wait for ever for
//! a place where ours gives up after five seconds.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use failsafe::futures::CircuitBreaker as _;
use failsafe::{backoff, failure_policy};
use recloser::{AsyncRecloser, Recloser};
use steadfast_benches::Case;
use steadfast_breaker::CircuitBreaker;
use steadfast_bulkhead::Bulkhead;
use steadfast_retry::Retry;
use tokio::sync::Semaphore;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_resilience_bulkhead::BulkheadLayer;
use tower_resilience_circuitbreaker::CircuitBreakerLayer;
use tower_resilience_retry::{ExponentialRandomBackoff, RetryLayer};

use super::alone::alone;
use super::failure::Failure;
use super::work::work;

const ATTEMPTS: usize = 5;
const BASE: Duration = Duration::from_millis(100);
const FAILURES: u32 = 5;
const OPEN_FOR: Duration = Duration::from_secs(30);
const PLACES: usize = 20;
const WAIT: Duration = Duration::from_secs(5);

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new("composed_ok", ours())
            .beside("recloser_backon_semaphore", by_hand_with_recloser())
            .beside("failsafe_backon_semaphore", by_hand_with_failsafe())
            .beside("tower_resilience", tower_resilience()),
    ]
}

fn ours() -> impl FnMut(u64) -> Duration {
    let retry = Retry::builder("bench")
        .max_attempts(ATTEMPTS as u32)
        .base_backoff(BASE)
        .build()
        .expect("a sound configuration");
    let breaker = CircuitBreaker::builder("bench")
        .failure_threshold(FAILURES)
        .open_for(OPEN_FOR)
        .build()
        .expect("a sound configuration");
    let bulkhead = Bulkhead::builder("bench")
        .max_concurrent(PLACES)
        .checkout_timeout(WAIT)
        .build()
        .expect("a sound configuration");
    let call = async move || retry.call(|_| breaker.call(|| bulkhead.call(work))).await;
    alone(call, Result::is_ok)
}

fn by_hand_with_recloser() -> impl FnMut(u64) -> Duration {
    let recloser = Recloser::custom()
        .error_rate(0.5)
        .closed_len(100)
        .open_wait(OPEN_FOR)
        .build();
    let breaker = AsyncRecloser::from(recloser);
    let semaphore = Semaphore::new(PLACES);
    let call = async move || {
        let attempt = || breaker.call(held(&semaphore));
        attempt.retry(exponential()).await
    };
    alone(call, Result::is_ok)
}

fn by_hand_with_failsafe() -> impl FnMut(u64) -> Duration {
    let policy = failure_policy::consecutive_failures(FAILURES, backoff::constant(OPEN_FOR));
    let breaker = failsafe::Config::new().failure_policy(policy).build();
    let semaphore = Semaphore::new(PLACES);
    let call = async move || {
        let attempt = || breaker.call(held(&semaphore));
        attempt.retry(exponential()).await
    };
    alone(call, Result::is_ok)
}

fn tower_resilience() -> impl FnMut(u64) -> Duration {
    let random = ExponentialRandomBackoff::new(BASE, 0.5).expect("a sound share");
    let breaker = CircuitBreakerLayer::builder()
        .consecutive_failures(FAILURES as usize)
        .wait_duration_in_open(OPEN_FOR)
        .build()
        .expect("a sound configuration");
    let bulkhead = BulkheadLayer::builder()
        .max_concurrent_calls(PLACES)
        .max_wait_duration(WAIT)
        .build()
        .expect("a sound configuration");
    let mut service = ServiceBuilder::new()
        .layer(
            RetryLayer::builder()
                .max_attempts(ATTEMPTS)
                .backoff(random)
                .build(),
        )
        .layer(breaker)
        .layer(bulkhead)
        .service(service_fn(|()| work()));
    let call = async move || service.ready().await?.call(()).await;
    alone(call, Result::is_ok)
}

fn exponential() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(BASE)
        .with_max_times(ATTEMPTS - 1)
        .with_jitter()
}

async fn held(semaphore: &Semaphore) -> Result<u64, Failure> {
    let _permit = semaphore.acquire().await.map_err(|_| Failure)?;
    work().await
}
