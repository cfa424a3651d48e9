//! Many callers under many keys on several threads. Nothing here depends on how they interleave.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use steadfast_bulkhead::{Bulkhead, Keyed};

use crate::support::Random;

const CALLERS: usize = 10_000;
const KEYS: usize = 100;
const PLACES: usize = 2;
const OUTER: usize = 16;

async fn yields(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

fn crowd(max_keys: usize) -> (Keyed<usize>, Bulkhead) {
    let patient = |places| {
        move |builder: steadfast_bulkhead::Builder| {
            builder
                .max_concurrent(places)
                .max_waiting(CALLERS)
                .checkout_timeout(Duration::MAX)
        }
    };
    let outer = patient(OUTER)(Bulkhead::builder("outer")).build().unwrap();
    let set = Keyed::builder("crowd")
        .bulkhead(patient(PLACES))
        .max_keys(max_keys)
        .outer(outer.clone())
        .build()
        .unwrap();
    (set, outer)
}

fn assert_all_came_back(set: &Keyed<usize>, outer: &Bulkhead) {
    let of_keys = set.snapshots().map(|(_, snapshot)| snapshot);
    for snapshot in of_keys.chain([outer.snapshot(), set.overflow().snapshot()]) {
        assert_eq!((snapshot.busy, snapshot.waiting), (0, 0), "{snapshot:?}");
        let totals = &snapshot.totals;
        assert_eq!(totals.acquired, totals.completed, "{snapshot:?}");
    }
    let snapshot = set.snapshot();
    assert!(snapshot.keys <= snapshot.max_keys);
    assert_eq!(
        snapshot.keys as u64,
        snapshot.created - snapshot.evicted - snapshot.removed
    );
}

/// Goes up while it is alive, and never above its limit.
struct Inside<'a>(&'a AtomicUsize);

impl<'a> Inside<'a> {
    fn enter(count: &'a AtomicUsize, limit: usize) -> Self {
        let running = count.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(running <= limit, "{running} at a time");
        Self(count)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_callers_under_a_hundred_keys_keep_to_both_limits() {
    let (set, outer) = crowd(KEYS);
    let inside: Arc<Vec<AtomicUsize>> = Arc::new((0..=KEYS).map(|_| AtomicUsize::new(0)).collect());
    let callers: Vec<_> = (0..CALLERS)
        .map(|n| {
            let (set, inside) = (set.clone(), Arc::clone(&inside));
            tokio::spawn(async move {
                let key = n % KEYS;
                let operation = || async {
                    let _of_key = Inside::enter(&inside[key], PLACES);
                    let _of_all = Inside::enter(&inside[KEYS], OUTER);
                    yields(n % 3).await;
                    Ok::<_, ()>(())
                };
                set.call(&key, operation).await
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    assert_all_came_back(&set, &outer);
    let calls: Vec<_> = set.snapshots().map(|(_, of)| of.totals.completed).collect();
    assert_eq!(calls, [(CALLERS / KEYS) as u64; KEYS]);
    assert_eq!(outer.snapshot().totals.completed, CALLERS as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_random_cancels_in_a_crowded_set_lose_no_place() {
    let (set, outer) = crowd(16);
    let all = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..CALLERS)
        .map(|n| {
            let (set, all) = (set.clone(), Arc::clone(&all));
            tokio::spawn(async move {
                let mut random = Random(n as u64);
                let key = random.below(KEYS as u64) as usize;
                let patience = random.below(40) as usize;
                let work = random.below(4) as usize;
                let operation = || async {
                    let _inside = Inside::enter(&all, OUTER);
                    yields(work).await;
                    Ok::<_, ()>(())
                };
                tokio::select! {
                    called = set.call(&key, operation) => called.is_ok(),
                    () = yields(patience) => false,
                }
            })
        })
        .collect();
    let mut served = 0;
    for caller in callers {
        served += usize::from(caller.await.unwrap());
    }
    assert!(0 < served && served < CALLERS, "{served}");
    assert_all_came_back(&set, &outer);
}

/// A bulkhead evicted while somebody has it would come back with all places free.
#[test]
fn no_key_gets_a_second_bulkhead_while_its_first_is_in_use() {
    const CROWDED: usize = 24;
    let (set, outer) = crowd(8);
    let inside: Vec<_> = (0..CROWDED).map(|_| AtomicUsize::new(0)).collect();
    thread::scope(|scope| {
        for seed in 0..4 {
            let (set, inside) = (&set, &inside);
            scope.spawn(move || {
                let mut random = Random(seed);
                for _ in 0..10_000 {
                    let key = random.below(CROWDED as u64) as usize;
                    let bulkhead = set.get(&key);
                    let own = bulkhead.name() != set.overflow().name();
                    if let (true, Ok(_permit)) = (own, bulkhead.try_acquire()) {
                        drop(bulkhead);
                        let _inside = Inside::enter(&inside[key], PLACES);
                        thread::yield_now();
                    }
                }
            });
        }
    });
    assert!(set.snapshot().evicted > 0);
    assert_all_came_back(&set, &outer);
}
