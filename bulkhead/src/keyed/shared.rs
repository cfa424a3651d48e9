//! What all handles to a set share. Nothing of the keys' own (`Hash`, `Eq`, `Clone`, `Display`, `Drop`)
//! runs while the table is locked.

use std::{
    borrow::Borrow,
    fmt::Display,
    hash::{BuildHasher, Hash, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::RwLock;

use crate::{
    builder::Builder,
    bulkhead::Bulkhead,
    keyed::{
        bucket::{Entry, Numbered},
        observer::Observers,
        table::{Added, Found, Table},
    },
};

pub(super) struct Shared<K> {
    pub(super) name: Arc<str>,
    /// Known to break no rule.
    pub(super) template: Builder,
    pub(super) outer: Option<Bulkhead>,
    pub(super) overflow: Bulkhead,
    /// Both are counts that order nothing, hence relaxed.
    pub(super) overflowed: AtomicU64,
    pub(super) observers: Observers,
    uses: AtomicU64,
    hasher: RandomState,
    pub(super) table: RwLock<Table<K>>,
}

impl<K> Shared<K> {
    pub(super) fn new(
        name: Arc<str>,
        template: Builder,
        max_keys: usize,
        outer: Option<Bulkhead>,
    ) -> Self {
        let overflow = format!("{name} (overflow)").into();
        Self {
            overflow: make(&template, overflow),
            name,
            template,
            outer,
            overflowed: AtomicU64::new(0),
            observers: Observers::default(),
            uses: AtomicU64::new(0),
            hasher: RandomState::new(),
            table: RwLock::new(Table::new(max_keys)),
        }
    }

    pub(super) fn get<Q>(&self, key: &Q) -> Bulkhead
    where
        K: Borrow<Q> + Display,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let found = self.table.read().look(hash);
        let seen = found.seen;
        if let Some(bulkhead) = self.pick(found, key) {
            return bulkhead;
        }
        let may_fit = self.table.read().miss();
        if may_fit {
            self.create(key, hash, seen)
        } else {
            self.overflow()
        }
    }

    #[cold]
    fn create<Q>(&self, key: &Q, hash: u64, mut seen: u64) -> Bulkhead
    where
        K: Borrow<Q> + Display,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let owned = key.to_owned();
        let name = format!("{}/{owned}", self.name).into();
        let bulkhead = make(&self.template, name);
        let entry = Arc::new(Entry::new(owned, bulkhead.clone(), self.next_use()));
        loop {
            // What is evicted is dropped at the end of an arm, after the lock, which this statement
            // releases.
            let added = self.table.write().add(hash, seen, &entry);
            match added {
                Added::Yes { .. } => {
                    self.observers.created(&bulkhead);
                    return bulkhead;
                }
                Added::Full => return self.overflow(),
                Added::Closed => {
                    bulkhead.close();
                    return bulkhead;
                }
                Added::Changed(found) => {
                    seen = found.seen;
                    if let Some(faster) = self.pick(found, key) {
                        return faster;
                    }
                }
            }
        }
    }

    /// The entry of this key, by whose number it can be removed. Outside the lock.
    pub(super) fn find<Q>(&self, key: &Q) -> Option<(u64, Numbered<K>)>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let found = self.table.read().look(hash);
        let numbered = found.bucket?.find(key)?.clone();
        Some((hash, numbered))
    }

    /// The bulkhead of this key, used just now, if it is among those found. Outside the lock.
    fn pick<Q>(&self, found: Found<K>, key: &Q) -> Option<Bulkhead>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let bucket = found.bucket?;
        let entry = &bucket.find(key)?.entry;
        entry.mark_used(self.next_use());
        Some(entry.bulkhead.clone())
    }

    fn next_use(&self) -> u64 {
        self.uses.fetch_add(1, Ordering::Relaxed)
    }

    fn overflow(&self) -> Bulkhead {
        self.overflowed.fetch_add(1, Ordering::Relaxed);
        self.overflow.clone()
    }
}

/// Keys come and go, and so do their names: none is kept.
fn make(template: &Builder, name: Arc<str>) -> Bulkhead {
    let mut builder = template.clone();
    builder.name = name;
    builder.build_checked(None)
}
