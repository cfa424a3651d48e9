//! Our patterns around each other, around work that succeeds.

use std::time::Duration;

use steadfast_breaker::{Builder, CircuitBreaker, Window};
use steadfast_bulkhead::Bulkhead;
use steadfast_retry::Retry;

use super::alone::alone;
use super::work::work;

pub(crate) const ATTEMPTS: usize = 5;
pub(crate) const BASE: Duration = Duration::from_millis(100);
pub(crate) const FAILURES: u32 = 5;
pub(crate) const CALLS: u32 = 100;
pub(crate) const RATE: f64 = 0.5;
pub(crate) const OPEN_FOR: Duration = Duration::from_secs(30);
pub(crate) const PLACES: usize = 20;
pub(crate) const WAIT: Duration = Duration::from_secs(5);
/// Longer than any call here takes.
pub(crate) const LIMIT: Duration = Duration::from_secs(1);

/// Retry, breaker and bulkhead.
pub(crate) fn three() -> impl FnMut(u64) -> Duration {
    let retry = retry(None);
    let breaker = breaker(|builder| builder.failure_threshold(FAILURES));
    let bulkhead = bulkhead();
    let call = async move || retry.call(|_| breaker.call(|| bulkhead.call(work))).await;
    alone(call, Result::is_ok)
}

/// With the retry's own limit for each attempt, which counts from when an attempt was not ready.
pub(crate) fn four() -> impl FnMut(u64) -> Duration {
    let retry = retry(Some(LIMIT));
    let breaker = breaker(window);
    let bulkhead = bulkhead();
    let call = async move || retry.call(|_| breaker.call(|| bulkhead.call(work))).await;
    alone(call, Result::is_ok)
}

fn retry(attempt_timeout: Option<Duration>) -> Retry {
    let mut builder = Retry::builder("bench")
        .max_attempts(ATTEMPTS as u32)
        .base_backoff(BASE);
    if let Some(limit) = attempt_timeout {
        builder = builder.attempt_timeout(limit);
    }
    builder.build().expect("a sound configuration")
}

fn breaker(rule: impl FnOnce(Builder) -> Builder) -> CircuitBreaker {
    let builder = rule(CircuitBreaker::builder("bench").open_for(OPEN_FOR));
    builder.build().expect("a sound configuration")
}

/// Half of the last hundred calls.
fn window(builder: Builder) -> Builder {
    builder.window(Window::Calls(CALLS)).failure_rate(RATE)
}

fn bulkhead() -> Bulkhead {
    Bulkhead::builder("bench")
        .max_concurrent(PLACES)
        .checkout_timeout(WAIT)
        .build()
        .expect("a sound configuration")
}
