//! Retry, breaker with a window of a hundred calls (failsafe: the consecutive rule), bulkhead, timeout.
//!
//! The peers' timeouts are tokio's, around the work: they read the clock at their beginning. Ours is the
//! retry's limit for an attempt, which begins when the work is not ready at its first poll.

use std::time::Duration;

use backon::Retryable;
use failsafe::futures::CircuitBreaker as _;
use steadfast_benches::Case;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_resilience_circuitbreaker::CircuitBreakerLayer;
use tower_resilience_timelimiter::TimeLimiterLayer;

use super::super::alone::alone;
use super::super::failure::Failure;
use super::super::our_composed::{self, CALLS, LIMIT, OPEN_FOR, PLACES, RATE};
use super::super::work::work;
use super::peers;

pub(super) fn case() -> Case {
    Case::new("composed_four", our_composed::four())
        .beside("recloser_backon_semaphore", by_hand_with_recloser())
        .beside("failsafe_backon_semaphore", by_hand_with_failsafe())
        .beside("tower_resilience", tower_resilience())
}

fn by_hand_with_recloser() -> impl FnMut(u64) -> Duration {
    let breaker = peers::recloser();
    let semaphore = Semaphore::new(PLACES);
    let call = async move || {
        let attempt = || breaker.call(held_in_time(&semaphore));
        attempt.retry(peers::exponential()).await
    };
    alone(call, Result::is_ok)
}

fn by_hand_with_failsafe() -> impl FnMut(u64) -> Duration {
    let breaker = peers::failsafe();
    let semaphore = Semaphore::new(PLACES);
    let call = async move || {
        let attempt = || breaker.call(held_in_time(&semaphore));
        attempt.retry(peers::exponential()).await
    };
    alone(call, Result::is_ok)
}

async fn held_in_time(semaphore: &Semaphore) -> Result<u64, Failure> {
    let _permit = semaphore.acquire().await.map_err(|_| Failure)?;
    timeout(LIMIT, work()).await.map_err(|_| Failure)?
}

fn tower_resilience() -> impl FnMut(u64) -> Duration {
    let breaker = CircuitBreakerLayer::builder()
        .failure_rate_threshold(RATE)
        .sliding_window_size(CALLS as usize)
        .wait_duration_in_open(OPEN_FOR)
        .build()
        .expect("a sound configuration");
    let mut service = ServiceBuilder::new()
        .layer(peers::tower_retry())
        .layer(breaker)
        .layer(peers::tower_bulkhead())
        .layer(TimeLimiterLayer::builder().timeout_duration(LIMIT).build())
        .service(service_fn(|()| work()));
    let call = async move || service.ready().await?.call(()).await;
    alone(call, Result::is_ok)
}
