//! The entries whose keys have the same hash: in all likelihood one.

use std::{
    borrow::Borrow,
    iter,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::bulkhead::Bulkhead;

/// A key and its bulkhead. Shared with those who just look for a key, so that they can compare it
/// outside the table's lock.
pub(super) struct Entry<K> {
    pub(super) key: K,
    pub(super) bulkhead: Bulkhead,
    /// Relaxed: compared with others under the exclusive lock, orders nothing.
    last_used: AtomicU64,
}

impl<K> Entry<K> {
    pub(super) fn new(key: K, bulkhead: Bulkhead, used: u64) -> Self {
        Self {
            key,
            bulkhead,
            last_used: AtomicU64::new(used),
        }
    }

    pub(super) fn last_used(&self) -> u64 {
        self.last_used.load(Ordering::Relaxed)
    }

    pub(super) fn mark_used(&self, used: u64) {
        self.last_used.store(used, Ordering::Relaxed);
    }
}

/// An entry and the number it was added under, by which it is found without comparing keys.
pub(super) struct Numbered<K> {
    pub(super) number: u64,
    pub(super) entry: Arc<Entry<K>>,
}

impl<K> Numbered<K> {
    /// Whether nobody uses the bulkhead and nothing but counts is lost with it.
    ///
    /// Runs under the table's exclusive lock, where nobody can get hold of the entry. Whoever had got
    /// hold of it took a handle of the bulkhead before he let go of the entry, and that it is let
    /// go is what `get_mut` makes sure of, so the handle's count is seen. If the table's is the
    /// only handle, no permit is out, nobody waits, and nobody is between `get` and the call.
    pub(super) fn is_evictable(&mut self) -> bool {
        Arc::get_mut(&mut self.entry)
            .is_some_and(|entry| entry.bulkhead.is_only_handle() && !entry.bulkhead.is_closed())
    }
}

pub(super) struct Bucket<K> {
    first: Numbered<K>,
    others: Vec<Numbered<K>>,
}

impl<K> Bucket<K> {
    pub(super) fn new(first: Numbered<K>) -> Self {
        Self {
            first,
            others: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, entry: Numbered<K>) {
        self.others.push(entry);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Numbered<K>> {
        iter::once(&self.first).chain(&self.others)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Numbered<K>> {
        iter::once(&mut self.first).chain(&mut self.others)
    }

    /// Takes the entry of this number out and returns the rest.
    pub(super) fn without(mut self, number: u64) -> (Option<Arc<Entry<K>>>, Option<Self>) {
        if self.first.number == number {
            let rest = self.others.pop().map(|first| Self {
                first,
                others: self.others,
            });
            return (Some(self.first.entry), rest);
        }
        let place = self.others.iter().position(|of| of.number == number);
        let taken = place.map(|at| self.others.swap_remove(at).entry);
        (taken, Some(self))
    }

    /// Compares keys, which is code of others: for a bucket that was cloned out of the table.
    pub(super) fn find<Q>(&self, key: &Q) -> Option<&Numbered<K>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.iter().find(|of| of.entry.key.borrow() == key)
    }
}

impl<K> Clone for Numbered<K> {
    fn clone(&self) -> Self {
        Self {
            number: self.number,
            entry: Arc::clone(&self.entry),
        }
    }
}

impl<K> Clone for Bucket<K> {
    fn clone(&self) -> Self {
        Self {
            first: self.first.clone(),
            others: self.others.clone(),
        }
    }
}
