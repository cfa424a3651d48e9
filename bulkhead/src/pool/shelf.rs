//! The idle resources and the counts of all of them. Pure bookkeeping behind the pool's lock: the
//! time is an argument, and resources that have to die are handed out to be dropped after the lock.

use std::{
    mem,
    time::{Duration, Instant},
};

/// A resource with its birthday.
#[derive(Debug)]
pub(crate) struct Item<T> {
    pub(crate) resource: T,
    pub(crate) created_at: Instant,
}

/// Resources made and gone, and how making them failed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) created: u64,
    pub(crate) recycled: u64,
    pub(crate) discarded: u64,
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
    closed: bool,
    pub(crate) counts: Counts,
}

#[derive(Debug)]
struct Idle<T> {
    item: Item<T>,
    expires_at: Option<Instant>,
}

impl<T> Shelf<T> {
    pub(crate) fn new(max_age: Option<Duration>, max_idle: Option<Duration>) -> Self {
        Self {
            max_age,
            max_idle,
            idle: Vec::new(),
            next_expiry: None,
            closed: false,
            counts: Counts::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.idle.len()
    }

    /// Takes the resource that was used last.
    pub(crate) fn take(&mut self) -> Option<Item<T>> {
        self.idle.pop().map(|idle| idle.item)
    }

    /// Takes a resource back, or returns it (counted as discarded) when it may not be lent again.
    /// Without a time it does not age.
    pub(crate) fn put(&mut self, item: Item<T>, now: Option<Instant>) -> Result<(), Item<T>> {
        let expires_at = now.and_then(|now| self.expires_at(&item, now));
        if self.closed || now.is_some_and(|now| is_over(expires_at, now)) {
            self.counts.discarded += 1;
            return Err(item);
        }
        self.next_expiry = earliest(self.next_expiry, expires_at);
        self.idle.push(Idle { item, expires_at });
        Ok(())
    }

    /// Takes out what has expired, for the caller to drop after the lock.
    #[must_use = "resources are dropped after the lock"]
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<T> {
        if !is_over(self.next_expiry, now) {
            return Vec::new();
        }
        let (expired, fresh): (Vec<_>, Vec<_>) = mem::take(&mut self.idle)
            .into_iter()
            .partition(|idle| is_over(idle.expires_at, now));
        self.next_expiry = fresh
            .iter()
            .fold(None, |next, idle| earliest(next, idle.expires_at));
        self.idle = fresh;
        self.discard(expired)
    }

    /// Takes out everything, for the caller to drop after the lock.
    #[must_use = "resources are dropped after the lock"]
    pub(crate) fn clear(&mut self) -> Vec<T> {
        self.next_expiry = None;
        let idle = mem::take(&mut self.idle);
        self.discard(idle)
    }

    /// As [`clear`](Self::clear), and takes nothing back from now on.
    #[must_use = "resources are dropped after the lock"]
    pub(crate) fn close(&mut self) -> Vec<T> {
        self.closed = true;
        self.clear()
    }

    fn discard(&mut self, gone: Vec<Idle<T>>) -> Vec<T> {
        self.counts.discarded += gone.len() as u64;
        gone.into_iter().map(|idle| idle.item.resource).collect()
    }

    /// A sum past the end of the clock means never.
    fn expires_at(&self, item: &Item<T>, now: Instant) -> Option<Instant> {
        let by_age = self
            .max_age
            .and_then(|age| item.created_at.checked_add(age));
        let by_idle = self.max_idle.and_then(|idle| now.checked_add(idle));
        earliest(by_age, by_idle)
    }
}

fn earliest(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn is_over(expiry: Option<Instant>, now: Instant) -> bool {
    expiry.is_some_and(|expiry| now >= expiry)
}

#[cfg(test)]
mod tests;
