//! The bounded queue of events, the one thread that hands them to the handlers, and the rings of
//! subscriptions.

mod drops;
mod panics;
mod thread;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread::{Builder, ThreadId, current};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, RwLock};

use crate::clock;
use crate::error::AttachError;
use crate::event::{Detail, Event, EventKind, Kinds};
use crate::filter::Filter;
use crate::handler::{Call, Handler};
use crate::registry::Registry;
use crate::subscription::Ring;
use crate::wanted::Wanted;

pub(crate) use panics::Detached;
use panics::Panics;

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
    /// Changed only while the roster is locked; apart from it, so that a push waits for no `attach`.
    rings: RwLock<Arc<[Arc<Ring>]>>,
    wanted: Arc<Wanted>,
    /// Counts that order nothing, hence relaxed.
    counts: [Count; EventKind::ALL.len()],
    /// Those who could tell are in it.
    registry: Weak<Registry>,
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
    panics: Panics,
    thread: Option<ThreadId>,
    closed: bool,
}

#[derive(Default)]
struct Count {
    queued: AtomicU64,
    dropped: AtomicU64,
    missed: AtomicU64,
}

impl Dispatcher {
    pub(crate) fn new(capacity: usize, registry: Weak<Registry>) -> Arc<Self> {
        Arc::new(Self {
            capacity,
            queue: Mutex::default(),
            arrived: Condvar::new(),
            handled: Condvar::new(),
            roster: Mutex::default(),
            rings: RwLock::default(),
            wanted: Arc::default(),
            counts: Default::default(),
            registry,
        })
    }

    /// What is wanted, for those who could tell.
    pub(crate) fn wanted(&self) -> &Arc<Wanted> {
        &self.wanted
    }

    /// Queues an event for the handlers, or counts it as dropped, and puts it in the rings of
    /// subscriptions. Never waits for a handler or a reader.
    pub(crate) fn push(&self, detail: Detail) {
        let kind = detail.kind();
        if !self.wanted.any(kind) {
            return;
        }
        let event = Event::new(clock::now(), detail);
        if self.wanted.subscriptions(kind) {
            self.publish(&event);
        }
        if self.wanted.handlers(kind) {
            self.enqueue(event);
        }
    }

    fn enqueue(&self, event: Event) {
        let count = &self.counts[event.kind() as usize];
        let mut queue = self.queue.lock();
        if queue.events.len() >= self.capacity {
            // Before the lock is released: the handler thread, which has a full queue before it, looks at
            // this before it waits again.
            count.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        queue.events.push_back(event);
        queue.queued += 1;
        drop(queue);
        count.queued.fetch_add(1, Ordering::Relaxed);
        self.arrived.notify_one();
    }

    fn publish(&self, event: &Event) {
        let rings = Arc::clone(&self.rings.read());
        for kind in rings.iter().filter_map(|ring| ring.push(event)) {
            let count = &self.counts[kind as usize];
            count.missed.fetch_add(1, Ordering::Relaxed);
        }
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
        if roster.handlers.iter().any(|handler| **handler.id() == *id) {
            return Err(AttachError::Duplicate { id });
        }
        if roster.thread.is_none() {
            let dispatcher = Arc::clone(self);
            let thread = Builder::new()
                .name("steadfast-event".to_owned())
                .spawn(move || dispatcher.run())
                .map_err(AttachError::Thread)?;
            roster.thread = Some(thread.thread().id());
        }
        let since = self.queue.lock().queued;
        let handler = Arc::new(Handler::new(id, filter, since, call));
        roster.handlers = roster.handlers.iter().cloned().chain([handler]).collect();
        let changed = self.update_wanted(&roster);
        drop(roster);
        self.tell_sources_if(changed);
        Ok(())
    }

    pub(crate) fn detach(&self, id: &str) -> bool {
        let mut roster = self.roster.lock();
        let found = roster.handlers.iter().find(|handler| **handler.id() == *id);
        let Some(handler) = found.cloned() else {
            return false;
        };
        let changed = self.take_off(&mut roster, &handler);
        let on_its_thread = roster.thread == Some(current().id());
        drop(roster);
        self.tell_sources_if(changed);
        handler.detach(on_its_thread);
        true
    }

    pub(crate) fn subscribe(&self, ring: Arc<Ring>) {
        self.change_rings(|rings| rings.iter().cloned().chain([ring]).collect());
    }

    pub(crate) fn unsubscribe(&self, ring: &Arc<Ring>) {
        self.change_rings(|rings| {
            let others = rings.iter().filter(|other| !Arc::ptr_eq(other, ring));
            others.cloned().collect()
        });
    }

    fn change_rings(&self, change: impl FnOnce(&[Arc<Ring>]) -> Arc<[Arc<Ring>]>) {
        let roster = self.roster.lock();
        let rings = change(&self.rings.read());
        let replaced = std::mem::replace(&mut *self.rings.write(), rings);
        let changed = self.update_wanted(&roster);
        drop(roster);
        drop(replaced);
        self.tell_sources_if(changed);
    }

    /// Waits until every event queued so far is handled. `false` if that did not happen in time,
    /// or cannot, on the handler thread itself.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        let on_its_thread = self.roster.lock().thread == Some(current().id());
        let mut queue = self.queue.lock();
        let target = queue.queued;
        let pending = |queue: &mut Queue| queue.handled < target && !queue.closed;
        if pending(&mut queue) && !on_its_thread {
            self.handled.wait_while_for(&mut queue, pending, timeout);
        }
        queue.handled >= target
    }

