//! One attached handler.

use std::fmt;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::event::Event;
use crate::filter::Filter;
use crate::guard::{guarded, guarded_or_why};

pub(crate) type Call = Box<dyn FnMut(&Event) + Send>;

pub(crate) struct Handler {
    id: Arc<str>,
    filter: Filter,
    /// Events with smaller numbers happened before it was attached.
    since: u64,
    slot: Mutex<Slot>,
    idle: Condvar,
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
        }
    }

    pub(crate) fn id(&self) -> &Arc<str> {
        &self.id
    }

    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Runs the closure if the event is for it. Only called on the handler thread. If it panics, it is
    /// dropped for good; says what it panicked with.
    pub(crate) fn deliver(&self, number: u64, event: &Event) -> Option<Arc<str>> {
        if number < self.since || !self.filter.matches(event) {
            return None;
        }
        let mut call = self.take()?;
        match guarded_or_why(|| call(event)) {
            Ok(()) => {
                self.give_back(call);
                None
            }
            Err(why) => {
                self.drop_for_good(call);
                Some(why)
            }
        }
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
        self.drop_for_good(call);
    }

    /// Whoever waits for its end waits for that of all it owned.
    fn drop_for_good(&self, call: Call) {
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
