//! The peers, set as ours are.

use std::future::pending;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::{BoxError, Service, ServiceBuilder, service_fn};
use tower_resilience_bulkhead::{BulkheadConfigBuilder, BulkheadLayer, BulkheadServiceError};

use super::super::failure::Failure;
use super::super::work::work;
use super::PLACES;

/// Work in a place of tokio's semaphore, by hand.
pub(super) async fn held(semaphore: &Semaphore) -> Result<u64, Failure> {
    let _permit = semaphore.acquire().await.map_err(|_| Failure)?;
    work().await
}

/// The same, if there is a place at once.
pub(super) async fn held_at_once(semaphore: &Semaphore) -> Result<u64, Failure> {
    let _permit = semaphore.try_acquire().map_err(|_| Failure)?;
    work().await
}

/// A limit whose places are the semaphore's.
pub(super) fn tower_limit(
    places: Arc<Semaphore>,
) -> impl Service<(), Response = u64, Error = Failure> {
    ServiceBuilder::new()
        .layer(GlobalConcurrencyLimitLayer::with_semaphore(places))
        .service(service_fn(|()| work()))
}

/// Load shedding in front of such a limit.
pub(super) fn tower_load_shed(
    places: Arc<Semaphore>,
) -> impl Service<(), Response = u64, Error = BoxError> {
    ServiceBuilder::new()
        .load_shed()
        .service(tower_limit(places))
}

#[derive(Clone, Copy)]
pub(super) enum Work {
    Quick,
    Endless,
}

pub(super) fn tower_resilience(
    settings: impl FnOnce(BulkheadConfigBuilder) -> BulkheadConfigBuilder,
) -> impl Service<Work, Response = u64, Error = BulkheadServiceError<Failure>> + Clone + Send {
    let layer = settings(BulkheadLayer::builder().max_concurrent_calls(PLACES));
    ServiceBuilder::new()
        .layer(layer.build().expect("a sound configuration"))
        .service(service_fn(async |work_: Work| match work_ {
            Work::Quick => work().await,
            Work::Endless => pending().await,
        }))
}
