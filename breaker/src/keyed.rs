//! A bounded set of breakers, one for each key.

mod builder;
mod call;
mod observer;
mod snapshot;
mod table;
mod weak;

use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::RwLock;

use crate::breaker::CircuitBreaker;
use crate::builder::Template;
use crate::clock::{self, Time};
use crate::keyed::observer::Observers;
use crate::keyed::table::Table;

pub use builder::KeyedBuilder;
pub use observer::KeyedObserver;
pub use snapshot::KeyedSnapshot;
pub use weak::WeakKeyed;

/// One breaker for each key: host, shard, tenant. A cheap handle, all clones of which share one set.
///
/// Use it where one client talks to many servers that fail apart: with one breaker for all of
/// them, one dead host shuts out its healthy siblings, or drowns in their successes and is never
/// noticed. A breaker is created when its key is first asked for. Not for keys of which each is
/// used only a few times (a user, a request): no breaker would ever see enough calls to decide.
///
/// # Bounds
/// Keys often come from outside, so the set is bounded. At
/// [`max_keys`](KeyedBuilder::max_keys) it evicts the breakers that were not used for longest.
/// Below it, breakers not used for [`idle_after`](KeyedBuilder::idle_after) are evicted now and then
/// while keys are added, and by [`evict_idle`](Self::evict_idle). A key that comes back has a new
/// breaker, closed, with all counts at zero, and with the settings and observers of the set, not those
/// that the evicted one was given later.
///
/// Never evicted is a breaker that is not closed or has a [`Mode`](crate::Mode) set, nor one that someone
/// uses: that has a call in flight, or of which a handle or permit is alive.
///
/// If the set is full and no breaker may go, further keys share one, the
/// [overflow](Self::overflow) breaker, until there is room. The other ways out are worse: growing
/// hands the memory to whoever invents keys, evicting an open breaker sends calls back to a host
/// known to be down, and refusing turns a bound on bookkeeping into an outage. The price is that
/// surplus keys fail together; [`KeyedSnapshot::overflowed`] tells how often that was.
/// A set that found no room looks again after `max_keys / 8` further surplus calls or
/// `max_keys` × 0.1 ms, whichever comes first.
///
/// A host that is gone for good leaves an open breaker that nobody will ever ask again, and that
/// stays. Where hosts come and go (pods, spot instances), [`remove`](Self::remove) them as they go.
///
/// The bound also holds for metrics: watching each breaker makes up to `max_keys` time series.
///
/// # The keys' own code
/// Keys are hashed, compared and cloned under the set's lock, so `Hash`, `Eq`, `Borrow` and `Clone`
/// of a key must not use the set. Its `Display` (once for each breaker created, for its name) and its
/// `Drop` run outside the lock, as do the observers of breakers and their `Drop`.
///
/// # Cost
/// Asking for a known key hashes it, reads the clock and takes a shared lock. A new key is cloned
/// and takes the exclusive lock; each eighth of `max_keys` new keys, all are looked through.
///
/// # Examples
/// ```
/// use steadfast_breaker::{Keyed, State};
///
/// let hosts: Keyed<String> = Keyed::builder("hosts")
///     .breaker(|each| each.failure_threshold(1))
///     .max_keys(1_000)
///     .build()?;
///
/// let answer = hosts.call_blocking("a.example", || Err::<(), _>("connection refused"));
/// assert!(answer.is_err());
/// assert_eq!(hosts.get("a.example").state(), State::Open);
///
/// let answer = hosts.call_blocking("b.example", || Ok::<_, &str>("its sibling is well"));
/// assert_eq!(answer.unwrap(), "its sibling is well");
/// # Ok::<_, steadfast_breaker::ConfigError>(())
/// ```
pub struct Keyed<K> {
    shared: Arc<Shared<K>>,
}

struct Shared<K> {
    name: Arc<str>,
    /// Known to have no broken fields.
    template: Template,
    overflow: CircuitBreaker,
    /// A count that orders nothing, hence relaxed.
    overflowed: AtomicU64,
    observers: Observers,
    origin: Time,
    table: RwLock<Table<K>>,
}

impl<K> Keyed<K> {
    fn new(name: Arc<str>, template: Template, max_keys: usize, idle_after: Duration) -> Self {
        let overflow = format!("{name} (overflow)").into();
        Self {
            shared: Arc::new(Shared {
                overflow: template.make(overflow),
                name,
                template,
                overflowed: AtomicU64::new(0),
                observers: Observers::default(),
                origin: clock::now(),
                table: RwLock::new(Table::new(max_keys, idle_after)),
            }),
        }
    }
}

impl<K: Hash + Eq + Clone + fmt::Display> Keyed<K> {
    /// Starts building a set. The breaker of key `k` is called `{name}/{k}`.
    pub fn builder(name: impl Into<Arc<str>>) -> KeyedBuilder<K> {
        KeyedBuilder::new(name.into())
    }

