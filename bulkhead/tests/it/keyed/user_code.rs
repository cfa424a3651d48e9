//! Nothing of a key's own runs under the lock of its set. Each of these would hang otherwise.

use std::{
    cell::Cell,
    fmt,
    hash::{Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use steadfast_bulkhead::{Keyed, Observer};

thread_local! {
    /// Set while a key meddles, which makes keys of its own.
    static MEDDLES: Cell<bool> = const { Cell::new(false) };
    static MEDDLED: Cell<[usize; 5]> = const { Cell::new([0; 5]) };
}

const HASH: usize = 0;
const EQ: usize = 1;
const CLONE: usize = 2;
const DISPLAY: usize = 3;
const DROP: usize = 4;

/// A key that uses its set whenever the set uses it.
struct Meddling {
    id: u32,
    set: Arc<OnceLock<Keyed<Self>>>,
}

impl Meddling {
    fn meddle(&self, on: usize) {
        static FRESH: AtomicU32 = AtomicU32::new(1000);
        let Some(set) = self.set.get() else {
            return;
        };
        if MEDDLES.replace(true) {
            return;
        }
        let mut counts = MEDDLED.get();
        counts[on] += 1;
        MEDDLED.set(counts);
        // A new key takes the exclusive lock.
        let fresh = Self {
            id: FRESH.fetch_add(1, Ordering::Relaxed),
            set: Arc::default(),
        };
        drop(set.get(&fresh));
        drop(set.remove(&fresh));
        MEDDLES.set(false);
    }
}

impl Hash for Meddling {
    /// The same for all, so that they are compared.
    fn hash<H: Hasher>(&self, _: &mut H) {
        self.meddle(HASH);
    }
}

impl PartialEq for Meddling {
    fn eq(&self, other: &Self) -> bool {
        self.meddle(EQ);
        self.id == other.id
    }
}

impl Eq for Meddling {}

impl Clone for Meddling {
    fn clone(&self) -> Self {
        self.meddle(CLONE);
        Self {
            id: self.id,
            set: Arc::clone(&self.set),
        }
    }
}

impl fmt::Display for Meddling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.meddle(DISPLAY);
        self.id.fmt(f)
    }
}

impl Drop for Meddling {
    fn drop(&mut self) {
        self.meddle(DROP);
    }
}

#[test]
fn a_key_may_use_its_set_at_every_turn() {
    let home = Arc::new(OnceLock::new());
    let set: Keyed<Meddling> = Keyed::builder("set").max_keys(4).build().unwrap();
    assert!(home.set(set.clone()).is_ok());
    let key = |id| Meddling {
        id,
        set: Arc::clone(&home),
    };
    for id in (0..12).chain(0..12) {
        drop(set.get(&key(id)));
        assert!(set.peek(&key(id)).is_some());
    }
    assert_eq!(set.snapshots().count(), set.snapshot().keys);
    assert!(set.remove(&key(11)).is_some());
    set.close();
    assert!(set.try_acquire(&key(50)).is_err());
    assert!(MEDDLED.get().iter().all(|count| *count > 0));
}

/// A key that cannot be compared.
#[derive(Clone)]
struct Faulty(u32);

impl Hash for Faulty {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl PartialEq for Faulty {
    fn eq(&self, other: &Self) -> bool {
        assert!(self.0 < 100 && other.0 < 100, "not comparable");
        self.0 == other.0
    }
}

impl Eq for Faulty {}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[test]
fn a_key_that_panics_leaves_the_set_as_it_was() {
    let set: Keyed<Faulty> = Keyed::builder("set").build().unwrap();
    drop(set.get(&Faulty(1)));
    let panicked = catch_unwind(AssertUnwindSafe(|| set.get(&Faulty(100))));
    assert!(panicked.is_err());
    assert!(set.try_acquire(&Faulty(1)).is_ok());
    assert_eq!(set.snapshot().keys, 1);
}

/// Uses the set when the bulkhead that it observed is gone.
struct LastWords(Keyed<u32>, Arc<AtomicU32>);

impl Observer for LastWords {}

impl Drop for LastWords {
    fn drop(&mut self) {
        drop(self.0.get(&77));
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn an_observer_dropped_with_its_evicted_bulkhead_may_use_the_set() {
    let set: Keyed<u32> = Keyed::builder("set").max_keys(1).build().unwrap();
    let dropped = Arc::new(AtomicU32::new(0));
    for key in 0..3 {
        set.get(&key)
            .add_observer(Arc::new(LastWords(set.clone(), Arc::clone(&dropped))));
    }
    assert_eq!(dropped.load(Ordering::Relaxed), 2);
}
