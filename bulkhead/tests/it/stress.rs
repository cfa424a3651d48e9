//! Many callers on several threads. Nothing here depends on how they interleave.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use steadfast_bulkhead::{Bulkhead, Snapshot};
use tokio::sync::Barrier;

use crate::support::Random;

const CALLERS: usize = 10_000;
const PLACES: usize = 8;

async fn yields(times: u64) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

/// A bulkhead whose line is long enough for everybody.
fn crowd(checkout_timeout: Duration) -> Bulkhead {
    Bulkhead::builder("stress")
        .max_concurrent(PLACES)
        .max_waiting(CALLERS)
        .checkout_timeout(checkout_timeout)
        .build()
        .unwrap()
}

/// Every place is there, and really to be had.
fn assert_all_free(bulkhead: &Bulkhead) {
    let snapshot = bulkhead.snapshot();
    assert_eq!(
        (snapshot.busy, snapshot.available, snapshot.waiting),
        (0, PLACES, 0)
    );
    assert_eq!(snapshot.totals.acquired, snapshot.totals.completed);
    let permits: Vec<_> = (0..PLACES)
        .map(|_| bulkhead.try_acquire().unwrap())
        .collect();
    assert!(bulkhead.try_acquire().is_err());
    drop(permits);
}

fn attempts(snapshot: &Snapshot) -> u64 {
    let totals = &snapshot.totals;
    totals.acquired
        + totals.rejected_full
        + totals.rejected_timeout
        + totals.rejected_closed
        + totals.abandoned
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_callers_never_exceed_the_limit_and_lose_no_permit() {
    let bulkhead = crowd(Duration::MAX);
    let inside = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..CALLERS)
        .map(|n| {
            let (bulkhead, inside) = (bulkhead.clone(), Arc::clone(&inside));
            tokio::spawn(async move {
                bulkhead
                    .call(|| async {
                        let running = inside.fetch_add(1, Ordering::SeqCst) + 1;
                        assert!(running <= PLACES, "{running} at a time");
                        yields(n as u64 % 3).await;
                        inside.fetch_sub(1, Ordering::SeqCst);
                        Ok::<_, ()>(())
                    })
                    .await
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    let snapshot = bulkhead.snapshot();
    assert_eq!(snapshot.totals.acquired, CALLERS as u64);
    assert!(snapshot.peak_busy <= PLACES);
    assert_all_free(&bulkhead);
}

/// Each caller loses patience, or not, at a moment of its own: before it is queued, in line, just
/// when it is handed a place, or while it works.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_random_cancels_lose_no_permit() {
    let bulkhead = crowd(Duration::MAX);
    let start = Arc::new(Barrier::new(CALLERS));
    let mut random = Random(7);
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (bulkhead, start) = (bulkhead.clone(), Arc::clone(&start));
            let (patience, work) = (random.below(100), random.below(4));
            tokio::spawn(async move {
                start.wait().await;
                let work = || async {
                    yields(work).await;
                    Ok::<_, ()>(())
                };
                tokio::select! {
                    biased;
                    _ = bulkhead.call(work) => {}
                    () = yields(patience) => {}
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let snapshot = bulkhead.snapshot();
    assert_eq!(attempts(&snapshot), CALLERS as u64);
    assert!(snapshot.totals.abandoned > 100, "{snapshot:?}");
    assert!(snapshot.totals.acquired_after_wait > 100, "{snapshot:?}");
    assert_all_free(&bulkhead);
}

/// The timeout is so short that timers and hand-overs meet all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn timeouts_that_race_with_hand_overs_lose_no_permit() {
    let bulkhead = crowd(Duration::from_millis(1));
    let mut random = Random(11);
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let bulkhead = bulkhead.clone();
            let work = random.below(30);
            tokio::spawn(async move {
                if let Ok(_permit) = bulkhead.acquire().await {
                    yields(work).await;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let snapshot = bulkhead.snapshot();
    assert_eq!(attempts(&snapshot), CALLERS as u64);
    assert!(snapshot.totals.rejected_timeout > 0, "{snapshot:?}");
    assert_all_free(&bulkhead);
}

#[test]
fn threads_and_tasks_together_lose_no_permit() {
    let bulkhead = crowd(Duration::MAX);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let bulkhead = bulkhead.clone();
            runtime.spawn(async move {
                let _permit = bulkhead.acquire().await.unwrap();
                yields(2).await;
            })
        })
        .collect();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let _permit = bulkhead.acquire_blocking().unwrap();
                    std::thread::yield_now();
                }
            });
        }
    });
    for task in tasks {
        runtime.block_on(task).unwrap();
    }
    assert_eq!(bulkhead.snapshot().totals.acquired, 2_600);
    assert_all_free(&bulkhead);
}

/// Eight threads take and give back without a lock while another one changes the number of places.
#[test]
fn five_million_pairs_and_random_resizes_leave_every_count_exact() {
    const THREADS: u64 = 8;
    const PAIRS: u64 = 5_000_000 / THREADS;
    let bulkhead = crowd(Duration::from_secs(600));
    let running = AtomicUsize::new(THREADS as usize);
    let most = AtomicUsize::new(0);
    let refused: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (bulkhead, running, most) = (&bulkhead, &running, &most);
                scope.spawn(move || {
                    let mut random = Random(thread);
                    let mut refused = 0;
                    for pair in 0..PAIRS {
                        let places = 1 + random.below(2) as usize;
                        let permit = match pair % 1_000 {
                            // Now and then through the line.
                            0 => bulkhead.acquire_many_blocking(places),
                            _ => bulkhead.try_acquire_many(places),
                        };
                        match permit {
                            Ok(permit) => assert_eq!(permit.weight(), places),
                            Err(_) => refused += 1,
                        }
                    }
                    running.fetch_sub(1, Ordering::Relaxed);
                    most.fetch_max(bulkhead.snapshot().busy, Ordering::Relaxed);
                    refused
                })
            })
            .collect();
        let mut random = Random(99);
        while running.load(Ordering::Relaxed) > 0 {
            bulkhead.resize(2 + random.below(15) as usize).unwrap();
            std::thread::yield_now();
        }
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert!(most.into_inner() <= 16);
    bulkhead.resize(PLACES).unwrap();
    let snapshot = bulkhead.snapshot();
    let totals = &snapshot.totals;
    assert_eq!(totals.rejected_full + totals.rejected_timeout, refused);
    assert_eq!(attempts(&snapshot), THREADS * PAIRS);
    assert!(snapshot.peak_busy <= 16);
    assert_all_free(&bulkhead);
}
