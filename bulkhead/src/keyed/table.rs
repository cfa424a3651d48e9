//! The bounded map behind a set of bulkheads: who is in it, and who may go. It knows no lock, and of
//! the keys only their hashes: no code of others runs in here. Entries that leave are handed out,
//! to be dropped after the lock.

use std::{
    collections::{HashMap, hash_map::Entry as Place},
    hash::{BuildHasherDefault, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::keyed::bucket::{Bucket, Entry, Numbered};

/// A set that is full makes room for this share of its bound at once, so that new keys pay for
/// looking through all of them one eighth of the time at most.
const SHARE: usize = 8;

pub(super) struct Table<K> {
    buckets: HashMap<u64, Bucket<K>, BuildHasherDefault<Hashed>>,
    len: usize,
    max_keys: usize,
    closed: bool,
    /// Also the number of the entry added last.
    created: u64,
    evicted: u64,
    removed: u64,
    /// How many further misses of a full table are not worth a search. Relaxed: it paces the search
    /// and orders nothing.
    pause: AtomicU64,
}

/// What the table has for a hash.
pub(super) struct Found<K> {
    /// For the finder to look for its key in, after the lock.
    pub(super) bucket: Option<Bucket<K>>,
    /// The number of the entry added last; what is newer was not seen.
    pub(super) seen: u64,
}

pub(super) enum Added<K> {
    /// The entry is in. These are no longer; the caller drops them after the lock.
    Yes {
        _evicted: Vec<Arc<Entry<K>>>,
    },
    /// Somebody else has added an entry with this hash meanwhile: perhaps the key.
    Changed(Found<K>),
    Full,
    Closed,
}

impl<K> Table<K> {
    pub(super) fn new(max_keys: usize) -> Self {
        Self {
            buckets: HashMap::default(),
            len: 0,
            max_keys,
            closed: false,
            created: 0,
            evicted: 0,
            removed: 0,
            pause: AtomicU64::new(0),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn max_keys(&self) -> usize {
        self.max_keys
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Bulkheads created, evicted, removed.
    pub(super) fn counts(&self) -> [u64; 3] {
        [self.created, self.evicted, self.removed]
    }

    pub(super) fn look(&self, hash: u64) -> Found<K> {
        Found {
            bucket: self.buckets.get(&hash).cloned(),
            seen: self.created,
        }
    }

    pub(super) fn all(&self) -> Vec<Arc<Entry<K>>> {
        let entries = self.buckets.values().flat_map(Bucket::iter);
        entries.map(|of| Arc::clone(&of.entry)).collect()
    }

    /// A key was not found. Whether it is worth trying to add it.
    pub(super) fn miss(&self) -> bool {
        let order = Ordering::Relaxed;
        let spend = |pause: u64| pause.checked_sub(1);
        self.closed || !self.is_full() || self.pause.fetch_update(order, order, spend).is_err()
    }

    /// Adds an entry whose key is not in the table as far as the caller has seen.
    pub(super) fn add(&mut self, hash: u64, seen: u64, entry: &Arc<Entry<K>>) -> Added<K> {
        if self.closed {
            return Added::Closed;
        }
        let bucket = self.buckets.get(&hash);
        if bucket.is_some_and(|bucket| bucket.iter().any(|of| of.number > seen)) {
            return Added::Changed(self.look(hash));
        }
        let evicted = if self.is_full() {
            self.evict(self.max_keys.div_ceil(SHARE))
        } else {
            Vec::new()
        };
        if self.is_full() {
            *self.pause.get_mut() = (self.max_keys / SHARE) as u64;
            return Added::Full;
        }
        self.created += 1;
        self.len += 1;
        let added = Numbered {
            number: self.created,
            entry: Arc::clone(entry),
        };
        match self.buckets.entry(hash) {
            Place::Occupied(mut bucket) => bucket.get_mut().push(added),
            Place::Vacant(place) => {
                place.insert(Bucket::new(added));
            }
        }
        Added::Yes { _evicted: evicted }
    }

    pub(super) fn remove(&mut self, hash: u64, number: u64) -> Option<Arc<Entry<K>>> {
        let removed = self.take(hash, number)?;
        self.removed += 1;
        *self.pause.get_mut() = 0;
        Some(removed)
    }

    /// Lets nobody in from now on, and returns who is.
    pub(super) fn close(&mut self) -> Vec<Arc<Entry<K>>> {
        self.closed = true;
        self.all()
    }

    fn is_full(&self) -> bool {
        self.len >= self.max_keys
    }

    /// Evicts those longest unused among those that may go, up to this many.
    fn evict(&mut self, count: usize) -> Vec<Arc<Entry<K>>> {
        let mut candidates: Vec<_> = self
            .buckets
            .iter_mut()
            .flat_map(|(hash, bucket)| bucket.iter_mut().map(|of| (*hash, of)))
            .filter_map(|(hash, of)| {
                of.is_evictable()
                    .then(|| (of.entry.last_used(), hash, of.number))
            })
            .collect();
        if count < candidates.len() {
            candidates.select_nth_unstable(count);
            candidates.truncate(count);
        }
        let evicted: Vec<_> = candidates
            .into_iter()
            .filter_map(|(_, hash, number)| self.take(hash, number))
            .collect();
        self.evicted += evicted.len() as u64;
        evicted
    }

    fn take(&mut self, hash: u64, number: u64) -> Option<Arc<Entry<K>>> {
        let (taken, rest) = self.buckets.remove(&hash)?.without(number);
        if let Some(rest) = rest {
            self.buckets.insert(hash, rest);
        }
        self.len -= usize::from(taken.is_some());
        taken
    }
}

/// The hasher of what is a hash already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    /// Not used: the map's keys are `u64`.
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
