//! What others do between the locks of a lookup. Since the keys' own code runs there, a key can do it.

use std::{
    cell::Cell,
    fmt,
    hash::{Hash, Hasher},
};

use steadfast_bulkhead::Keyed;

type Once = Cell<Option<Box<dyn FnOnce()>>>;

thread_local! {
    static ON_CLONE: Once = const { Cell::new(None) };
    static ON_EQ: Once = const { Cell::new(None) };
}

#[derive(Debug)]
struct Hooked(u32);

fn run(once: &Once) {
    if let Some(hook) = once.take() {
        hook();
    }
}

impl Clone for Hooked {
    fn clone(&self) -> Self {
        ON_CLONE.with(run);
        Self(self.0)
    }
}

impl PartialEq for Hooked {
    fn eq(&self, other: &Self) -> bool {
        ON_EQ.with(run);
        self.0 == other.0
    }
}

impl Eq for Hooked {}

impl Hash for Hooked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Display for Hooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn set(max_keys: usize) -> Keyed<Hooked> {
    Keyed::builder("set").max_keys(max_keys).build().unwrap()
}

#[test]
fn who_adds_a_key_second_gets_the_bulkhead_of_the_first() {
    let set = set(8);
    let faster = set.clone();
    ON_CLONE.set(Some(Box::new(move || {
        let _permit = faster.get(&Hooked(1)).try_acquire().unwrap();
    })));
    let bulkhead = set.get(&Hooked(1));
    assert_eq!(bulkhead.snapshot().totals.completed, 1);
    assert_eq!(set.snapshot().created, 1);
}

#[test]
fn a_bulkhead_that_is_just_being_found_is_not_evicted() {
    let set = set(1);
    drop(set.get(&Hooked(1)));
    let crowd = set.clone();
    ON_EQ.set(Some(Box::new(move || {
        assert_eq!(crowd.get(&Hooked(2)).name(), "set (overflow)");
    })));
    let found = set.get(&Hooked(1));
    let _permit = found.try_acquire().unwrap();
    assert_eq!(set.get(&Hooked(1)).snapshot().busy, 1);
    assert_eq!(set.snapshot().evicted, 0);
}

#[test]
fn a_key_added_while_the_set_closes_is_closed() {
    let set = set(8);
    let closing = set.clone();
    ON_CLONE.set(Some(Box::new(move || closing.close())));
    assert!(set.get(&Hooked(1)).is_closed());
    assert_eq!(set.snapshot().keys, 0);
}

#[test]
fn of_two_removals_at_a_time_one_removes() {
    let set = set(8);
    drop(set.get(&Hooked(1)));
    let faster = set.clone();
    ON_EQ.set(Some(Box::new(move || {
        assert!(faster.remove(&Hooked(1)).is_some());
    })));
    assert!(set.remove(&Hooked(1)).is_none());
    assert_eq!((set.snapshot().keys, set.snapshot().removed), (0, 1));
}
