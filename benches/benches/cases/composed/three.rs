//! Retry, breaker with the consecutive rule (recloser: a rate of the last hundred), bulkhead.

use std::time::Duration;

use backon::Retryable;
use failsafe::futures::CircuitBreaker as _;
use steadfast_benches::Case;
use tokio::sync::Semaphore;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_resilience_circuitbreaker::CircuitBreakerLayer;

use super::super::alone::alone;
use super::super::failure::Failure;
use super::super::our_composed::{self, FAILURES, OPEN_FOR, PLACES};
use super::super::work::work;
use super::peers;

pub(super) fn case() -> Case {
    Case::new("composed_ok", our_composed::three())
        .beside("recloser_backon_semaphore", by_hand_with_recloser())
        .beside("failsafe_backon_semaphore", by_hand_with_failsafe())
        .beside("tower_resilience", tower_resilience())
}

fn by_hand_with_recloser() -> impl FnMut(u64) -> Duration {
    let breaker = peers::recloser();
    let semaphore = Semaphore::new(PLACES);
    let call = async move || {
        let attempt = || breaker.call(held(&semaphore));
        attempt.retry(peers::exponential()).await
    };
    alone(call, Result::is_ok)
}

fn by_hand_with_failsafe() -> impl FnMut(u64) -> Duration {
    let breaker = peers::failsafe();
    let semaphore = Semaphore::new(PLACES);
    let call = async move || {
        let attempt = || breaker.call(held(&semaphore));
        attempt.retry(peers::exponential()).await
    };
    alone(call, Result::is_ok)
}

async fn held(semaphore: &Semaphore) -> Result<u64, Failure> {
    let _permit = semaphore.acquire().await.map_err(|_| Failure)?;
    work().await
}

fn tower_resilience() -> impl FnMut(u64) -> Duration {
    let breaker = CircuitBreakerLayer::builder()
        .consecutive_failures(FAILURES as usize)
        .wait_duration_in_open(OPEN_FOR)
        .build()
        .expect("a sound configuration");
    let mut service = ServiceBuilder::new()
        .layer(peers::tower_retry())
        .layer(breaker)
        .layer(peers::tower_bulkhead())
        .service(service_fn(|()| work()));
    let call = async move || service.ready().await?.call(()).await;
    alone(call, Result::is_ok)
}
