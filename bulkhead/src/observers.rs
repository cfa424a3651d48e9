//! The observers of one bulkhead.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use parking_lot::RwLock;

use crate::{observer::Observer, unwind};

#[derive(Default)]
pub(crate) struct Observers {
    list: RwLock<Arc<[Listed]>>,
    /// How many there are, and how many of them want every call: spare the unobserved bulkhead the
    /// lock. Relaxed: they guard nothing, the list itself is read under its lock.
    count: AtomicUsize,
    for_every_call: AtomicUsize,
    panics: AtomicU64,
}

#[derive(Clone)]
struct Listed {
    observer: Arc<dyn Observer>,
    wants_every_call: bool,
}

impl Observers {
    pub(crate) fn new(list: impl IntoIterator<Item = Arc<dyn Observer>>) -> Self {
        let observers = Self::default();
        list.into_iter()
            .for_each(|observer| observers.add(observer));
        observers
    }

    pub(crate) fn add(&self, observer: Arc<dyn Observer>) {
        let wants_every_call = observer.wants_every_call();
        let added = Listed {
            observer,
            wants_every_call,
        };
        let replaced = {
            let mut list = self.list.write();
            let longer = list.iter().cloned().chain([added]).collect();
            self.count.fetch_add(1, Ordering::Relaxed);
            if wants_every_call {
                self.for_every_call.fetch_add(1, Ordering::Relaxed);
            }
            std::mem::replace(&mut *list, longer)
        };
        drop(replaced);
    }

    #[inline]
    pub(crate) fn are_any(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    #[inline]
    pub(crate) fn are_for_every_call(&self) -> bool {
        self.for_every_call.load(Ordering::Relaxed) > 0
    }

    /// Shows the event to every observer.
    #[inline]
    pub(crate) fn notify(&self, show: impl Fn(&dyn Observer)) {
        if self.are_any() {
            self.show(show, |_| true);
        }
    }

    /// Shows the event to those who want every call.
    #[inline]
    pub(crate) fn notify_of_every_call(&self, show: impl Fn(&dyn Observer)) {
        if self.are_for_every_call() {
            self.show(show, |listed| listed.wants_every_call);
        }
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// The observers run outside the lock of the list.
    #[cold]
    fn show(&self, show: impl Fn(&dyn Observer), whom: impl Fn(&Listed) -> bool) {
        let list = Arc::clone(&self.list.read());
        for listed in list.iter().filter(|listed| whom(listed)) {
            if unwind::caught(|| show(&*listed.observer)).is_none() {
                self.panics.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers")
            .field("count", &self.count)
            .field("panics", &self.panics)
            .finish()
    }
}
