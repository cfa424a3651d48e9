//! The seam for telemetry: a set grows while it is used, and whoever watches it wants to watch what is new.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::breaker::CircuitBreaker;
use crate::unwind::caught;

/// Hears of the breakers that a [`Keyed`](crate::Keyed) set creates. Every method defaults to nothing.
///
/// It runs after the set's lock is released, on the thread that asked for the key first: keep it short. A
/// panic is caught and counted ([`KeyedSnapshot::observer_panics`](crate::KeyedSnapshot::observer_panics)).
///
/// A set keeps its observers alive. One that needs the set should keep a
/// [`WeakKeyed`](crate::WeakKeyed), or neither is ever freed.
pub trait KeyedObserver: Send + Sync {
    /// The set has a breaker for one more key. Another thread may have used it already.
    ///
    /// Do not keep the handle: while one is alive the breaker is not evicted.
    fn created(&self, breaker: &CircuitBreaker) {
        let _ = breaker;
    }
}

impl<O: KeyedObserver + ?Sized> KeyedObserver for Arc<O> {
    fn created(&self, breaker: &CircuitBreaker) {
        (**self).created(breaker);
    }
}

/// The observers of one set.
#[derive(Default)]
pub(super) struct Observers {
    list: RwLock<Arc<[Arc<dyn KeyedObserver>]>>,
    /// A count that orders nothing, hence relaxed.
    panics: AtomicU64,
}

impl Observers {
    pub(super) fn add(&self, observer: Arc<dyn KeyedObserver>) {
        // Dropped after the lock.
        let _replaced = {
            let mut list = self.list.write();
            let longer = list.iter().cloned().chain([observer]).collect();
            std::mem::replace(&mut *list, longer)
        };
    }

    /// The list is cloned out, so that no lock is held while code of others runs.
    pub(super) fn created(&self, breaker: &CircuitBreaker) {
        let observers = Arc::clone(&self.list.read());
        for observer in observers.iter() {
            if caught(|| observer.created(breaker)).is_none() {
                self.panics.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }
}