    /// Ends the thread once the handler that runs now, if any, has returned, and the subscriptions
    /// once they are read. Does not wait for either.
    pub(crate) fn close(&self) {
        let mut roster = self.roster.lock();
        roster.closed = true;
        let rings = std::mem::take(&mut *self.rings.write());
        let changed = self.update_wanted(&roster);
        drop(roster);
        self.queue.lock().closed = true;
        self.arrived.notify_all();
        self.handled.notify_all();
        rings.iter().for_each(|ring| ring.close());
        self.tell_sources_if(changed);
    }

    pub(crate) fn handlers(&self) -> Arc<[Arc<Handler>]> {
        Arc::clone(&self.roster.lock().handlers)
    }

    pub(crate) fn subscriptions(&self) -> usize {
        self.rings.read().len()
    }

    /// The handlers that were detached because they panicked, the latest last.
    pub(crate) fn detached(&self) -> Vec<Detached> {
        self.roster.lock().panics.detached()
    }

    /// How often handlers panicked, by id: those that ever did, and those that are attached.
    pub(crate) fn panics(&self) -> Vec<(Arc<str>, u64)> {
        let roster = self.roster.lock();
        let attached = roster.handlers.iter().map(|handler| handler.id());
        roster.panics.counts(attached)
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

    /// Events that subscriptions missed, each for itself.
    pub(crate) fn missed(&self, kind: EventKind) -> u64 {
        self.counts[kind as usize].missed.load(Ordering::Relaxed)
    }

    /// Says whether those who could tell should look again.
    fn update_wanted(&self, roster: &Roster) -> bool {
        if roster.closed {
            return self.wanted.set(Kinds::default(), Kinds::default());
        }
        let handlers = roster.handlers.iter().map(|handler| handler.filter());
        let rings = Arc::clone(&self.rings.read());
        let subscriptions = rings.iter().map(|ring| ring.filter());
        let kinds = |kinds: Kinds, filter: &Filter| kinds.union(filter.wanted());
        let none = Kinds::default;
        self.wanted.set(
            handlers.fold(none(), kinds),
            subscriptions.fold(none(), kinds),
        )
    }

    /// No lock is held meanwhile: sources are code of others.
    fn tell_sources_if(&self, changed: bool) {
        if changed && let Some(registry) = self.registry.upgrade() {
            registry.tell_of_interest();
        }
    }

    /// Like `update_wanted`, without this handler.
    fn take_off(&self, roster: &mut Roster, handler: &Arc<Handler>) -> bool {
        let others = roster.handlers.iter();
        let others = others.filter(|other| !Arc::ptr_eq(other, handler));
        roster.handlers = others.cloned().collect();
        self.update_wanted(roster)
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
