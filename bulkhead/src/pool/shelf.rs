//! The idle resources and the counts of all of them. Pure bookkeeping behind the pool's lock: the
//! time is an argument, and resources that have to die are handed out to be dropped after the lock.

use std::{
    mem,
    time::{Duration, Instant},
};

use crate::pool::discards::{Cause, Discards};

/// A resource with its birthday.
#[derive(Debug)]
pub(crate) struct Item<T> {
    pub(crate) resource: T,
    pub(crate) created_at: Instant,
    /// Whether it was ever lent, so that there is something to recycle.
    pub(crate) used: bool,
}

/// Resources made and gone, and how making them failed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) created: u64,
    pub(crate) recycled: u64,
    pub(crate) discards: Discards,
    pub(crate) create_failures: u64,
    pub(crate) create_timeouts: u64,
    pub(crate) create_abandoned: u64,
}

#[derive(Debug)]
pub(crate) struct Shelf<T> {
    max_age: Option<Duration>,
    max_idle: Option<Duration>,
    /// Used last at the end.
    idle: Vec<Idle<T>>,
    /// No idle resource expires before this; spares the look at each of them.
    next_expiry: Option<Instant>,
    /// Resources off the shelf: lent, looked at by a hook, or being made for a caller.
    out: usize,
    closed: bool,
    pub(crate) counts: Counts,
}

#[derive(Debug)]
struct Idle<T> {
    item: Item<T>,
    expiry: Option<Expiry>,
}

#[derive(Debug, Clone, Copy)]
struct Expiry {
    at: Instant,
    cause: Cause,
}

impl<T> Shelf<T> {
    pub(crate) fn new(max_age: Option<Duration>, max_idle: Option<Duration>) -> Self {
        Self {
            max_age,
            max_idle,
            idle: Vec::new(),
            next_expiry: None,
            out: 0,
            closed: false,
            counts: Counts::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.idle.len()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Resources there are or will be, idle or not.
    pub(crate) fn present(&self) -> usize {
        self.idle.len() + self.out
    }

    /// Counts a resource that is going to be made for a caller.
    pub(crate) fn reserve(&mut self) {
        self.out += 1;
    }

    /// Counts out what was reserved and came to nothing.
    pub(crate) fn unreserve(&mut self) {
        self.out -= 1;
    }

    /// Takes the resource that was used last.
    pub(crate) fn take(&mut self) -> Option<Item<T>> {
        let idle = self.idle.pop()?;
        self.out += 1;
        Some(idle.item)
    }

    /// Takes a resource back, or returns it when it may not be lent again; then it counts as out
    /// until it [`left`](Self::leave). Without a time it does not age.
    pub(crate) fn put(
        &mut self,
        item: Item<T>,
        now: Option<Instant>,
    ) -> Result<(), (Item<T>, Cause)> {
        if self.closed {
            return Err((item, Cause::Closed));
        }
        let expiry = now.and_then(|now| self.expiry(&item, now));
        if let (Some(expiry), Some(now)) = (expiry, now) {
            if now >= expiry.at {
                return Err((item, expiry.cause));
            }
            self.next_expiry = Some(earlier(self.next_expiry, expiry.at));
        }
        self.out -= 1;
        self.idle.push(Idle { item, expiry });
        Ok(())
    }

    /// Counts out a resource that was off the shelf and is gone.
    pub(crate) fn leave(&mut self, cause: Cause) {
        self.out -= 1;
        self.counts.discards.add(cause, 1);
    }

    /// Takes out what has expired, for the caller to drop after the lock.
    #[must_use = "resources are dropped after the lock"]
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<T> {
        if self.next_expiry.is_none_or(|next| now < next) {
            return Vec::new();
        }
        self.next_expiry = None;
        let mut expired = Vec::new();
        for idle in mem::take(&mut self.idle) {
            match idle.expiry {
                Some(expiry) if now >= expiry.at => {
                    self.counts.discards.add(expiry.cause, 1);
                    expired.push(idle.item.resource);
                    continue;
                }
                Some(expiry) => self.next_expiry = Some(earlier(self.next_expiry, expiry.at)),
                None => {}
            }
            self.idle.push(idle);
        }
        expired
    }

    /// Takes out the idle resources used longest ago until there are no more than `places` in all,
    /// for the caller to drop after the lock.
    #[must_use = "resources are dropped after the lock"]
    pub(crate) fn trim(&mut self, places: usize) -> Vec<T> {
        let surplus = self.present().saturating_sub(places).min(self.idle.len());
        let gone = self.idle.drain(..surplus);
        let gone = gone.map(|idle| idle.item.resource).collect();
        self.counts.discards.add(Cause::Surplus, surplus);
        gone
    }

    /// Takes out everything, for the caller to drop after the lock.
    #[must_use = "resources are dropped after the lock"]
    pub(crate) fn clear(&mut self) -> Vec<T> {
        self.empty(Cause::Cleared)
    }

    /// As [`clear`](Self::clear), and takes nothing back from now on.
    #[must_use = "resources are dropped after the lock"]
    pub(crate) fn close(&mut self) -> Vec<T> {
        self.closed = true;
        self.empty(Cause::Closed)
    }

    fn empty(&mut self, cause: Cause) -> Vec<T> {
        self.next_expiry = None;
        let gone = mem::take(&mut self.idle);
        self.counts.discards.add(cause, gone.len());
        gone.into_iter().map(|idle| idle.item.resource).collect()
    }

    /// A sum past the end of the clock means never.
    fn expiry(&self, item: &Item<T>, now: Instant) -> Option<Expiry> {
        let after = |from: Instant, limit: Option<Duration>, cause| {
            let at = from.checked_add(limit?)?;
            Some(Expiry { at, cause })
        };
        let by_age = after(item.created_at, self.max_age, Cause::TooOld);
        let by_idle = after(now, self.max_idle, Cause::IdleTooLong);
        match (by_age, by_idle) {
            (Some(age), Some(idle)) => Some(if idle.at < age.at { idle } else { age }),
            (age, idle) => age.or(idle),
        }
    }
}

fn earlier(next: Option<Instant>, at: Instant) -> Instant {
    next.map_or(at, |next| next.min(at))
}

#[cfg(test)]
mod tests;
