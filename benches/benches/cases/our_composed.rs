//! Our patterns around each other, around work that succeeds.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use steadfast_breaker::{Builder, CircuitBreaker, Window};
use steadfast_bulkhead::Bulkhead;
use steadfast_retry::Retry;
use tokio::time::timeout;

use super::alone::alone;
use super::failure::Failure;
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

/// With the retry's own limit for each attempt, which notes the time when an attempt begins.
pub(crate) fn four() -> impl FnMut(u64) -> Duration {
    let retry = retry(Some(LIMIT));
    let breaker = breaker(window);
    let bulkhead = bulkhead();
    let call = async move || retry.call(|_| breaker.call(|| bulkhead.call(work))).await;
    alone(call, Result::is_ok)
}

/// With a timeout of the caller's own instead, which begins when the work was pending once.
pub(crate) fn four_with_late_timeout() -> impl FnMut(u64) -> Duration {
    let retry = retry(None);
    let breaker = breaker(window);
    let bulkhead = bulkhead();
    let call = async move || {
        let attempt = || bulkhead.call(|| in_time(work()));
        retry.call(|_| breaker.call(attempt)).await
    };
    alone(call, Result::is_ok)
}

async fn in_time(work: impl Future<Output = Result<u64, Failure>>) -> Result<u64, Failure> {
    let mut work = pin!(work);
    let first = std::future::poll_fn(|context| Poll::Ready(work.as_mut().poll(context)));
    if let Poll::Ready(answer) = first.await {
        return answer;
    }
    timeout(LIMIT, work).await.map_err(|_| Failure)?
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
