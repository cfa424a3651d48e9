//! Who has to go when the set is full, and who may not.

use std::collections::BTreeSet;

use steadfast_bulkhead::{Bulkhead, Keyed};

fn set(max_keys: usize) -> Keyed<u32> {
    Keyed::builder("set")
        .bulkhead(|each| each.max_concurrent(1))
        .max_keys(max_keys)
        .build()
        .unwrap()
}

fn keys(set: &Keyed<u32>) -> BTreeSet<u32> {
    set.snapshots().map(|(key, _)| key).collect()
}

fn is_overflow(bulkhead: &Bulkhead) -> bool {
    bulkhead.name() == "set (overflow)"
}

#[test]
fn the_least_recently_used_goes_first() {
    let set = set(3);
    for key in [1, 2, 3, 1] {
        drop(set.get(&key));
    }
    drop(set.get(&4));
    assert_eq!(keys(&set), [1, 3, 4].into());
    assert_eq!((set.snapshot().evicted, set.snapshot().overflowed), (1, 0));
}

#[test]
fn a_peek_and_a_snapshot_are_no_use() {
    let set = set(2);
    drop((set.get(&1), set.get(&2)));
    drop(set.peek(&1));
    assert_eq!(set.snapshots().count(), 2);
    drop(set.get(&3));
    assert_eq!(keys(&set), [2, 3].into());
}

#[test]
fn a_large_set_makes_room_for_an_eighth_at_once() {
    let set = set(16);
    for key in 0..17 {
        drop(set.get(&key));
    }
    assert_eq!(keys(&set), (2..17).collect());
}

#[test]
fn a_place_taken_keeps_its_bulkhead() {
    let set = set(2);
    let permit = set.try_acquire(&1).unwrap();
    for key in 2..10 {
        drop(set.get(&key));
    }
    assert!(set.try_acquire(&1).is_err(), "it forgot the permit");
    drop(permit);
    drop((set.get(&20), set.get(&21)));
    assert!(!keys(&set).contains(&1));
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn a_caller_in_line_keeps_its_bulkhead() {
    use crate::support::{Alarm, poll};

    let set = set(1);
    let permit = set.get(&1).try_acquire().unwrap();
    let weak = set.get(&1).downgrade();
    let mut waiter = Box::pin(set.acquire(&1)) as crate::support::Boxed<'_, _>;
    assert!(poll(&mut waiter, &Alarm::new()).is_pending());
    drop(permit);
    // Handed the place, but not polled since.
    assert!(is_overflow(&set.get(&2)));
    drop(waiter);
    assert!(!is_overflow(&set.get(&2)));
    assert!(weak.upgrade().is_none(), "nothing keeps what was evicted");
}

#[test]
fn a_handle_keeps_its_bulkhead() {
    let set = set(1);
    let handle = set.get(&1);
    assert!(is_overflow(&set.get(&2)));
    drop(handle);
    assert_eq!(set.get(&2).name(), "set/2");
}

#[test]
fn a_closed_bulkhead_stays_closed_until_it_is_removed() {
    let set = set(2);
    set.get(&1).close();
    for key in 2..10 {
        drop(set.get(&key));
    }
    assert!(set.get(&1).is_closed());
    assert!(set.remove(&1).is_some());
    assert!(!set.get(&1).is_closed());
}

#[test]
fn keys_without_room_share_the_places_of_the_overflow() {
    let set = set(1);
    let _in_use = set.try_acquire(&1).unwrap();
    let surplus = set.try_acquire(&2).unwrap();
    let rejected = set.try_acquire(&3).unwrap_err();
    assert_eq!(rejected.name(), "set (overflow)");
    assert_eq!(set.overflow().snapshot().busy, 1);
    drop(surplus);
    assert!(set.try_acquire(&3).is_ok());
    let snapshot = set.snapshot();
    assert_eq!((snapshot.keys, snapshot.overflowed), (1, 3));
}

#[test]
fn a_search_in_vain_is_not_repeated_for_an_eighth_of_the_bound() {
    let set = set(16);
    let held: Vec<_> = (0..16).map(|key| set.get(&key)).collect();
    assert!(is_overflow(&set.get(&16)));
    drop(held);
    assert!(is_overflow(&set.get(&16)));
    assert!(is_overflow(&set.get(&17)));
    assert!(!is_overflow(&set.get(&16)));
}

#[test]
fn a_removal_makes_room_at_once() {
    let set = set(16);
    let _held: Vec<_> = (0..16).map(|key| set.get(&key)).collect();
    assert!(is_overflow(&set.get(&16)));
    assert!(set.remove(&3).is_some());
    let last = set.get(&16);
    assert!(!is_overflow(&last));
    assert!(is_overflow(&set.get(&17)));
}
