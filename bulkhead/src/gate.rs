//! The state behind its one lock. No method here runs anything of the user's (wakers, drops of
//! wakers, observers) while it holds the lock.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::{Poll, Waker},
    time::Duration,
};

use parking_lot::{Mutex, MutexGuard};

use crate::{
    error::{Reason, Rejected},
    observer::Observers,
    queue::Key,
    snapshot::Snapshot,
    state::{Handover, Spot, State},
};

#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) name: Arc<str>,
    pub(crate) checkout_timeout: Duration,
    pub(crate) observers: Observers,
    state: Mutex<State>,
}

impl Gate {
    pub(crate) fn new(
        name: Arc<str>,
        checkout_timeout: Duration,
        observers: Observers,
        state: State,
    ) -> Self {
        Self {
            name,
            checkout_timeout,
            observers,
            state: Mutex::new(state),
        }
    }

    /// Takes a free place. The caller must put it into a permit before anything else.
    #[inline]
    pub(crate) fn try_enter(&self) -> Result<(), Rejected> {
        let mut state = self.state.lock();
        if state.admit() {
            return Ok(());
        }
        Err(self.refuse(state))
    }

    /// Takes a free place (`None`), with the same duty, or a place in line.
    #[inline]
    pub(crate) fn enter(&self) -> Result<Option<Spot>, Rejected> {
        let mut state = self.state.lock();
        if state.admit() {
            return Ok(None);
        }
        self.line_up(state).map(Some)
    }

    #[cold]
    fn refuse(&self, mut state: MutexGuard<'_, State>) -> Rejected {
        let reason = state.refuse();
        drop(state);
        self.reject(reason)
    }

    #[cold]
    fn line_up(&self, mut state: MutexGuard<'_, State>) -> Result<Spot, Rejected> {
        let spot = state.line_up();
        drop(state);
        spot.map_err(|reason| self.reject(reason))
    }

    pub(crate) fn poll(
        &self,
        key: Key,
        waker: &Waker,
        waited: Duration,
    ) -> Poll<Result<(), Reason>> {
        let mut waker = Some(waker.clone());
        let polled = self.state.lock().poll(key, &mut waker, waited);
        drop(waker);
        polled
    }

    pub(crate) fn finish(&self, key: Key, waited: Duration) -> Result<(), Reason> {
        let (waker, finished) = self.state.lock().finish(key, waited);
        drop(waker);
        finished
    }

    pub(crate) fn abandon(&self, key: Key) {
        let abandoned = self.state.lock().abandon(key);
        wake(abandoned.handover);
        drop(abandoned.unused);
    }

    /// Takes a permit's place back.
    #[inline]
    pub(crate) fn release(&self) {
        let handover = self.state.lock().release();
        wake(handover);
    }

    pub(crate) fn close(&self) {
        let mut wakers = Vec::new();
        self.state.lock().close(&mut wakers);
        wakers.into_iter().for_each(wake_now);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// Tells the observers about a refusal that is already counted.
    #[inline]
    pub(crate) fn reject(&self, reason: Reason) -> Rejected {
        let rejected = Rejected::new(Arc::clone(&self.name), reason);
        self.observers
            .notify(|observer| observer.rejected(&rejected));
        rejected
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let name = Arc::clone(&self.name);
        let observer_panics = self.observers.panics();
        let state = self.state.lock();
        let mut totals = state.totals.clone();
        totals.observer_panics = observer_panics;
        Snapshot {
            name,
            max_concurrent: state.max_concurrent,
            max_waiting: state.max_waiting,
            available: state.max_concurrent - state.busy,
            busy: state.busy,
            waiting: state.queue.len(),
            peak_busy: state.peak_busy,
            peak_waiting: state.peak_waiting,
            closed: state.closed,
            totals,
        }
    }
}

#[inline]
fn wake(handover: Handover) {
    if let Some(waker) = handover {
        wake_now(waker);
    }
}

/// Wakes the one who was handed a place. A waker that panics breaks its own contract; it must not
/// take down the caller who gave the place back, who may be unwinding already, nor keep the other
/// waiters of a closed bulkhead asleep.
#[cold]
fn wake_now(waker: Waker) {
    let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
}
