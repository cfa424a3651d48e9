//! A place is free: a call in it, and a permit for it, taken and given back.

use std::sync::Arc;

use steadfast_benches::{Case, blocking};
use tokio::sync::Semaphore;
use tower::{Service, ServiceExt};

use super::super::alone::alone;
use super::super::work::work;
use super::peers::{self, Work, held, held_at_once};
use super::{PLACES, WAIT, ours};

pub(super) fn cases() -> Vec<Case> {
    vec![call(), permit()]
}

fn call() -> Case {
    let bulkhead = ours(|builder| builder);
    let semaphore = Semaphore::new(PLACES);
    let raw = Semaphore::new(PLACES);
    let mut limit = peers::tower_limit(Arc::new(Semaphore::new(PLACES)));
    let mut load_shed = peers::tower_load_shed(Arc::new(Semaphore::new(PLACES)));
    let mut tower_resilience = peers::tower_resilience(|layer| layer.max_wait_duration(WAIT));
    let ours = async move || bulkhead.call(work).await;
    let raw = async move || held_at_once(&raw).await;
    let semaphore = async move || held(&semaphore).await;
    let limit = async move || limit.ready().await?.call(()).await;
    let load_shed = async move || load_shed.ready().await?.call(()).await;
    let tower_resilience = async move || tower_resilience.ready().await?.call(Work::Quick).await;
    Case::new("bulkhead_ok", alone(ours, Result::is_ok))
        .beside("raw_try_acquire", alone(raw, Result::is_ok))
        .beside("tokio_semaphore", alone(semaphore, Result::is_ok))
        .beside("tower_limit", alone(limit, Result::is_ok))
        .beside("tower_load_shed", alone(load_shed, Result::is_ok))
        .beside("tower_resilience", alone(tower_resilience, Result::is_ok))
}

fn permit() -> Case {
    let bulkhead = ours(|builder| builder);
    let raw = Semaphore::new(PLACES);
    let owned = Arc::new(Semaphore::new(PLACES));
    let ours = move || bulkhead.try_acquire().map(drop);
    let raw = move || raw.try_acquire().map(drop);
    let owned = move || Arc::clone(&owned).try_acquire_owned().map(drop);
    Case::new("bulkhead_permit", blocking(ours, Result::is_ok))
        .beside("raw_try_acquire", blocking(raw, Result::is_ok))
        .beside("try_acquire_owned", blocking(owned, Result::is_ok))
}
