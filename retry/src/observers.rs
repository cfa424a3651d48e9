//! Those who are told, whatever they are told of.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::RwLock;

/// The observers of one retry, hedge or budget. The list is behind a lock that only rare events take, and those
/// only once there is an observer.
pub(crate) struct Observers<O: ?Sized> {
    any: AtomicBool,
    list: RwLock<Arc<[Arc<O>]>>,
    panics: AtomicU64,
}

impl<O: ?Sized> Observers<O> {
    pub(crate) fn new(list: Vec<Arc<O>>) -> Self {
        Self {
            any: AtomicBool::new(!list.is_empty()),
            list: RwLock::new(list.into()),
            panics: AtomicU64::new(0),
        }
    }

    pub(crate) fn add(&self, observer: Arc<O>) {
        let mut list = self.list.write();
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
    pub(crate) fn tell<Event>(&self, event: impl FnOnce() -> Event, tell: impl Fn(&O, &Event)) {
        if !self.any() {
            return;
        }
        let list = Arc::clone(&self.list.read());
        let event = event();
        for observer in list.iter() {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| tell(observer, &event))) {
                self.panics.fetch_add(1, Ordering::Relaxed);
                discard(payload);
            }
        }
    }
}

impl<O: ?Sized> fmt::Debug for Observers<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers").finish_non_exhaustive()
    }
}

/// Drops what an observer has panicked with, which is the observer's as well and may panic in turn.
#[expect(
    clippy::mem_forget,
    reason = "dropping it could panic once more, without end"
)]
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
}
