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
    /// How many want to hear of what: spare the bulkhead that nobody listens to the lock. Relaxed: they
    /// guard nothing, the list itself is read under its lock.
    for_every_call: AtomicUsize,
    for_waits: AtomicUsize,
    for_rejections: AtomicUsize,
    panics: AtomicU64,
}

#[derive(Clone)]
struct Listed {
    observer: Arc<dyn Observer>,
    wants: Wants,
}

/// What an observer has answered.
#[derive(Clone, Copy)]
struct Wants {
    every_call: bool,
    waits: bool,
    rejections: bool,
}

impl Observers {
    pub(crate) fn new(list: impl IntoIterator<Item = Arc<dyn Observer>>) -> Self {
        let observers = Self::default();
        list.into_iter()
            .for_each(|observer| observers.add(observer));
        observers
    }

    pub(crate) fn add(&self, observer: Arc<dyn Observer>) {
        let wants = Wants {
            every_call: self.answer(|| observer.wants_every_call()).unwrap_or(false),
            ..self.ask_one(&*observer)
        };
        let added = Listed { observer, wants };
        let replaced = {
            let mut list = self.list.write();
            let longer = list.iter().cloned().chain([added]).collect();
            self.replace(&mut list, longer)
        };
        drop(replaced);
        // What it wants may have changed before it was in the list.
        self.ask();
    }

    /// Asks every observer what it wants to hear now, outside the lock of the list.
    pub(crate) fn ask(&self) {
        loop {
            let list = Arc::clone(&self.list.read());
            let answers = list.iter().map(|Listed { observer, wants }| Listed {
                observer: Arc::clone(observer),
                wants: Wants {
                    every_call: wants.every_call,
                    ..self.ask_one(&**observer)
                },
            });
            let answers: Arc<[Listed]> = answers.collect();
            let mut now = self.list.write();
            // Otherwise somebody asked at the same time, and these answers may be the older ones.
            if Arc::ptr_eq(&now, &list) {
                let replaced = self.replace(&mut now, answers);
                drop(now);
                drop(replaced);
                return;
            }
        }
    }

    fn replace(&self, list: &mut Arc<[Listed]>, by: Arc<[Listed]>) -> Arc<[Listed]> {
        let count = |wants: fn(&Wants) -> bool| by.iter().filter(|one| wants(&one.wants)).count();
        for (number, count) in [
            (&self.for_every_call, count(|wants| wants.every_call)),
            (&self.for_waits, count(|wants| wants.waits)),
            (&self.for_rejections, count(|wants| wants.rejections)),
        ] {
            number.store(count, Ordering::Relaxed);
        }
        std::mem::replace(list, by)
    }

    #[inline]
    pub(crate) fn are_for_every_call(&self) -> bool {
        self.for_every_call.load(Ordering::Relaxed) > 0
    }

    #[inline]
    pub(crate) fn are_for_rejections(&self) -> bool {
        self.for_rejections.load(Ordering::Relaxed) > 0
    }

    #[inline]
    fn are_for_waits(&self) -> bool {
        self.for_waits.load(Ordering::Relaxed) > 0
    }

    /// Shows the refusal to those who want them.
    #[inline]
    pub(crate) fn notify_of_rejection(&self, show: impl Fn(&dyn Observer)) {
        if self.are_for_rejections() {
            self.show(show, |wants| wants.rejections);
        }
    }

    /// Shows what comes of waiting to those who want that.
    #[inline]
    pub(crate) fn notify_of_wait(&self, show: impl Fn(&dyn Observer)) {
        if self.are_for_waits() {
            self.show(show, |wants| wants.waits);
        }
    }

    /// Shows that a caller got in after it had waited.
    #[inline]
    pub(crate) fn notify_of_late_call(&self, show: impl Fn(&dyn Observer)) {
        if self.are_for_waits() || self.are_for_every_call() {
            self.show(show, |wants| wants.waits || wants.every_call);
        }
    }

    /// Shows the event to those who want every call.
    #[inline]
    pub(crate) fn notify_of_every_call(&self, show: impl Fn(&dyn Observer)) {
        if self.are_for_every_call() {
            self.show(show, |wants| wants.every_call);
        }
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// The observers run outside the lock of the list.
    #[cold]
    fn show(&self, show: impl Fn(&dyn Observer), whom: impl Fn(&Wants) -> bool) {
        let list = Arc::clone(&self.list.read());
        for listed in list.iter().filter(|listed| whom(&listed.wants)) {
            self.answer(|| show(&*listed.observer));
        }
    }

    /// Of what may change. One that panics is told.
    fn ask_one(&self, observer: &dyn Observer) -> Wants {
        Wants {
            every_call: false,
            waits: self.answer(|| observer.wants_waits()).unwrap_or(true),
            rejections: self.answer(|| observer.wants_rejections()).unwrap_or(true),
        }
    }

    /// What an observer does or says; `None` if it panics, which is counted.
    fn answer<T>(&self, observe: impl FnOnce() -> T) -> Option<T> {
        let answer = unwind::caught(observe);
        if answer.is_none() {
            self.panics.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers")
            .field("count", &self.list.read().len())
            .field("panics", &self.panics)
            .finish()
    }
}
