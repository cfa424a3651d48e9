//! The ring of one subscription: full, it forgets its oldest event.

use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroUsize;
use std::task::{Poll, Waker};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::event::{Event, EventKind};
use crate::filter::Filter;
use crate::guard::guarded;

/// Wakers, which are code of others, are cloned, woken and dropped outside its lock.
pub(crate) struct Ring {
    filter: Filter,
    capacity: NonZeroUsize,
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    events: VecDeque<Event>,
    missed: u64,
    closed: bool,
    reader: Option<Waker>,
}

impl Ring {
    pub(crate) fn new(filter: Filter, capacity: NonZeroUsize) -> Self {
        Self {
            filter,
            capacity,
            state: Mutex::default(),
            arrived: Condvar::new(),
        }
    }

    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Takes an event in if it is for this reader; the kind of the one that had to go for it.
    pub(crate) fn push(&self, event: &Event) -> Option<EventKind> {
        if !self.filter.matches(event) {
            return None;
        }
        let event = event.clone();
        let mut state = self.state.lock();
        if state.closed {
            return None;
        }
        let full = state.events.len() >= self.capacity.get();
        let oldest = if full { state.events.pop_front() } else { None };
        state.missed += u64::from(full);
        state.events.push_back(event);
        let reader = state.reader.take();
        drop(state);
        self.arrived.notify_one();
        wake(reader);
        // Its last reference may go here, and with it what somebody's error was.
        oldest.map(|oldest| oldest.kind())
    }

    /// No more events come.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let reader = state.reader.take();
        drop(state);
        self.arrived.notify_all();
        wake(reader);
    }

    pub(crate) fn take(&self) -> Option<Event> {
        self.state.lock().events.pop_front()
    }

    pub(crate) fn poll(&self, waker: &Waker) -> Poll<Option<Event>> {
        let mine = waker.clone();
        let mut state = self.state.lock();
        if let Some(event) = state.events.pop_front() {
            return Poll::Ready(Some(event));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        let replaced = state.reader.replace(mine);
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    pub(crate) fn wait(&self, timeout: Duration) -> Option<Event> {
        let mut state = self.state.lock();
        self.arrived.wait_while_for(
            &mut state,
            |state| state.events.is_empty() && !state.closed,
            timeout,
        );
        state.events.pop_front()
    }

    pub(crate) fn missed(&self) -> u64 {
        self.state.lock().missed
    }

    pub(crate) fn len(&self) -> usize {
        self.state.lock().events.len()
    }

    pub(crate) fn is_over(&self) -> bool {
        let state = self.state.lock();
        state.closed && state.events.is_empty()
    }
}

/// A waker that panics must not hurt the call whose event it is.
fn wake(reader: Option<Waker>) {
    if let Some(reader) = reader {
        guarded(|| reader.wake());
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("filter", &self.filter)
            .field("capacity", &self.capacity)
            .field("waiting", &self.len())
            .field("missed", &self.missed())
            .finish_non_exhaustive()
    }
}
