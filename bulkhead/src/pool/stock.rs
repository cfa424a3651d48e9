//! What lies behind the pool's lock: the shelf, and the one resource that maintenance may be
//! making. Pure bookkeeping; futures and wakers are handed out to be run and dropped after the lock.
//!
//! Maintenance holds no place of the bulkhead, so it must never be in the way of a caller that does.
//! A caller that finds the shelf empty takes over the resource under way instead. That keeps the sum
//! of idle resources, those out, and the one under way within the places.

use std::{mem, pin::Pin, task::Waker, time::Instant};

use crate::pool::{
    hooks::Making,
    shelf::{Item, Shelf},
};

/// A resource being made by maintenance, which a caller can take over.
pub(crate) type Underway<T, E> = Pin<Box<Making<T, E>>>;

pub(crate) struct Stock<T, E> {
    pub(crate) shelf: Shelf<T>,
    spare: Spare<T, E>,
    /// Tells one spare from the next.
    number: u64,
}

enum Spare<T, E> {
    None,
    /// Off to be polled, which is over soon: callers that want it wait for that.
    Polled(Vec<Waker>),
    /// Waits to be polled by the maintainer, who hears when somebody else takes it over.
    Resting(Underway<T, E>, Waker),
}

/// What a caller that has a place goes on with.
pub(crate) enum Next<T, E> {
    Idle(Item<T>),
    /// The spare, and its maintainer to wake.
    Adopt(Underway<T, E>, Waker),
    /// The spare is being polled: come back with a waker.
    Busy,
    Create,
}

impl<T, E> Stock<T, E> {
    pub(crate) fn new(shelf: Shelf<T>) -> Self {
        Self {
            shelf,
            spare: Spare::None,
            number: 0,
        }
    }

    /// The next resource for a caller. Unless it is `Busy`, it counts as out.
    pub(crate) fn next(&mut self, waker: &mut Option<Waker>) -> Next<T, E> {
        if let Some(item) = self.shelf.take() {
            return Next::Idle(item);
        }
        match mem::replace(&mut self.spare, Spare::None) {
            Spare::Polled(mut wanted) => {
                wanted.extend(waker.take());
                self.spare = Spare::Polled(wanted);
                Next::Busy
            }
            Spare::Resting(underway, maintainer) => {
                self.shelf.reserve();
                Next::Adopt(underway, maintainer)
            }
            Spare::None => {
                self.shelf.reserve();
                Next::Create
            }
        }
    }

    /// Begins a spare if one is missing and there is room for it. The answer is its number; it
    /// counts as being polled.
    pub(crate) fn begin(&mut self, min_idle: usize, places: usize) -> Option<u64> {
        let wanted = !self.shelf.is_closed()
            && matches!(self.spare, Spare::None)
            && self.shelf.len() < min_idle
            && self.shelf.present() < places;
        wanted.then(|| {
            self.spare = Spare::Polled(Vec::new());
            self.number += 1;
            self.number
        })
    }

    /// Takes the spare out to poll it, and the waker of last time, unless somebody took it over.
    pub(crate) fn resume(&mut self, number: u64) -> Option<(Underway<T, E>, Waker)> {
        if number != self.number {
            return None;
        }
        match mem::replace(&mut self.spare, Spare::None) {
            Spare::Resting(underway, maintainer) => {
                self.spare = Spare::Polled(Vec::new());
                Some((underway, maintainer))
            }
            other => {
                self.spare = other;
                None
            }
        }
    }

    /// Puts the spare back after it was polled. The answer is whom to wake.
    #[must_use = "wakers are woken after the lock"]
    pub(crate) fn rest(&mut self, underway: Underway<T, E>, maintainer: Waker) -> Vec<Waker> {
        match mem::replace(&mut self.spare, Spare::Resting(underway, maintainer)) {
            Spare::Polled(wanted) => wanted,
            Spare::None | Spare::Resting(..) => Vec::new(),
        }
    }

    /// Ends the spare after it was polled, unless somebody took it over. The answer is whom to wake.
    pub(crate) fn end(&mut self, number: u64) -> Option<Vec<Waker>> {
        if number != self.number {
            return None;
        }
        match mem::replace(&mut self.spare, Spare::None) {
            Spare::Polled(wanted) => Some(wanted),
            other => {
                self.spare = other;
                None
            }
        }
    }

    /// Takes out what has expired and what is more than there are places, for the caller to drop
    /// after the lock.
    #[must_use = "resources are dropped after the lock"]
    pub(crate) fn tidy(&mut self, now: Option<Instant>, places: usize) -> [Vec<T>; 2] {
        let expired = now.map(|now| self.shelf.expire(now)).unwrap_or_default();
        [expired, self.shelf.trim(places)]
    }
}
