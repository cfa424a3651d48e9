//! Sets of bulkheads: one for each key, bounded, with an optional outer limit.

mod between;
#[cfg(feature = "tokio")]
mod callers;
#[cfg(feature = "tokio")]
mod cancel;
mod eviction;
mod model;
#[cfg(feature = "tokio")]
mod outer;
mod user_code;

use std::{sync::Arc, time::Duration};

use steadfast_bulkhead::{Bulkhead, Config, Keyed, Observer, Reason, Rejected};

/// A set in which each key has one place and a line of one.
fn narrow() -> Keyed<String> {
    Keyed::builder("hosts")
        .bulkhead(|each| each.max_concurrent(1).max_waiting(1))
        .build()
        .unwrap()
}

#[test]
fn each_key_has_its_own_limit() {
    let hosts = narrow();
    let _a = hosts.try_acquire("a").unwrap();
    let rejected = hosts.try_acquire("a").unwrap_err();
    assert_eq!(rejected.name(), "hosts/a");
    assert!(matches!(rejected.reason(), Reason::Full { .. }));
    assert!(hosts.try_acquire("b").is_ok());
}

#[test]
fn the_same_key_has_the_same_bulkhead_through_every_clone() {
    let hosts = narrow();
    let clone = hosts.clone();
    let _permit = hosts.get("a").try_acquire().unwrap();
    assert_eq!(clone.get("a").snapshot().busy, 1);
    assert_eq!((hosts.snapshot().keys, clone.snapshot().keys), (1, 1));
}

#[test]
fn a_thread_calls_in_a_place_of_its_key() {
    let hosts = narrow();
    let busy = hosts.call_blocking("a", || Ok::<_, ()>(hosts.get("a").snapshot().busy));
    assert_eq!(busy, Ok(1));
    assert_eq!(hosts.get("a").snapshot().busy, 0);
    let permit = hosts.acquire_blocking("a").unwrap();
    assert_eq!(permit.waited(), Duration::ZERO);
    drop(permit);
    assert_eq!(hosts.get("a").snapshot().available, 1);
}

#[test]
fn all_bulkheads_have_the_settings_of_the_set() {
    let tenants: Keyed<u32> = Keyed::builder("tenants")
        .bulkhead(|each| each.config(Config::llm_requests()))
        .bulkhead(|each| each.max_waiting(3))
        .build()
        .unwrap();
    let mut expected = Config::llm_requests();
    expected.max_waiting = 3;
    assert_eq!(tenants.get(&1).config(), expected);
    assert_eq!(tenants.overflow().config(), expected);
}

#[test]
fn an_observer_of_the_set_hears_of_every_key() {
    #[derive(Default)]
    struct Names(std::sync::Mutex<Vec<String>>);
    impl Observer for Names {
        fn rejected(&self, rejected: &Rejected) {
            self.0.lock().unwrap().push(rejected.name().into());
        }
    }
    let names = Arc::new(Names::default());
    let hosts: Keyed<String> = Keyed::builder("hosts")
        .bulkhead(|each| each.max_concurrent(1).observer(Arc::clone(&names)))
        .build()
        .unwrap();
    for key in ["a", "b"] {
        let _held = hosts.try_acquire(key).unwrap();
        assert!(hosts.try_acquire(key).is_err());
    }
    assert_eq!(*names.0.lock().unwrap(), ["hosts/a", "hosts/b"]);
}

#[test]
fn a_peek_neither_creates_nor_finds_what_was_removed() {
    let hosts = narrow();
    assert!(hosts.peek("a").is_none());
    let permit = hosts.try_acquire("a").unwrap();
    assert_eq!(hosts.peek("a").unwrap().snapshot().busy, 1);
    let removed = hosts.remove("a").unwrap();
    assert!(hosts.peek("a").is_none());
    assert!(hosts.remove("a").is_none());

    assert_eq!(removed.snapshot().busy, 1);
    assert_eq!(hosts.get("a").snapshot().busy, 0);
    drop(permit);
    assert_eq!(removed.snapshot().busy, 0);
    let snapshot = hosts.snapshot();
    assert_eq!((snapshot.created, snapshot.removed), (2, 1));
}

#[test]
fn the_snapshots_tell_each_keys_numbers() {
    let hosts = narrow();
    let _a = hosts.try_acquire("a").unwrap();
    drop(hosts.try_acquire("b").unwrap());
    let mut busy: Vec<_> = hosts
        .snapshots()
        .map(|(key, snapshot)| (key, snapshot.name.to_string(), snapshot.busy))
        .collect();
    busy.sort();
    let row = |key: &str, busy| (key.to_owned(), format!("hosts/{key}"), busy);
    assert_eq!(busy, [row("a", 1), row("b", 0)]);
}

#[test]
fn a_closed_set_refuses_known_and_new_keys_and_leaves_the_outer_bulkhead_open() {
    let outer = Bulkhead::builder("outer").build().unwrap();
    let hosts: Keyed<String> = Keyed::builder("hosts")
        .outer(outer.clone())
        .build()
        .unwrap();
    let permit = hosts.try_acquire("known").unwrap();
    assert!(!hosts.is_closed());
    hosts.close();
    assert!(hosts.is_closed() && hosts.snapshot().closed);
    for key in ["known", "new"] {
        let rejected = hosts.try_acquire(key).unwrap_err();
        assert_eq!(rejected.reason(), Reason::Closed);
        assert_eq!(rejected.name(), format!("hosts/{key}"));
    }
    assert!(hosts.overflow().is_closed());
    assert_eq!(hosts.snapshot().keys, 1);

    assert!(!outer.is_closed());
    assert_eq!(outer.snapshot().busy, 1);
    drop(permit);
    assert_eq!(outer.snapshot().busy, 0);
}

#[test]
fn build_names_every_bad_field_of_the_set_and_its_bulkheads() {
    let error = Keyed::<u32>::builder("")
        .bulkhead(|each| each.max_concurrent(0))
        .max_keys(0)
        .build()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "keyed bulkhead \"\" is misconfigured: name = \"\" (must not be empty); \
         max_concurrent = 0 (must be at least 1); max_keys = 0 (must be at least 1)"
    );
}

#[test]
fn the_default_bound_is_1024_keys() {
    let set: Keyed<u32> = Keyed::builder("set").build().unwrap();
    assert_eq!(set.snapshot().max_keys, 1024);
    assert!(set.outer().is_none());
}
