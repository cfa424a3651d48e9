//! Code of others runs outside the set's lock. Each of these would deadlock otherwise.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use steadfast_breaker::{Keyed, Observer, Transition};

/// A key whose `Display` and `Drop` use the set it is in.
#[derive(Clone)]
struct Meddling {
    id: u32,
    set: Arc<OnceLock<Keyed<Self>>>,
}

impl Meddling {
    fn meddle(&self) {
        if let Some(set) = self.set.get() {
            // Exclusive: would hang under any lock.
            set.evict_idle();
        }
    }
}

impl PartialEq for Meddling {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Meddling {}

impl std::hash::Hash for Meddling {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl fmt::Display for Meddling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.meddle();
        write!(f, "{}", self.id)
    }
}

impl Drop for Meddling {
    fn drop(&mut self) {
        self.meddle();
    }
}

#[test]
fn a_key_may_use_its_set_while_it_is_printed_or_dropped() {
    let home = Arc::new(OnceLock::new());
    let set: Keyed<Meddling> = Keyed::builder("set").max_keys(2).build().unwrap();
    assert!(home.set(set.clone()).is_ok());
    let key = |id| Meddling {
        id,
        set: Arc::clone(&home),
    };
    for id in 0..10 {
        drop(set.get(&key(id)));
    }
    assert_eq!(set.snapshot().evicted, 8);
    assert!(set.remove(&key(9)).is_some());
    let held = [set.get(&key(20)), set.get(&key(21))];
    assert!(set.get(&key(22)).ptr_eq(&set.overflow()));
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn an_idle_key_may_use_its_set_while_it_is_dropped() {
    let home = Arc::new(OnceLock::new());
    let idle_after = Duration::from_secs(1);
    let set: Keyed<Meddling> = Keyed::builder("set")
        .idle_after(idle_after)
        .build()
        .unwrap();
    drop(set.get(&Meddling {
        id: 0,
        set: Arc::clone(&home),
    }));
    tokio::time::advance(idle_after).await;
    assert!(home.set(set.clone()).is_ok());
    assert_eq!(set.evict_idle(), 1);
}

/// Uses the set when the breaker it observed is gone.
struct LastWords(Keyed<u32>, Arc<AtomicUsize>);

impl Observer for LastWords {}

impl Drop for LastWords {
    fn drop(&mut self) {
        self.0.evict_idle();
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn an_observer_dropped_with_its_evicted_breaker_may_use_the_set() {
    let set: Keyed<u32> = Keyed::builder("set").max_keys(1).build().unwrap();
    let dropped = Arc::new(AtomicUsize::new(0));
    for key in 0..3 {
        set.get(&key)
            .add_observer(Arc::new(LastWords(set.clone(), Arc::clone(&dropped))));
    }
    assert_eq!(dropped.load(Ordering::Relaxed), 2);
    drop(set.remove(&2));
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
}

#[derive(Default)]
struct Names(Mutex<Vec<String>>);

impl Observer for Names {
    fn transition(&self, transition: &Transition) {
        self.0.lock().unwrap().push(transition.name.to_string());
    }
}

#[test]
fn the_observers_in_the_settings_hear_every_breaker_by_name() {
    let names = Arc::new(Names::default());
    let set: Keyed<u32> = Keyed::builder("set")
        .breaker(|each| each.failure_threshold(1).observer(Arc::clone(&names)))
        .max_keys(2)
        .build()
        .unwrap();
    for key in 0..3 {
        set.get(&key).try_acquire().unwrap().failure();
    }
    assert_eq!(
        *names.0.lock().unwrap(),
        ["set/0", "set/1", "set (overflow)"]
    );
}
