//! Places are free, for two threads that share them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast_benches::Case;
use tokio::sync::Semaphore;
use tower::{Service, ServiceExt};

use super::super::together::together;
use super::super::work::work;
use super::peers::{self, Work, held, held_at_once};
use super::{PLACES, WAIT, ours};

pub(super) fn cases() -> Vec<Case> {
    vec![calls(), permits()]
}

fn calls() -> Case {
    let bulkhead = ours(|builder| builder);
    let [raw, semaphore, limit, load_shed] = [(); 4].map(|()| Arc::new(Semaphore::new(PLACES)));
    let tower_resilience = Mutex::new(peers::tower_resilience(|layer| {
        layer.max_wait_duration(WAIT)
    }));
    let ours = both(move || {
        let bulkhead = bulkhead.clone();
        async move || bulkhead.call(work).await
    });
    let raw = both(move || {
        let raw = Arc::clone(&raw);
        async move || held_at_once(&raw).await
    });
    let semaphore = both(move || {
        let semaphore = Arc::clone(&semaphore);
        async move || held(&semaphore).await
    });
    let limit = both(move || {
        let mut limit = peers::tower_limit(Arc::clone(&limit));
        async move || limit.ready().await?.call(()).await
    });
    let load_shed = both(move || {
        let mut load_shed = peers::tower_load_shed(Arc::clone(&load_shed));
        async move || load_shed.ready().await?.call(()).await
    });
    let tower_resilience = both(move || {
        let mut service = tower_resilience.lock().expect("no clone panics").clone();
        async move || service.ready().await?.call(Work::Quick).await
    });
    Case::new("bulkhead_ok_2_threads", ours)
        .beside("raw_try_acquire", raw)
        .beside("tokio_semaphore", semaphore)
        .beside("tower_limit", limit)
        .beside("tower_load_shed", load_shed)
        .beside("tower_resilience", tower_resilience)
}

fn permits() -> Case {
    let bulkhead = ours(|builder| builder);
    let [raw, owned] = [(); 2].map(|()| Arc::new(Semaphore::new(PLACES)));
    let ours = both(move || {
        let bulkhead = bulkhead.clone();
        async move || bulkhead.try_acquire().map(drop)
    });
    let raw = both(move || {
        let raw = Arc::clone(&raw);
        async move || raw.try_acquire().map(drop)
    });
    let owned = both(move || {
        let owned = Arc::clone(&owned);
        async move || Arc::clone(&owned).try_acquire_owned().map(drop)
    });
    Case::new("bulkhead_permit_2_threads", ours)
        .beside("raw_try_acquire", raw)
        .beside("try_acquire_owned", owned)
}

/// Two threads that do what succeeds.
fn both<T, E, Op>(operation: impl Fn() -> Op + Sync) -> impl FnMut(u64) -> Duration
where
    Op: AsyncFnMut() -> Result<T, E>,
{
    together(2, operation, Result::is_ok)
}
