//! One breaker for each key: each for itself, bounded, and never the wrong one forgotten.

mod callers;
mod model;
mod user_code;

use std::time::Duration;

use futures_util::FutureExt;
use steadfast_breaker::{CircuitBreaker, Keyed, State};
use tokio::time::advance;

const MILLI: Duration = Duration::from_millis(1);

/// Opens at the first failure and stays open for 30 s; one success closes it again.
fn hosts(max_keys: usize) -> Keyed<String> {
    Keyed::builder("hosts")
        .breaker(|each| each.failure_threshold(1).success_threshold(1))
        .max_keys(max_keys)
        .idle_after(Duration::from_secs(60))
        .build()
        .unwrap()
}

fn fail(breaker: &CircuitBreaker) {
    breaker.try_acquire().unwrap().failure();
    assert_eq!(breaker.state(), State::Open);
}

fn overflowing(hosts: &Keyed<String>, key: &str) -> bool {
    hosts.get(key).ptr_eq(&hosts.overflow())
}

fn keys(hosts: &Keyed<String>) -> Vec<String> {
    let mut keys: Vec<_> = hosts.breakers().into_iter().map(|(key, _)| key).collect();
    keys.sort();
    keys
}

#[test]
fn every_bad_field_of_the_set_and_of_its_breakers_is_found_at_build_time() {
    let error = Keyed::<String>::builder("")
        .breaker(|each| each.failure_threshold(0).open_for(Duration::ZERO))
        .max_keys(0)
        .idle_after(Duration::ZERO)
        .build()
        .unwrap_err();
    let fields: Vec<_> = error.fields().iter().map(|field| field.field).collect();
    assert_eq!(
        fields,
        [
            "name",
            "failure_threshold",
            "open_for",
            "max_keys",
            "idle_after"
        ]
    );
    let text = error.to_string();
    assert!(text.contains("max_keys = 0 (must be at least 1)"), "{text}");
}

#[test]
fn the_breakers_are_named_after_set_and_key_whatever_the_settings_say() {
    let shards: Keyed<u32> = Keyed::builder("shards")
        .breaker(|_| CircuitBreaker::builder("").failure_threshold(2))
        .build()
        .unwrap();
    assert_eq!(shards.get(&7).name(), "shards/7");
    assert_eq!(shards.overflow().name(), "shards (overflow)");
    assert_eq!(shards.name(), "shards");
    assert_eq!(shards.get(&7).config().failure_threshold, Some(2));
}

#[test]
fn settings_given_twice_add_up() {
    let shards: Keyed<u32> = Keyed::builder("shards")
        .breaker(|each| each.failure_threshold(2))
        .breaker(|each| each.max_probes(4))
        .build()
        .unwrap();
    let config = shards.get(&7).config();
    assert_eq!(config.failure_threshold, Some(2));
    assert_eq!(config.max_probes, 4);
}

#[test]
fn a_dead_host_does_not_shut_out_its_siblings() {
    let hosts = hosts(10);
    assert!(hosts.call_blocking("a", || Err::<(), _>(())).is_err());
    let rejected = hosts.call_blocking("a", || Ok::<_, ()>(())).unwrap_err();
    assert_eq!(rejected.rejected().unwrap().name(), "hosts/a");
    assert!(hosts.call_blocking("b", || Ok::<_, ()>(())).is_ok());
}

