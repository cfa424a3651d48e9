//! A bulkhead of 20 places with room in it, and one of a single place that is taken.
//!
//! Where there is room, ours and tower-resilience's would wait up to five seconds for a place and
//! tokio's semaphore for ever, while tower's would refuse at once. Where there is none, all refuse
//! at once.

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use steadfast_benches::Case;
use steadfast_bulkhead::{Builder, Bulkhead, Error};
use tokio::sync::Semaphore;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_resilience_bulkhead::{
    BulkheadConfigBuilder, BulkheadError, BulkheadLayer, BulkheadServiceError,
};

use super::alone::alone;
use super::failure::Failure;
use super::runtime::runtime;
use super::together::together;
use super::work::work;

const PLACES: usize = 20;
const WAIT: Duration = Duration::from_secs(5);

pub(crate) fn cases() -> Vec<Case> {
    vec![ok(), full(), two_threads()]
}

fn ok() -> Case {
    let bulkhead = ours(|builder| builder);
    let semaphore = Semaphore::new(PLACES);
    let mut tower = tower(Arc::new(Semaphore::new(PLACES)));
    let mut tower_resilience = tower_resilience(|layer| layer.max_wait_duration(WAIT));
    let ours = async move || bulkhead.call(work).await;
    let semaphore = async move || held(&semaphore).await;
    let tower = async move || tower.ready().await?.call(()).await;
    let tower_resilience = async move || tower_resilience.ready().await?.call(Work::Quick).await;
    Case::new("bulkhead_ok", alone(ours, Result::is_ok))
        .beside("tokio_semaphore", alone(semaphore, Result::is_ok))
        .beside("tower", alone(tower, Result::is_ok))
        .beside("tower_resilience", alone(tower_resilience, Result::is_ok))
}

fn full() -> Case {
    let bulkhead = ours(|builder| builder.max_concurrent(1).max_waiting(0));
    let permit = bulkhead.try_acquire().expect("its first place is free");
    let semaphore = Semaphore::new(0);
    let mut tower = tower(Arc::new(Semaphore::new(0)));
    let mut tower_resilience =
        tower_resilience(|layer| layer.max_concurrent_calls(1).reject_when_full());
    let taken = begun(tower_resilience.clone().oneshot(Work::Endless));
    let ours = async move || {
        let _held = &permit;
        bulkhead.call(work).await
    };
    let semaphore = async move || match semaphore.try_acquire() {
        Ok(_permit) => work().await.map_err(|_| ()),
        Err(_) => Err(()),
    };
    let tower = async move || tower.ready().await?.call(()).await;
    let tower_resilience = async move || {
        let _held = &taken;
        tower_resilience.ready().await?.call(Work::Quick).await
    };
    Case::new(
        "bulkhead_full",
        alone(ours, |answer| matches!(answer, Err(Error::Rejected(_)))),
    )
    .beside("tokio_semaphore", alone(semaphore, Result::is_err))
    .beside("tower", alone(tower, Result::is_err))
    .beside(
        "tower_resilience",
        alone(tower_resilience, |answer| {
            matches!(
                answer,
                Err(BulkheadServiceError::Bulkhead(
                    BulkheadError::BulkheadFull { .. } | BulkheadError::Timeout
                ))
            )
        }),
    )
}

fn two_threads() -> Case {
    let bulkhead = ours(|builder| builder);
    let semaphore = Arc::new(Semaphore::new(PLACES));
    let tower_semaphore = Arc::new(Semaphore::new(PLACES));
    let tower_resilience = Mutex::new(tower_resilience(|layer| layer.max_wait_duration(WAIT)));
    let ours = together(
        2,
        move || {
            let bulkhead = bulkhead.clone();
            async move || bulkhead.call(work).await
        },
        Result::is_ok,
    );
    let semaphore = together(
        2,
        move || {
            let semaphore = Arc::clone(&semaphore);
            async move || held(&semaphore).await
        },
        Result::is_ok,
    );
    let tower = together(
        2,
        move || {
            let mut tower = tower(Arc::clone(&tower_semaphore));
            async move || tower.ready().await?.call(()).await
        },
        Result::is_ok,
    );
    let tower_resilience = together(
        2,
        move || {
            let mut service = tower_resilience.lock().expect("no clone panics").clone();
            async move || service.ready().await?.call(Work::Quick).await
        },
        Result::is_ok,
    );
    Case::new("bulkhead_ok_2_threads", ours)
        .beside("tokio_semaphore", semaphore)
        .beside("tower", tower)
        .beside("tower_resilience", tower_resilience)
}

fn ours(settings: impl FnOnce(Builder) -> Builder) -> Bulkhead {
    let builder = Bulkhead::builder("bench")
        .max_concurrent(PLACES)
        .checkout_timeout(WAIT);
    settings(builder).build().expect("a sound configuration")
}

/// Work done by hand in a place of tokio's semaphore.
async fn held(semaphore: &Semaphore) -> Result<u64, Failure> {
    let _permit = semaphore.acquire().await.map_err(|_| Failure)?;
    work().await
}

/// Load shedding in front of a limit whose places are the semaphore's.
fn tower(places: Arc<Semaphore>) -> impl Service<(), Response = u64, Error = BoxError> {
    ServiceBuilder::new()
        .load_shed()
        .layer(GlobalConcurrencyLimitLayer::with_semaphore(places))
        .service(service_fn(|()| work()))
}

#[derive(Clone, Copy)]
enum Work {
    Quick,
    Endless,
}

fn tower_resilience(
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

/// The future, polled once and found to be pending.
fn begun<F: Future + 'static>(future: F) -> Pin<Box<F>> {
    let mut future = Box::pin(future);
    runtime().block_on(poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending());
        Poll::Ready(())
    }));
    future
}
