//! A bounded set of bulkheads, one for each key.

mod bucket;
mod builder;
mod doors;
mod observer;
mod permit;
mod shared;
mod snapshot;
mod table;
mod weak;

use std::{
    borrow::Borrow,
    fmt,
    hash::Hash,
    sync::{Arc, atomic::Ordering},
};

use crate::{
    bulkhead::Bulkhead,
    keyed::{bucket::Entry, shared::Shared},
    priority::Priority,
    snapshot::Snapshot,
};

pub use builder::KeyedBuilder;
pub use observer::KeyedObserver;
pub use permit::KeyedPermit;
pub use snapshot::KeyedSnapshot;
pub use weak::WeakKeyed;

/// One bulkhead for each key: host, tenant, queue. A cheap handle, all clones of which share one set.
///
/// Use it where one limit for all would let one of them take it all: with a shared bulkhead, one
/// slow host or one busy tenant holds every place, and its siblings are refused. A bulkhead is
/// created when its key is first asked for; all have the same settings.
///
/// # Two limits
///
/// An [`outer`](KeyedBuilder::outer) bulkhead bounds all keys together. A call takes its place in the
/// key's bulkhead first, waiting in that line if it must, and then its place in the outer one; it
/// gives both back together.
///
/// The other way round one hot key would fill the outer bulkhead with callers who only wait for
/// that key, and all other keys would stand behind them. This way a hot key's crowd waits in
/// its own line, and at most `max_concurrent` of each key are in the outer bulkhead, running or
/// in line. The price: who waits in the outer line holds a place of its key meanwhile, and a call that
/// the outer bulkhead refuses counts as acquired and completed in its key's
/// [`Totals`](crate::Totals). A call waits at most for the sum of both checkout timeouts.
///
/// An operation that calls the set again, under whatever key, needs a second outer place while
/// it holds the first; where all do, all wait until they time out.
///
/// # Bounds
///
/// Keys often come from outside, so the set is bounded. A new key in a set of
/// [`max_keys`](KeyedBuilder::max_keys) evicts an eighth of them at once, those that were asked for
/// least recently. A key that comes back has a new bulkhead, with all totals at zero, and with the
/// settings and observers of the set, not those that the evicted one was given later.
///
/// Never evicted is a bulkhead that someone uses: of which a place is taken, or waited for, or a
/// handle is alive. Nor one that was closed, which would come back open.
///
/// If the set is full and no bulkhead may go, further keys share one, the
/// [overflow](Self::overflow) bulkhead, until there is room. The other ways out are worse: growing
/// hands the memory to whoever invents keys, evicting one in use lets its key run twice its limit for
/// as long as anybody wishes, and refusing turns a bound on bookkeeping into an outage. The price
/// is that surplus keys share one key's places, and that a key which gets a bulkhead of its own while
/// calls of it still run in the overflow may run up to twice its limit until those are done. A refusal
/// by it tells so by its name, `{set} (overflow)`; [`KeyedSnapshot::overflowed`] tells how often
/// keys were sent there. A set that found no room looks again after `max_keys / 8` further surplus calls.
///
/// # The keys' own code
///
/// Keys are hashed, compared, cloned, printed and dropped outside the set's lock, so their code
/// may take its time, panic, or use the set.
///
/// # Cost
///
/// Asking for a known key hashes it and takes a shared lock, for two reference counts. A new key is
/// cloned and takes the exclusive lock; in a full set, each eighth of `max_keys` new keys, all
/// are looked through.
///
/// # Examples
///
/// ```
/// use steadfast_bulkhead::Keyed;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let hosts: Keyed<String> = Keyed::builder("hosts")
///     .bulkhead(|each| each.max_concurrent(1).max_waiting(0))
///     .build()?;
///
/// let slow = hosts.try_acquire("slow.example")?;
/// assert!(hosts.try_acquire("slow.example").is_err());
///
/// let answer = hosts.call_blocking("quick.example", || Ok::<_, std::io::Error>("at once"))?;
/// assert_eq!(answer, "at once");
/// # drop(slow);
/// # Ok(())
/// # }
/// ```
pub struct Keyed<K> {
    shared: Arc<Shared<K>>,
    /// That of `shared`, with the priority of this handle.
    outer: Option<Bulkhead>,
    priority: Priority,
}

impl<K: Hash + Eq + Clone + fmt::Display> Keyed<K> {
    /// Begins a set. The bulkhead of key `k` is called `{name}/{k}`.
    pub fn builder(name: impl Into<Arc<str>>) -> KeyedBuilder<K> {
        KeyedBuilder::new(name.into())
    }

