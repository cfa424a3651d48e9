//! The bounded queue of events and the one thread that hands them to the handlers.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::thread::{self, ThreadId};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::clock;
use crate::error::AttachError;
use crate::event::{Detail, Event, EventKind, Kinds};
use crate::filter::Filter;
use crate::handler::{Call, Handler};

/// Shared between the telemetry object and the handler thread. The thread begins with the first
/// handler and ends after [`close`](Self::close).
pub(crate) struct Dispatcher {
    capacity: usize,
    queue: Mutex<Queue>,
    /// An event was queued, or the dispatcher closed.
    arrived: Condvar,
    /// An event was handled, or the dispatcher closed.
    handled: Condvar,
    roster: Mutex<Roster>,
    /// The kinds that some handler wants. Relaxed: it only saves work, and whoever knows of a
    /// handler because `attach` returned sees this too.
    wanted: AtomicU8,
    /// Counts that order nothing, hence relaxed.
    counts: [Count; EventKind::ALL.len()],
}

#[derive(Default)]
struct Queue {
    events: VecDeque<Event>,
    /// Events ever queued, and events ever handled: the next one's number, and the first one's.
    queued: u64,
    handled: u64,
    closed: bool,
}

#[derive(Default)]
struct Roster {
    handlers: Arc<[Arc<Handler>]>,
    thread: Option<ThreadId>,
}

#[derive(Default)]
struct Count {
    queued: AtomicU64,
    dropped: AtomicU64,
}

impl Dispatcher {
    pub(crate) fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self {
            capacity,
            queue: Mutex::default(),
            arrived: Condvar::new(),
            handled: Condvar::new(),
            roster: Mutex::default(),
            wanted: AtomicU8::new(0),
            counts: Default::default(),
        })
    }

    pub(crate) fn wants(&self, kind: EventKind) -> bool {
        Kinds(self.wanted.load(Ordering::Relaxed)).contains(kind)
    }

    /// Queues an event, or counts it as dropped. Never waits for a handler.
    pub(crate) fn push(&self, detail: Detail) {
        let kind = detail.kind();
        if !self.wants(kind) {
            return;
        }
        let event = Event::new(clock::now(), detail);
        let mut queue = self.queue.lock();
        let count = &self.counts[kind as usize];
        if queue.events.len() >= self.capacity {
            drop(queue);
            count.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        queue.events.push_back(event);
        queue.queued += 1;
        drop(queue);
        count.queued.fetch_add(1, Ordering::Relaxed);
        self.arrived.notify_one();
    }

    pub(crate) fn attach(
        self: &Arc<Self>,
        id: Arc<str>,
        filter: Filter,
        call: Call,
    ) -> Result<(), AttachError> {
        if id.is_empty() {
            return Err(AttachError::EmptyId);
        }
        let mut roster = self.roster.lock();
        if roster.handlers.iter().any(|handler| *handler.id() == *id) {
            return Err(AttachError::Duplicate { id });
        }
        if roster.thread.is_none() {
            let dispatcher = Arc::clone(self);
            let thread = thread::Builder::new()
                .name("steadfast-event".to_owned())
                .spawn(move || dispatcher.run())
                .map_err(AttachError::Thread)?;
            roster.thread = Some(thread.thread().id());
        }
        let since = self.queue.lock().queued;
        let handler = Arc::new(Handler::new(id, filter, since, call));
        roster.handlers = roster.handlers.iter().cloned().chain([handler]).collect();
        self.update_wanted(&roster);
        Ok(())
    }

    pub(crate) fn detach(&self, id: &str) -> bool {
        let mut roster = self.roster.lock();
        let found = roster.handlers.iter().find(|handler| handler.id() == id);
        let Some(handler) = found.cloned() else {
            return false;
        };
        let others = roster.handlers.iter().filter(|other| other.id() != id);
        roster.handlers = others.cloned().collect();
        self.update_wanted(&roster);
        let on_its_thread = roster.thread == Some(thread::current().id());
        drop(roster);
        handler.detach(on_its_thread);
        true
    }

    /// Waits until every event queued so far is handled. `false` if that did not happen in time,
    /// or cannot, on the handler thread itself.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        let on_its_thread = self.roster.lock().thread == Some(thread::current().id());
        let mut queue = self.queue.lock();
        let target = queue.queued;
        let pending = |queue: &mut Queue| queue.handled < target && !queue.closed;
        if pending(&mut queue) && !on_its_thread {
            self.handled.wait_while_for(&mut queue, pending, timeout);
        }
        queue.handled >= target
    }

    /// Ends the thread once the handler that runs now, if any, has returned. Does not wait for it.
    pub(crate) fn close(&self) {
        self.wanted.store(0, Ordering::Relaxed);
        self.queue.lock().closed = true;
        self.arrived.notify_all();
        self.handled.notify_all();
    }

    pub(crate) fn handlers(&self) -> Arc<[Arc<Handler>]> {
        Arc::clone(&self.roster.lock().handlers)
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Events in the queue now.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.lock().events.len()
    }

    pub(crate) fn queued(&self, kind: EventKind) -> u64 {
        self.counts[kind as usize].queued.load(Ordering::Relaxed)
    }

    pub(crate) fn dropped(&self, kind: EventKind) -> u64 {
        self.counts[kind as usize].dropped.load(Ordering::Relaxed)
    }

    fn update_wanted(&self, roster: &Roster) {
        let kinds = roster
            .handlers
            .iter()
            .map(|handler| handler.filter().wanted());
        let wanted = kinds.fold(Kinds::default(), Kinds::union);
        self.wanted.store(wanted.0, Ordering::Relaxed);
    }

    /// The body of the handler thread.
    fn run(&self) {
        while let Some((number, event)) = self.next() {
            for handler in self.handlers().iter() {
                if self.queue.lock().closed {
                    break;
                }
                handler.deliver(number, &event);
            }
            drop(event);
            self.queue.lock().handled += 1;
            self.handled.notify_all();
        }
        let handlers = std::mem::take(&mut self.roster.lock().handlers);
        for handler in handlers.iter() {
            handler.detach(true);
        }
    }

    fn next(&self) -> Option<(u64, Event)> {
        let mut queue = self.queue.lock();
        self.arrived
            .wait_while(&mut queue, |queue| queue.events.is_empty() && !queue.closed);
        if queue.closed {
            return None;
        }
        let event = queue.events.pop_front()?;
        Some((queue.handled, event))
    }
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher")
            .field("capacity", &self.capacity)
            .field("waiting", &self.waiting())
            .field("handlers", &self.handlers())
            .finish_non_exhaustive()
    }
}
