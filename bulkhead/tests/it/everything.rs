//! All doors, priorities, weights, resizes, cancellations and observers at once, on several threads.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use steadfast_bulkhead::{
    Acquired, Bulkhead, Error, Observer, Permit, Priority, Queued, Rejected, Released,
};

use crate::support::Random;

const TASKS: u64 = 4_000;
const MOST: usize = 6;

/// Counts what it hears.
#[derive(Default)]
struct Ears {
    queued: AtomicU64,
    acquired: AtomicU64,
    rejected: AtomicU64,
    released: AtomicU64,
}

impl Observer for Ears {
    fn wants_every_call(&self) -> bool {
        true
    }

    fn queued(&self, _: &Queued) {
        self.queued.fetch_add(1, Ordering::Relaxed);
    }

    fn acquired(&self, _: &Acquired) {
        self.acquired.fetch_add(1, Ordering::Relaxed);
    }

    fn rejected(&self, _: &Rejected) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    fn released(&self, _: &Released) {
        self.released.fetch_add(1, Ordering::Relaxed);
    }
}

async fn yields(times: u64) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

/// Nobody is inside but those who have a place.
struct Inside<'a>(&'a AtomicUsize, usize);

impl<'a> Inside<'a> {
    fn new(inside: &'a AtomicUsize, weight: usize) -> Self {
        let now = inside.fetch_add(weight, Ordering::SeqCst) + weight;
        assert!(now <= MOST, "{now} at a time");
        Self(inside, weight)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::SeqCst);
    }
}

async fn visit(bulkhead: &Bulkhead, inside: &AtomicUsize, mut random: Random) {
    let work = random.below(4);
    let held = |permit: Permit| async move {
        let weight = permit.weight();
        let _inside = Inside::new(inside, weight);
        yields(work).await;
        drop(_inside);
        drop(permit);
    };
    match random.below(4) {
        0 => {
            if let Ok(permit) = bulkhead.try_acquire() {
                held(permit).await;
            }
        }
        1 => {
            if let Ok(permit) = bulkhead.acquire_many(1 + random.below(3) as usize).await {
                held(permit).await;
            }
        }
        2 => {
            if let Ok(permit) = bulkhead.acquire().await {
                held(permit).await;
            }
        }
        _ => {
            let call = bulkhead.call(|| async {
                let _inside = Inside::new(inside, 1);
                yields(work).await;
                Ok::<_, ()>(())
            });
            assert!(!matches!(call.await, Err(Error::Operation(()))));
        }
    }
}

async fn all_at_once(hold_times: bool, ears_from_the_beginning: bool, seed: u64) {
    let ears = Arc::new(Ears::default());
    let mut builder = Bulkhead::builder("everything")
        .max_concurrent(3)
        .max_waiting(400)
        .hold_times(hold_times)
        .checkout_timeout(Duration::from_secs(600));
    if ears_from_the_beginning {
        builder = builder.observer(Arc::clone(&ears));
    }
    let bulkhead = builder.build().unwrap();
    let inside = Arc::new(AtomicUsize::new(0));
    let mut random = Random(seed);
    let mut tasks = Vec::new();
    let running = Arc::new(AtomicUsize::new(1));
    let resizes = {
        let (bulkhead, running) = (bulkhead.clone(), Arc::clone(&running));
        std::thread::spawn(move || {
            let mut random = Random(seed + 1);
            while running.load(Ordering::Relaxed) > 0 {
                bulkhead
                    .resize(1 + random.below(MOST as u64) as usize)
                    .unwrap();
                std::thread::yield_now();
            }
        })
    };
    let threads: Vec<_> = (0..2)
        .map(|thread| {
            let (bulkhead, inside) = (bulkhead.clone(), Arc::clone(&inside));
            std::thread::spawn(move || {
                let mut random = Random(seed + 10 + thread);
                for _ in 0..500 {
                    let places = 1 + random.below(2) as usize;
                    if let Ok(permit) = bulkhead.acquire_many_blocking(places) {
                        let _inside = Inside::new(&inside, permit.weight());
                        std::thread::yield_now();
                        drop(_inside);
                        drop(permit);
                    }
                }
            })
        })
        .collect();
    for n in 0..TASKS {
        if n == TASKS / 2 && !ears_from_the_beginning {
            bulkhead.add_observer(ears.clone());
        }
        let priority = [Priority::High, Priority::Normal, Priority::Low][random.below(3) as usize];
        let (bulkhead, inside) = (bulkhead.with_priority(priority), Arc::clone(&inside));
        let (patience, seed) = (random.below(60), random.below(u64::MAX));
        tasks.push(tokio::spawn(async move {
            tokio::select! {
                biased;
                () = visit(&bulkhead, &inside, Random(seed)) => {}
                () = yields(patience) => {}
            }
        }));
        if n % 50 == 0 {
            yields(3).await;
        }
    }
    for task in tasks {
        tokio::time::timeout(Duration::from_secs(30), task)
            .await
            .expect("somebody sleeps on")
            .unwrap();
    }
    for thread in threads {
        thread.join().unwrap();
    }
    running.store(0, Ordering::Relaxed);
    resizes.join().unwrap();
    bulkhead
        .close_and_wait(Duration::from_secs(1))
        .await
        .unwrap();

    let snapshot = bulkhead.snapshot();
    let totals = &snapshot.totals;
    assert_eq!((snapshot.busy, snapshot.waiting), (0, 0));
    assert!(snapshot.peak_busy <= MOST && snapshot.peak_waiting <= 400);
    assert_eq!(totals.acquired, totals.completed);
    assert_eq!(totals.acquired_after_wait, snapshot.waits.count);
    assert_eq!(totals.observer_panics, 0);
    if hold_times {
        assert_eq!(snapshot.holds.count, totals.completed);
    }
    let heard = |count: &AtomicU64| count.load(Ordering::Relaxed);
    if ears_from_the_beginning {
        assert_eq!(heard(&ears.acquired), totals.acquired);
        assert_eq!(heard(&ears.released), totals.completed);
        let rejected = totals.rejected_full
            + totals.rejected_timeout
            + totals.rejected_closed
            + totals.rejected_too_many;
        assert_eq!(heard(&ears.rejected), rejected);
        assert!(heard(&ears.queued) >= totals.acquired_after_wait + totals.abandoned);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_at_once_loses_nothing() {
    for seed in 0..6 {
        all_at_once(seed % 2 == 0, seed % 3 == 0, seed * 1_000).await;
    }
}
