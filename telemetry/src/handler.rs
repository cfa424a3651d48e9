//! One attached handler.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Condvar, Mutex};

use crate::event::Event;
use crate::filter::Filter;
use crate::guard::guarded;

pub(crate) type Call = Box<dyn FnMut(&Event) + Send>;

pub(crate) struct Handler {
    id: Arc<str>,
    filter: Filter,
    /// Events with smaller numbers happened before it was attached.
    since: u64,
    slot: Mutex<Slot>,
    idle: Condvar,
    /// A count that orders nothing, hence relaxed.
    panics: AtomicU64,
}

/// The closure is taken out while it runs, so that no lock is held meanwhile.
enum Slot {
    Idle(Call),
    Running { detached: bool },
    Detached,
}

impl Handler {
    pub(crate) fn new(id: Arc<str>, filter: Filter, since: u64, call: Call) -> Self {
        Self {
            id,
            filter,
            since,
            slot: Mutex::new(Slot::Idle(call)),
            idle: Condvar::new(),
            panics: AtomicU64::new(0),
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// Runs the closure if the event is for it. Only called on the handler thread.
    pub(crate) fn deliver(&self, number: u64, event: &Event) {
        if number < self.since || !self.filter.matches(event) {
            return;
        }
        let Some(mut call) = self.take() else {
            return;
        };
        if guarded(|| call(event)).is_none() {
            self.panics.fetch_add(1, Ordering::Relaxed);
        }
        self.give_back(call);
    }

    /// Drops the closure, and when it runs just now, waits for that to end first; except
    /// `on_its_thread`, where waiting would be for ever: there the closure goes after this run.
    pub(crate) fn detach(&self, on_its_thread: bool) {
        let mut slot = self.slot.lock();
        let before = std::mem::replace(&mut *slot, Slot::Detached);
        if matches!(before, Slot::Running { .. }) {
            *slot = Slot::Running { detached: true };
            if !on_its_thread {
                self.idle
                    .wait_while(&mut slot, |slot| matches!(slot, Slot::Running { .. }));
            }
        }
        drop(slot);
        guarded(|| drop(before));
    }

    fn take(&self) -> Option<Call> {
        let mut slot = self.slot.lock();
        match std::mem::replace(&mut *slot, Slot::Running { detached: false }) {
            Slot::Idle(call) => Some(call),
            other => {
                *slot = other;
                None
            }
        }
    }

    fn give_back(&self, call: Call) {
        let mut slot = self.slot.lock();
        if matches!(*slot, Slot::Running { detached: false }) {
            *slot = Slot::Idle(call);
            return;
        }
        drop(slot);
        guarded(|| drop(call));
        *self.slot.lock() = Slot::Detached;
        self.idle.notify_all();
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler")
            .field("id", &self.id)
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}
