//! Being told of retries and of calls given up.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::exhausted::Reason;

/// Is told of the rare things that happen in a [`Retry`](crate::Retry): retries and give-ups.
///
/// Calls that succeed at once are not pushed; read them from the
/// [`Snapshot`](crate::Snapshot). Observers run on the thread of the call, without any lock held.
/// One that panics hurts neither the call nor the other observers; the panic is counted in
/// [`Totals::observer_panics`](crate::Totals::observer_panics). Methods that are added later come
/// with a default that does nothing.
pub trait Observer: Send + Sync {
    /// An attempt has failed and another will follow after a wait. Called before the wait.
    fn retrying(&self, retrying: &Retrying) {
        let _ = retrying;
    }

    /// A call was given up.
    fn gave_up(&self, gave_up: &GaveUp) {
        let _ = gave_up;
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn retrying(&self, retrying: &Retrying) {
        (**self).retrying(retrying);
    }

    fn gave_up(&self, gave_up: &GaveUp) {
        (**self).gave_up(gave_up);
    }
}

/// An attempt has failed and another will follow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retrying {
    /// The name of the retry.
    pub name: Arc<str>,
    /// The number of the attempt that failed. The first is 1.
    pub attempt: u32,
    /// How long the call waits before the next attempt.
    pub wait: Duration,
}

/// A call was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GaveUp {
    /// The name of the retry.
    pub name: Arc<str>,
    /// How many attempts the call made.
    pub attempts: u32,
    /// How long the call took, as in [`Exhausted::elapsed`](crate::Exhausted::elapsed).
    pub elapsed: Duration,
    /// Why there was no other attempt.
    pub reason: Reason,
}

/// The observers of one retry. The list is behind a lock that only retries and give-ups take, and
/// those only once there is an observer.
pub(crate) struct Observers {
    any: AtomicBool,
    list: RwLock<Arc<[Arc<dyn Observer>]>>,
    panics: AtomicU64,
}

impl Observers {
    pub(crate) fn new(list: Vec<Arc<dyn Observer>>) -> Self {
        Self {
            any: AtomicBool::new(!list.is_empty()),
            list: RwLock::new(list.into()),
            panics: AtomicU64::new(0),
        }
    }

    pub(crate) fn add(&self, observer: Arc<dyn Observer>) {
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        *list = list.iter().cloned().chain([observer]).collect();
        // Relaxed: whoever sees it takes the lock, which orders the rest.
        self.any.store(true, Ordering::Relaxed);
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// Whether there is anybody to tell.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Tells every observer, in the order they were added, outside the lock.
    pub(crate) fn tell<Event>(
        &self,
        event: impl FnOnce() -> Event,
        tell: impl Fn(&dyn Observer, &Event),
    ) {
        if !self.any() {
            return;
        }
        let list = Arc::clone(&self.list.read().unwrap_or_else(PoisonError::into_inner));
        let event = event();
        for observer in list.iter() {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| tell(&**observer, &event))) {
                self.panics.fetch_add(1, Ordering::Relaxed);
                discard(payload);
            }
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers").finish_non_exhaustive()
    }
}

/// Drops what an observer has panicked with, which is the observer's as well and may panic in turn.
#[expect(
    clippy::mem_forget,
    reason = "dropping it could panic once more, without end"
)]
pub(crate) fn discard(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
}
