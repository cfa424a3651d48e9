//! Eight threads that borrow, give up, discard, panic and maintain, with hooks that yield and fail.

use std::{
    panic,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use steadfast_bulkhead::Pool;
use tokio::task::yield_now;

use super::{Factory, Part};
use crate::support::Random;

const THREADS: usize = 8;
const PLACES: usize = 6;
const BORROWERS: u64 = 20_000;

/// Chance for all threads; every seventh or so of what it is asked fails.
#[derive(Default)]
struct Chance(AtomicU64);

impl Chance {
    fn below(&self, bound: u64) -> u64 {
        Random(self.0.fetch_add(1, Ordering::Relaxed)).below(bound)
    }

    async fn hook(self: Arc<Self>) -> bool {
        for _ in 0..self.below(4) {
            yield_now().await;
        }
        self.below(7) > 0
    }
}

fn pool(factory: &Arc<Factory>, chance: &Arc<Chance>) -> Pool<Part, ()> {
    let [create, recycle, validate] = [(); 3].map(|()| Arc::clone(chance));
    let factory = Arc::clone(factory);
    Pool::builder("crowd", move || {
        let (good, factory) = (Arc::clone(&create).hook(), Arc::clone(&factory));
        async move { good.await.then(|| factory.make()).ok_or(()) }
    })
    .max_concurrent(PLACES)
    .max_waiting(64)
    .checkout_timeout(Duration::MAX)
    .min_idle(PLACES)
    .recycle(move |_| Box::pin(Arc::clone(&recycle).hook()))
    .validate(move |_| Box::pin(Arc::clone(&validate).hook()))
    .keep_after_panic(|part| part.number % 2 == 0)
    .build()
    .unwrap()
}

async fn borrow(pool: Pool<Part, ()>, chance: Arc<Chance>, way: u64) {
    let work = chance.below(6);
    let yields = async || {
        for _ in 0..work {
            yield_now().await;
        }
    };
    if way == 0 {
        let _ = pool.maintain().await;
        return;
    }
    if way == 1 {
        let _ = pool
            .with_resource(async |_: &mut Part| yields().await)
            .await;
        return;
    }
    let lent = match way {
        2 => pool.try_checkout().await,
        _ => pool.checkout().await,
    };
    let Ok(lent) = lent else { return };
    yields().await;
    match way {
        3 => lent.discard(),
        4 => panic::resume_unwind(Box::new("on purpose")),
        _ => drop(lent),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn eight_threads_lose_no_resource_and_make_none_too_many() {
    let (factory, chance) = (Arc::<Factory>::default(), Arc::<Chance>::default());
    let pool = pool(&factory, &chance);
    let next = Arc::<AtomicU64>::default();
    let workers = (0..THREADS * 2).map(|_| {
        let (pool, chance, next) = (pool.clone(), Arc::clone(&chance), Arc::clone(&next));
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= BORROWERS {
                    return;
                }
                let borrow = borrow(pool.clone(), Arc::clone(&chance), number % 9);
                // Every other one is aborted at some point, if it is not done before.
                let patience = chance.below(60);
                let task = tokio::spawn(borrow);
                if number % 2 == 0 {
                    for _ in 0..patience {
                        yield_now().await;
                    }
                    task.abort();
                }
                let _ = task.await;
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }

    let snapshot = pool.snapshot();
    assert_eq!(snapshot.bulkhead.busy, 0, "{snapshot:?}");
    assert_eq!(
        snapshot.created,
        snapshot.idle as u64 + snapshot.discarded,
        "{snapshot:?}"
    );
    assert_eq!(factory.alive(), snapshot.idle);
    let most_alive = factory.most_alive.load(Ordering::SeqCst);
    assert!(most_alive <= PLACES, "{most_alive} at a time");
    let discards = snapshot.discards;
    let by_reason = [
        discards.asked,
        discards.panicked,
        discards.abandoned,
        discards.not_valid,
        discards.not_recycled,
        discards.hook_abandoned,
        snapshot.create_failures,
        snapshot.create_abandoned,
        snapshot.recycled,
    ];
    assert!(by_reason.iter().all(|&count| count > 0), "{snapshot:?}");

    // There is room for all that may be idle: nothing still counts as out or under way.
    while pool.snapshot().idle < PLACES {
        let _ = pool.maintain().await;
    }
    let snapshot = pool.snapshot();
    assert_eq!(snapshot.created - snapshot.discarded, PLACES as u64);
    pool.close();
    assert_eq!(factory.alive(), 0);
}
