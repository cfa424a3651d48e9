//! Those who are told, whatever they are told of.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::RwLock;

/// The observers of one retry, hedge or budget. The list is behind a lock that only rare events take, and those
/// only while an observer listens.
pub(crate) struct Observers<O: ?Sized> {
    any: AtomicBool,
    list: RwLock<Arc<[Listed<O>]>>,
    /// Whether an observer listens at present.
    listens: fn(&O) -> bool,
    panics: AtomicU64,
}

struct Listed<O: ?Sized> {
    observer: Arc<O>,
    listens: bool,
}

impl<O: ?Sized> Observers<O> {
    pub(crate) fn new(list: Vec<Arc<O>>, listens: fn(&O) -> bool) -> Self {
        let list = list.into_iter().map(|observer| Listed {
            observer,
            listens: false,
        });
        let observers = Self {
            any: AtomicBool::new(false),
            list: RwLock::new(list.collect()),
            listens,
            panics: AtomicU64::new(0),
        };
        observers.ask();
        observers
    }

    pub(crate) fn add(&self, observer: Arc<O>) {
        let mut list = self.list.write();
        let added = Listed {
            observer,
            listens: false,
        };
        let longer = list.iter().cloned().chain([added]).collect();
        let replaced = std::mem::replace(&mut *list, longer);
        drop(list);
        drop(replaced);
        self.ask();
    }

    /// Asks every observer whether it listens now, outside the lock.
    pub(crate) fn ask(&self) {
        loop {
            let list = Arc::clone(&self.list.read());
            let answers = list.iter().map(|Listed { observer, .. }| Listed {
                observer: Arc::clone(observer),
                listens: self.caught(|| (self.listens)(observer)).unwrap_or(true),
            });
            let answers: Arc<[_]> = answers.collect();
            let any = answers.iter().any(|listed| listed.listens);
            let mut now = self.list.write();
            // Otherwise somebody asked at the same time, and these answers may be the older ones.
            if Arc::ptr_eq(&now, &list) {
                // Relaxed: whoever sees it takes the lock, which orders the rest.
                self.any.store(any, Ordering::Relaxed);
                let replaced = std::mem::replace(&mut *now, answers);
                drop(now);
                drop(replaced);
                return;
            }
        }
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// Whether anybody listens.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Tells every observer that listens, in the order they were added, outside the lock.
    pub(crate) fn tell<Event>(&self, event: impl FnOnce() -> Event, tell: impl Fn(&O, &Event)) {
        if !self.any() {
            return;
        }
        let list = Arc::clone(&self.list.read());
        let event = event();
        for listed in list.iter().filter(|listed| listed.listens) {
            self.caught(|| tell(&listed.observer, &event));
        }
    }

    fn caught<T>(&self, code: impl FnOnce() -> T) -> Option<T> {
        match catch_unwind(AssertUnwindSafe(code)) {
            Ok(value) => Some(value),
            Err(payload) => {
                self.panics.fetch_add(1, Ordering::Relaxed);
                discard(payload);
                None
            }
        }
    }
}

impl<O: ?Sized> Clone for Listed<O> {
    fn clone(&self) -> Self {
        Self {
            observer: Arc::clone(&self.observer),
            listens: self.listens,
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