    /// The breaker of this key, created if there is none; the overflow breaker if there is no room
    /// for it.
    ///
    /// While the handle is alive the breaker is not evicted, so ask for it when you need it and
    /// do not keep it: a kept one takes up a place for as long.
    ///
    /// # Examples
    /// Everything a [`CircuitBreaker`] can do, for one key:
    /// ```
    /// use steadfast_breaker::{Keyed, Outcome};
    ///
    /// # let tenants: Keyed<u32> = Keyed::builder("tenants").build().unwrap();
    /// let status = tenants
    ///     .get(&7)
    ///     .classify(|answer: &Result<u16, std::io::Error>| match answer {
    ///         Ok(500..) | Err(_) => Outcome::Failure,
    ///         Ok(_) => Outcome::Success,
    ///     })
    ///     .call_blocking(|| Ok(204));
    /// assert_eq!(status.unwrap(), 204);
    /// ```
    #[must_use]
    pub fn get<Q>(&self, key: &Q) -> CircuitBreaker
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let now = self.shared.now();
        let table = self.shared.table.read();
        if let Some(breaker) = table.get(key, now) {
            return breaker;
        }
        let may_fit = table.miss(now);
        drop(table);
        if may_fit {
            self.create(key, now)
        } else {
            self.shared.overflow()
        }
    }

    #[cold]
    fn create<Q>(&self, key: &Q, now: u64) -> CircuitBreaker
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let shared = &*self.shared;
        // Code of others, and declared before the lock is taken: whichever of these is not needed
        // is dropped after it is released.
        let owned = key.to_owned();
        let name = format!("{}/{owned}", shared.name).into();
        let breaker = shared.template.make(name);
        let _evicted;
        let mut table = shared.table.write();
        // Another thread may have been faster.
        if let Some(breaker) = table.get(key, now) {
            return breaker;
        }
        _evicted = table.make_room(now);
        if table.is_full() {
            return shared.overflow();
        }
        table.insert(owned, breaker.clone(), now);
        drop(table);
        shared.observers.created(&breaker);
        breaker
    }

    /// The breaker of this key, if it has one. Neither creates it nor counts as a use.
    #[must_use]
    pub fn peek<Q>(&self, key: &Q) -> Option<CircuitBreaker>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.shared.table.read().peek(key)
    }

    /// Takes the breaker of this key out of the set, in whatever state it is. Calls in flight go on
    /// and still count in it; the key's next call gets a new one.
    pub fn remove<Q>(&self, key: &Q) -> Option<CircuitBreaker>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        // The key is dropped after the lock, which this statement releases.
        let removed = self.shared.table.write().remove(key);
        removed.map(|(_key, breaker)| breaker)
    }

    /// All keys that have a breaker now, in no order. Does not count as a use, but while the
    /// handles are alive their breakers are not evicted.
    #[must_use]
    pub fn breakers(&self) -> Vec<(K, CircuitBreaker)> {
        self.shared.table.read().all()
    }

    /// Evicts every breaker that may go and was not asked for in
    /// [`idle_after`](KeyedBuilder::idle_after); how many they were. Looks through all keys, so call it
    /// now and then, if at all: adding keys does the same.
    #[expect(
        clippy::must_use_candidate,
        reason = "called for what it does; the number is a bonus"
    )]
    pub fn evict_idle(&self) -> usize {
        let now = self.shared.now();
        let evicted = self.shared.table.write().evict(now, 0);
        evicted.entries.len()
    }
}

impl<K> Keyed<K> {
    /// The name given to [`builder`](Self::builder).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// How many keys have a breaker of their own.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.table.read().len()
    }

    /// Whether no key has a breaker.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The breaker that keys share for which there is no room, called `{name} (overflow)`. It is
    /// never evicted.
    #[must_use]
    pub fn overflow(&self) -> CircuitBreaker {
        self.shared.overflow.clone()
    }

    /// A consistent reading of the counts.
    #[must_use]
    pub fn snapshot(&self) -> KeyedSnapshot {
        let shared = &*self.shared;
        let table = shared.table.read();
        let [created, evicted, removed] = table.counts();
        KeyedSnapshot {
            name: Arc::clone(&shared.name),
            keys: table.len(),
            max_keys: table.max_keys(),
            created,
            evicted,
            removed,
            overflowed: shared.overflowed.load(Ordering::Relaxed),
            observer_panics: shared.observers.panics(),
        }
    }

    /// Adds an observer, which hears of every breaker that is created from now on.
    pub fn add_observer(&self, observer: Arc<dyn KeyedObserver>) {
        self.shared.observers.add(observer);
    }

    /// A handle that does not keep the set alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakKeyed<K> {
        WeakKeyed {
            shared: Arc::downgrade(&self.shared),
        }
    }
}

impl<K> Shared<K> {
    /// The one place that reads the clock: nanoseconds since the set was built.
    fn now(&self) -> u64 {
        clock::now().since(self.origin)
    }

    fn overflow(&self) -> CircuitBreaker {
        self.overflowed.fetch_add(1, Ordering::Relaxed);
        self.overflow.clone()
    }
}

impl<K> Clone for Keyed<K> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<K> fmt::Debug for Keyed<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed")
            .field("breaker", &self.shared.template)
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}
