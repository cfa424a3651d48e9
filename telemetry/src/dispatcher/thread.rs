//! What the handler thread does.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Dispatcher;
use super::drops::Drops;
use crate::clock;
use crate::event::{Detail, Event, HandlerDetached};
use crate::handler::Handler;

/// What there is to do.
enum Next {
    Event(u64, Event),
    /// Events were dropped, and that is to be told now.
    Drops,
}

impl Dispatcher {
    /// The body of the handler thread.
    pub(super) fn run(&self) {
        let mut drops = Drops::default();
        while let Some(next) = self.next(&drops) {
            match next {
                Next::Event(number, event) => {
                    self.hand_out(number, &event);
                    drop(event);
                    self.queue.lock().handled += 1;
                    self.handled.notify_all();
                }
                Next::Drops => {
                    for dropped in drops.due(|kind| self.dropped(kind)) {
                        self.report(dropped.into());
                    }
                }
            }
        }
        let handlers = std::mem::take(&mut self.roster.lock().handlers);
        for handler in handlers.iter() {
            handler.detach(true);
        }
    }

    /// Hands an event to every handler that was attached before it happened.
    fn hand_out(&self, number: u64, event: &Event) {
        let mut panicked = Vec::new();
        for handler in self.handlers().iter() {
            if self.queue.lock().closed {
                return;
            }
            if let Some(why) = handler.deliver(number, event) {
                panicked.push((Arc::clone(handler), why));
            }
        }
        for (handler, why) in panicked {
            self.expel(&handler, why);
        }
    }

    /// A handler has panicked, and is dropped already.
    fn expel(&self, handler: &Arc<Handler>, why: Arc<str>) {
        let id = Arc::clone(handler.id());
        let mut roster = self.roster.lock();
        roster.panics.add(&id, &why);
        let changed = self.take_off(&mut roster, handler);
        drop(roster);
        self.tell_sources_if(changed);
        self.report(HandlerDetached::new(id, why).into());
    }

    /// Tells of telemetry itself, from the handler thread, past the queue: it may be full.
    fn report(&self, detail: Detail) {
        let kind = detail.kind();
        let event = Event::new(clock::now(), detail);
        if self.wanted.subscriptions(kind) {
            self.publish(&event);
        }
        if self.wanted.handlers(kind) {
            let count = &self.counts[kind as usize];
            count.queued.fetch_add(1, Ordering::Relaxed);
            // Later than any handler was attached. Goes on with those that panic at this, each of
            // which is one less.
            self.hand_out(u64::MAX, &event);
        }
    }

    fn next(&self, drops: &Drops) -> Option<Next> {
        let mut queue = self.queue.lock();
        loop {
            if queue.closed {
                return None;
            }
            let wait = drops.wait(|kind| self.dropped(kind));
            if wait.is_some_and(|wait| wait.is_zero()) {
                return Some(Next::Drops);
            }
            if let Some(event) = queue.events.pop_front() {
                return Some(Next::Event(queue.handled, event));
            }
            match wait {
                Some(wait) => drop(self.arrived.wait_for(&mut queue, wait)),
                None => self.arrived.wait(&mut queue),
            }
        }
    }
}