    /// The bulkhead of this key, created if there is none; the overflow bulkhead if there is no
    /// room for it. Its own doors know nothing of the outer bulkhead.
    ///
    /// While the handle is alive the bulkhead is not evicted, so ask for it when you need it and do
    /// not keep it: a kept one takes up room for as long.
    #[must_use]
    pub fn get<Q>(&self, key: &Q) -> Bulkhead
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.shared.get(key).of_priority(self.priority)
    }

    /// The bulkhead of this key, if it has one. Neither creates it nor counts as a use.
    #[must_use]
    pub fn peek<Q>(&self, key: &Q) -> Option<Bulkhead>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let found = self.shared.find(key)?.1;
        Some(self.handle(&found.entry.bulkhead))
    }

    /// Takes the bulkhead of this key out of the set, also if it is in use or closed. Its places and
    /// its line go on as they are; the key's next call gets a new one, so until then the key may
    /// run twice its limit.
    pub fn remove<Q>(&self, key: &Q) -> Option<Bulkhead>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let (hash, found) = self.shared.find(key)?;
        let removed = self.shared.table.write().remove(hash, found.number);
        removed.map(|entry| self.handle(&entry.bulkhead))
    }

    /// Each key that has a bulkhead now, with that bulkhead's snapshot, in no order. The keys are
    /// those of the moment of the call; each snapshot is read when the iterator comes to it. Does not
    /// count as a use, but what the iterator still holds is not evicted.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast_bulkhead::Keyed;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let tenants: Keyed<u32> = Keyed::builder("tenants").build()?;
    /// let permit = tenants.try_acquire(&7)?;
    /// let busiest = tenants.snapshots().max_by_key(|(_, snapshot)| snapshot.busy);
    /// assert_eq!(busiest.unwrap().0, 7);
    /// # drop(permit);
    /// # Ok(())
    /// # }
    /// ```
    pub fn snapshots(&self) -> impl Iterator<Item = (K, Snapshot)> + use<K> {
        let entries = self.shared.table.read().all();
        entries
            .into_iter()
            .map(|entry| (entry.key.clone(), entry.bulkhead.snapshot()))
    }
}

impl<K> Keyed<K> {
    /// Closes every bulkhead of the set, the overflow bulkhead too, and those that further keys would
    /// get: all callers are refused from now on, and those in line for their key's place are woken,
    /// with [`Reason::Closed`](crate::Reason::Closed). There is no way back.
    ///
    /// The outer bulkhead is left as it is, since others may use it: who has his key's place already
    /// still gets his outer one, and permits that are out stay good.
    pub fn close(&self) {
        let entries = self.shared.table.write().close();
        for entry in entries {
            entry.bulkhead.close();
        }
        self.shared.overflow.close();
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.table.read().is_closed()
    }

    /// Another handle to the same set, for callers of this priority: in the line of their key as well as
    /// in that of the outer bulkhead. See [`Priority`].
    #[must_use]
    pub fn with_priority(&self, priority: Priority) -> Self {
        Self::new(Arc::clone(&self.shared), priority)
    }

    fn handle(&self, bulkhead: &Bulkhead) -> Bulkhead {
        bulkhead.with_priority(self.priority)
    }

    fn new(shared: Arc<Shared<K>>, priority: Priority) -> Self {
        let outer = shared.outer.as_ref();
        Self {
            outer: outer.map(|outer| outer.with_priority(priority)),
            shared,
            priority,
        }
    }

    /// The name given to [`builder`](Self::builder).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The bulkhead that all keys share, if one was given.
    #[must_use]
    pub fn outer(&self) -> Option<&Bulkhead> {
        self.outer.as_ref()
    }

    /// The bulkhead that keys share for which there is no room, called `{name} (overflow)`. It is
    /// never evicted.
    #[must_use]
    pub fn overflow(&self) -> &Bulkhead {
        &self.shared.overflow
    }

    /// The set as it is now: how many keys, and what became of others. All numbers are read under
    /// one lock, except [`KeyedSnapshot::overflowed`].
    #[must_use]
    pub fn snapshot(&self) -> KeyedSnapshot {
        let shared = &*self.shared;
        let table = shared.table.read();
        let [created, evicted, removed] = table.counts();
        KeyedSnapshot {
            name: Arc::clone(&shared.name),
            keys: table.len(),
            max_keys: table.max_keys(),
            closed: table.is_closed(),
            created,
            evicted,
            removed,
            overflowed: shared.overflowed.load(Ordering::Relaxed),
            observer_panics: shared.observers.panics(),
        }
    }

    /// Adds an observer, which hears of every bulkhead that is created from now on.
    pub fn add_observer(&self, observer: Arc<dyn KeyedObserver>) {
        self.shared.observers.add(observer);
    }

    /// Each key that has a bulkhead now, with that bulkhead, in no order. Does not count as a use, but
    /// while the handles are alive their bulkheads are not evicted.
    #[must_use]
    pub fn bulkheads(&self) -> Vec<(K, Bulkhead)>
    where
        K: Clone,
    {
        let entries = self.shared.table.read().all();
        let each = |entry: Arc<Entry<K>>| (entry.key.clone(), self.handle(&entry.bulkhead));
        entries.into_iter().map(each).collect()
    }

    /// A handle that does not keep the set alive. Upgraded, it is of the normal priority.
    #[must_use]
    pub fn downgrade(&self) -> WeakKeyed<K> {
        WeakKeyed {
            shared: Arc::downgrade(&self.shared),
        }
    }
}

impl<K> Clone for Keyed<K> {
    fn clone(&self) -> Self {
        self.with_priority(self.priority)
    }
}

impl<K> fmt::Debug for Keyed<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed")
            .field("bulkhead", &self.shared.template)
            .field("outer", &self.shared.outer)
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}
