//! The bounded map behind a set of breakers: who is in it, who may go, and when to look for them.
//! It knows no clock and no lock; `now` is nanoseconds since the set was built.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::breaker::CircuitBreaker;
use crate::clock;

/// A set that is full makes room for this share of its bound at once, so that new keys pay for
/// looking through all of them one eighth of the time at most.
const SHARE: usize = 8;

/// Looking at a key takes some tens of nanoseconds: with this pause for each of them, looking in
/// vain takes less than a thousandth of the time.
const PAUSE_PER_KEY: u64 = 100_000;

/// Evicted keys and breakers. Dropping them runs code of others: do so after the lock.
pub(super) struct Evicted<K> {
    pub(super) entries: Vec<(K, Entry)>,
    /// The copies of the keys by which the entries were found.
    _keys: Vec<K>,
}

pub(super) struct Table<K> {
    entries: HashMap<K, Entry>,
    max_keys: usize,
    idle_after: u64,
    /// When all entries were last looked through for the sake of a new key.
    looked: u64,
    /// Keys not found since the set last looked for room. Relaxed: it paces that search and orders
    /// nothing.
    misses: AtomicU64,
    created: u64,
    evicted: u64,
    removed: u64,
}

pub(super) struct Entry {
    breaker: CircuitBreaker,
    /// Relaxed: written under the shared lock, compared under the exclusive one.
    last_used: AtomicU64,
}

impl<K> Table<K> {
    pub(super) fn new(max_keys: usize, idle_after: Duration) -> Self {
        Self {
            entries: HashMap::new(),
            max_keys,
            idle_after: clock::nanos(idle_after),
            looked: 0,
            misses: AtomicU64::new(0),
            created: 0,
            evicted: 0,
            removed: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn max_keys(&self) -> usize {
        self.max_keys
    }

    /// Breakers created, evicted, removed.
    pub(super) fn counts(&self) -> [u64; 3] {
        [self.created, self.evicted, self.removed]
    }

    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= self.max_keys
    }

    /// A key was not found. Whether it is worth trying to add it.
    pub(super) fn miss(&self, now: u64) -> bool {
        self.misses.fetch_add(1, Ordering::Relaxed);
        !self.is_full() || self.search_due(now)
    }

    /// Without this a set full of open breakers would look through all of them for each new key.
    fn search_due(&self, now: u64) -> bool {
        let misses = usize::try_from(self.misses.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
        misses.saturating_mul(SHARE) >= self.len()
            || now.saturating_sub(self.looked) >= self.pause()
    }

    fn pause(&self) -> u64 {
        PAUSE_PER_KEY.saturating_mul(self.len() as u64)
    }
}

impl<K: Hash + Eq + Clone> Table<K> {
    /// The key's breaker, used just now.
    pub(super) fn get<Q>(&self, key: &Q, now: u64) -> Option<CircuitBreaker>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let entry = self.entries.get(key)?;
        entry.last_used.store(now, Ordering::Relaxed);
        Some(entry.breaker.clone())
    }

    pub(super) fn peek<Q>(&self, key: &Q) -> Option<CircuitBreaker>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.entries.get(key).map(|entry| entry.breaker.clone())
    }

    pub(super) fn all(&self) -> Vec<(K, CircuitBreaker)> {
        self.entries
            .iter()
            .map(|(key, entry)| (key.clone(), entry.breaker.clone()))
            .collect()
    }

    /// Adds a key that is not in the table, which is not full.
    pub(super) fn insert(&mut self, key: K, breaker: CircuitBreaker, now: u64) {
        let last_used = AtomicU64::new(now);
        self.entries.insert(key, Entry { breaker, last_used });
        self.created += 1;
    }

    pub(super) fn remove<Q>(&mut self, key: &Q) -> Option<(K, CircuitBreaker)>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (key, entry) = self.entries.remove_entry(key)?;
        self.removed += 1;
        Some((key, entry.breaker))
    }

    /// Before a new key is added: evicts what is idle, now and then, and makes room if there is
    /// none.
    pub(super) fn make_room(&mut self, now: u64) -> Evicted<K> {
        let full = self.is_full();
        let due = if full {
            self.search_due(now)
        } else {
            now.saturating_sub(self.looked) >= self.idle_after.max(self.pause())
        };
        if !due {
            return Evicted::none();
        }
        self.looked = now;
        if full {
            self.misses.store(0, Ordering::Relaxed);
            self.evict(now, self.max_keys.div_ceil(SHARE))
        } else {
            self.evict(now, 0)
        }
    }

    /// Evicts all that are idle, and if those are fewer than `room`, the longest unused up to that
    /// number.
    pub(super) fn evict(&mut self, now: u64, room: usize) -> Evicted<K> {
        let mut candidates: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.evictable())
            .map(|(key, entry)| (entry.last_used.load(Ordering::Relaxed), key))
            .collect();
        let idle = candidates
            .iter()
            .filter(|(last_used, _)| now.saturating_sub(*last_used) >= self.idle_after)
            .count();
        let count = idle.max(room.min(candidates.len()));
        if count < candidates.len() {
            candidates.select_nth_unstable_by_key(count, |(last_used, _)| *last_used);
            candidates.truncate(count);
        }
        let keys: Vec<K> = candidates.into_iter().map(|(_, key)| key.clone()).collect();
        let entries: Vec<_> = keys
            .iter()
            .filter_map(|key| self.entries.remove_entry(key))
            .inspect(|_| self.evicted += 1)
            .collect();
        Evicted {
            entries,
            _keys: keys,
        }
    }
}

impl Entry {
    /// Whether nobody uses the breaker and nothing but counts is lost with it.
    ///
    /// Handles are given out under the table's lock only, and this runs under the exclusive one. If
    /// the table's is the only handle, nobody is between `get` and the call, no call and no permit
    /// is out (they hold the breaker too), and nobody can come in until the lock is released. A weak
    /// handle that is upgraded meanwhile keeps what it got; to the set that breaker is gone.
    ///
    /// The count is read first, and the state under the breaker's lock: whoever dropped his handle before
    /// that had recorded his result, so the state knows of it. The count alone orders nothing.
    fn evictable(&self) -> bool {
        self.breaker.is_only_handle() && self.breaker.is_as_new()
    }
}

impl<K> Evicted<K> {
    fn none() -> Self {
        Self {
            entries: Vec::new(),
            _keys: Vec::new(),
        }
    }
}
