//! The only place is taken, and nobody may wait.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use steadfast_benches::Case;
use steadfast_bulkhead::{Error, Rejected};
use tokio::sync::Semaphore;
use tower::{Service, ServiceExt};
use tower_resilience_bulkhead::{BulkheadError, BulkheadServiceError};

use super::super::alone::alone;
use super::super::failure::Failure;
use super::super::runtime::runtime;
use super::super::work::work;
use super::ours;
use super::peers::{self, Work, held_at_once};

pub(super) fn cases() -> Vec<Case> {
    let bulkhead = ours(|builder| builder.max_concurrent(1).max_waiting(0));
    let permit = bulkhead.try_acquire().expect("its first place is free");
    let asked = bulkhead.clone();
    let raw = Semaphore::new(0);
    let mut load_shed = peers::tower_load_shed(Arc::new(Semaphore::new(0)));
    let mut tower_resilience =
        peers::tower_resilience(|layer| layer.max_concurrent_calls(1).reject_when_full());
    let taken = begun(tower_resilience.clone().oneshot(Work::Endless));
    let ours = async move || {
        let _held = &permit;
        bulkhead.call(work).await
    };
    let ours_permit = async move || asked.try_acquire().map(drop);
    let raw = async move || held_at_once(&raw).await;
    let load_shed = async move || load_shed.ready().await?.call(()).await;
    let tower_resilience = async move || {
        let _held = &taken;
        tower_resilience.ready().await?.call(Work::Quick).await
    };
    let is_rejected =
        |answer: &Result<u64, Error<Failure>>| matches!(answer, Err(Error::Rejected(_)));
    let is_refused = |answer: &Result<(), Rejected>| answer.is_err();
    vec![
        Case::new("bulkhead_full", alone(ours, is_rejected))
            .beside("ours_permit", alone(ours_permit, is_refused))
            .beside("raw_try_acquire", alone(raw, Result::is_err))
            .beside("tower_load_shed", alone(load_shed, Result::is_err))
            .beside("tower_resilience", alone(tower_resilience, is_towers)),
    ]
}

fn is_towers(answer: &Result<u64, BulkheadServiceError<Failure>>) -> bool {
    matches!(
        answer,
        Err(BulkheadServiceError::Bulkhead(
            BulkheadError::BulkheadFull { .. } | BulkheadError::Timeout
        ))
    )
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