#[test]
fn clones_share_one_set() {
    let hosts = hosts(10);
    let clone = hosts.clone();
    assert!(hosts.get("a").ptr_eq(&clone.get("a")));
    assert_eq!(clone.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_async_call_counts_in_its_key_and_a_dropped_one_as_abandoned() {
    let hosts = hosts(10);
    let answer = hosts.call("a", || async { Ok::<_, ()>(1) }).await;
    assert_eq!(answer, Ok(1));
    let hung = hosts.call("a", std::future::pending::<Result<(), ()>>);
    assert!(tokio::time::timeout(MILLI, hung).await.is_err());
    let totals = hosts.get("a").snapshot().totals;
    assert_eq!((totals.success, totals.abandoned), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn peeking_neither_creates_nor_counts_as_a_use() {
    let hosts = hosts(10);
    assert!(hosts.peek("a").is_none());
    assert!(hosts.is_empty());
    let breaker = hosts.get("a").downgrade();
    advance(Duration::from_secs(60)).await;
    assert!(hosts.peek("a").unwrap().downgrade().ptr_eq(&breaker));
    assert_eq!(hosts.evict_idle(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_closed_breaker_is_idle_at_exactly_its_time_and_a_use_begins_it_anew() {
    let hosts = hosts(10);
    drop(hosts.get("a"));
    advance(Duration::from_secs(30)).await;
    drop(hosts.get("a"));
    advance(Duration::from_secs(60) - MILLI).await;
    assert_eq!(hosts.evict_idle(), 0);
    advance(MILLI).await;
    assert_eq!(hosts.evict_idle(), 1);
    assert!(hosts.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_new_key_evicts_the_idle_ones_though_there_is_room() {
    let hosts = hosts(10);
    drop(hosts.get("a"));
    fail(&hosts.get("b"));
    advance(Duration::from_secs(60)).await;
    drop(hosts.get("c"));
    assert_eq!(keys(&hosts), ["b", "c"]);
}

/// Or adding keys to a large set would look through all of it again and again.
#[tokio::test(start_paused = true)]
async fn however_short_the_idle_time_the_set_looks_for_idle_ones_only_after_a_pause() {
    let hosts: Keyed<u32> = Keyed::builder("hosts").idle_after(MILLI).build().unwrap();
    (0..63).for_each(|key| drop(hosts.get(&key)));
    advance(6 * MILLI).await;
    drop(hosts.get(&63));
    assert_eq!(hosts.len(), 64, "63 keys make a pause of 6.3 ms");
    advance(MILLI).await;
    drop(hosts.get(&64));
    assert_eq!(hosts.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_set_evicts_the_longest_unused() {
    let hosts = hosts(3);
    for key in ["a", "b", "c", "a", "d"] {
        drop(hosts.get(key));
        advance(MILLI).await;
    }
    assert_eq!(keys(&hosts), ["a", "c", "d"]);
}

#[tokio::test(start_paused = true)]
async fn a_full_set_makes_room_for_an_eighth_at_once() {
    let hosts = hosts(20);
    for key in 0..=20 {
        drop(hosts.get(&format!("{key:02}")));
        advance(MILLI).await;
    }
    assert_eq!(hosts.snapshot().evicted, 3);
    assert_eq!(keys(&hosts)[0], "03");
}

#[tokio::test(start_paused = true)]
async fn a_key_comes_back_from_eviction_closed_and_new() {
    let hosts: Keyed<String> = Keyed::builder("hosts")
        .breaker(|each| each.failure_threshold(2))
        .max_keys(1)
        .build()
        .unwrap();
    hosts.get("a").try_acquire().unwrap().failure();
    drop(hosts.get("b"));
    assert_eq!(keys(&hosts), ["b"]);
    hosts.get("a").try_acquire().unwrap().failure();
    let snapshot = hosts.get("a").snapshot();
    assert_eq!(snapshot.state, State::Closed);
    assert_eq!(snapshot.totals.failure, 1);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_is_not_closed_is_never_evicted() {
    let hosts = hosts(1);
    fail(&hosts.get("a"));
    advance(Duration::from_secs(3600)).await;
    assert_eq!(hosts.evict_idle(), 0);
    assert!(overflowing(&hosts, "b"));

    let probe = hosts.get("a").try_acquire().unwrap();
    assert_eq!(hosts.get("a").state(), State::HalfOpen);
    drop(probe);
    assert!(overflowing(&hosts, "b"));

    hosts.get("a").try_acquire().unwrap().success();
    assert_eq!(hosts.get("a").state(), State::Closed);
    assert!(!overflowing(&hosts, "b"));
    assert_eq!(keys(&hosts), ["b"]);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_in_use_is_never_evicted() {
    let hosts = hosts(3);
    let handle = hosts.get("handle");
    let permit = hosts.get("permit").try_acquire().unwrap();
    let mut call = Box::pin(hosts.call("call", std::future::pending::<Result<(), ()>>));
    assert!(call.as_mut().now_or_never().is_none());
    advance(Duration::from_secs(3600)).await;
    assert_eq!(hosts.evict_idle(), 0);
    assert!(overflowing(&hosts, "more"));
    assert_eq!(keys(&hosts), ["call", "handle", "permit"]);

    // Each is free again once it is given back, however that is.
    drop(permit);
    assert_eq!(hosts.evict_idle(), 1);
    drop(call);
    assert_eq!(hosts.evict_idle(), 1);
    drop(handle);
    assert_eq!(hosts.evict_idle(), 1);
    assert!(hosts.is_empty());
}

#[test]
fn a_weak_handle_keeps_no_breaker_in_the_set() {
    let hosts = hosts(1);
    let weak = hosts.get("a").downgrade();
    drop(hosts.get("b"));
    assert!(weak.upgrade().is_none());
}

#[test]
fn surplus_keys_share_one_breaker_that_still_protects() {
    let hosts = hosts(1);
    fail(&hosts.get("a"));
    assert!(hosts.call_blocking("b", || Err::<(), _>(())).is_err());
    let error = hosts.call_blocking("c", || Ok::<_, ()>(())).unwrap_err();
    assert_eq!(error.rejected().unwrap().name(), "hosts (overflow)");
    let snapshot = hosts.snapshot();
    assert_eq!((snapshot.keys, snapshot.max_keys), (1, 1));
    assert_eq!((snapshot.created, snapshot.overflowed), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_set_that_found_no_room_looks_again_after_an_eighth_of_its_keys_or_a_pause() {
    let hosts = hosts(64);
    let mut held: Vec<_> = (0..64).map(|key| hosts.get(&key.to_string())).collect();
    assert!(overflowing(&hosts, "new"));
    held.pop();
    for _ in 0..7 {
        assert!(overflowing(&hosts, "new"), "looked again too soon");
    }
    assert!(!overflowing(&hosts, "new"));

    held.push(hosts.get("new"));
    assert!(overflowing(&hosts, "newer"), "the search is not due");
    held.pop();
    advance(6 * MILLI).await;
    assert!(
        overflowing(&hosts, "newer"),
        "64 keys make a pause of 6.4 ms"
    );
    advance(MILLI).await;
    assert!(!overflowing(&hosts, "newer"));
}

#[test]
fn a_removed_key_is_gone_in_any_state_and_its_place_is_free() {
    let hosts = hosts(1);
    let removed = hosts.get("a");
    fail(&removed);
    assert!(hosts.remove("a").unwrap().ptr_eq(&removed));
    assert!(hosts.remove("a").is_none());
    assert!(!overflowing(&hosts, "b"));
    let snapshot = hosts.snapshot();
    assert_eq!(
        (snapshot.created, snapshot.removed, snapshot.evicted),
        (2, 1, 0)
    );
}

#[test]
fn invented_keys_do_not_grow_the_set_and_leave_the_open_ones_in_it() {
    let hosts = hosts(100);
    fail(&hosts.get("dead"));
    for key in 0..10_000 {
        assert!(!overflowing(&hosts, &key.to_string()));
        assert!(hosts.len() <= 100);
    }
    assert_eq!(hosts.get("dead").state(), State::Open);
    let snapshot = hosts.snapshot();
    assert_eq!(snapshot.created, 10_001);
    assert_eq!(snapshot.created - snapshot.evicted, snapshot.keys as u64);
}
