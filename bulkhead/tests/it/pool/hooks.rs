//! Recycling and validating: at the next checkout, in the caller's place, each in its own time.

use std::{
    future::pending,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use parking_lot::Mutex;
use steadfast_bulkhead::{HookFuture, Pool, PoolBuilder};
use tokio::task::yield_now;

use super::{Factory, Part, assert_settled, parts};

type Hook = fn(&mut Part) -> HookFuture<'_>;
type SetHook = fn(PoolBuilder<Part, String>, Hook) -> PoolBuilder<Part, String>;

/// Both hooks behave alike; `Discards` tells them apart.
const BOTH: [(SetHook, [&str; 2]); 2] = [
    (
        |builder, hook| {
            builder
                .validate(hook)
                .validate_timeout(Duration::from_secs(3))
                .recycle_timeout(Duration::from_secs(90))
        },
        ["not_valid: 1", "validate_timeouts: 1"],
    ),
    (
        |builder, hook| {
            builder
                .recycle(hook)
                .recycle_timeout(Duration::from_secs(3))
                .validate_timeout(Duration::from_secs(90))
        },
        ["not_recycled: 1", "recycle_timeouts: 1"],
    ),
];

/// A pool of one place and two idle parts would not do: two places, with 2 on top of 1.
async fn two_idle(builder: PoolBuilder<Part, String>) -> Pool<Part, String> {
    let pool = builder.max_concurrent(2).max_waiting(0).build().unwrap();
    let [first, second] = [
        pool.checkout().await.unwrap(),
        pool.checkout().await.unwrap(),
    ];
    drop(first);
    drop(second);
    pool
}

fn assert_discarded(pool: &Pool<Part, String>, reason: &str) {
    let snapshot = pool.snapshot();
    let discards = format!("{:?}", snapshot.discards);
    assert!(discards.contains(reason), "{reason}: {discards}");
    assert_eq!((snapshot.discarded, snapshot.discards.total()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_return_runs_no_hook_and_the_next_checkout_runs_them_in_order() {
    let factory = Arc::<Factory>::default();
    let calls = Arc::<Mutex<Vec<&str>>>::default();
    let note = |name: &'static str| {
        let calls = Arc::clone(&calls);
        move || calls.lock().push(name)
    };
    let (look, recycle, validate) = (note("is_valid"), note("recycle"), note("validate"));
    let pool = parts(&factory)
        .is_valid(move |_| {
            look();
            true
        })
        .recycle(move |_| {
            recycle();
            Box::pin(async { true })
        })
        .validate(move |_| {
            validate();
            Box::pin(async { true })
        })
        .build()
        .unwrap();
    drop(pool.checkout().await.unwrap());
    assert!(
        calls.lock().is_empty(),
        "neither a new one nor one returned"
    );
    drop(pool.checkout().await.unwrap());
    assert_eq!(*calls.lock(), ["is_valid", "recycle", "validate"]);
    assert_eq!(pool.snapshot().recycled, 1);
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn a_resource_nobody_used_is_validated_but_not_recycled() {
    let factory = Arc::<Factory>::default();
    let recycled = Arc::<AtomicUsize>::default();
    let validated = Arc::<AtomicUsize>::default();
    let count = |counter: &Arc<AtomicUsize>| -> Box<dyn Fn() + Send + Sync> {
        let counter = Arc::clone(counter);
        Box::new(move || {
            counter.fetch_add(1, Ordering::SeqCst);
        })
    };
    let (recycle, validate) = (count(&recycled), count(&validated));
    let pool = parts(&factory)
        .min_idle(1)
        .recycle(move |_| {
            recycle();
            Box::pin(async { true })
        })
        .validate(move |_| {
            validate();
            Box::pin(async { true })
        })
        .build()
        .unwrap();
    pool.maintain().await.unwrap();
    let calls = || [&recycled, &validated].map(|calls| calls.load(Ordering::SeqCst));
    drop(pool.checkout().await.unwrap());
    assert_eq!(calls(), [0, 1]);
    drop(pool.checkout().await.unwrap());
    assert_eq!(calls(), [1, 2]);
    assert_eq!(pool.snapshot().created, 1);
}

#[tokio::test(start_paused = true)]
async fn a_hook_changes_the_resource_that_is_lent() {
    let factory = Arc::<Factory>::default();
    let builder = parts(&factory).recycle(|part| {
        Box::pin(async move {
            yield_now().await;
            part.number += 10;
            true
        })
    });
    let pool = builder.build().unwrap();
    drop(pool.checkout().await.unwrap());
    assert_eq!(pool.checkout().await.unwrap().number, 11);
    assert_eq!(pool.checkout().await.unwrap().number, 21);
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_fails_a_hook_dies_and_the_next_is_tried() {
    for (set, [refused, _]) in BOTH {
        let factory = Arc::<Factory>::default();
        let hook: Hook = |part| {
            Box::pin(async move {
                yield_now().await;
                part.number != 2
            })
        };
        let pool = two_idle(set(parts(&factory), hook)).await;
        assert_eq!(pool.checkout().await.unwrap().number, 1);
        assert_eq!(pool.snapshot().recycled, 1);
        assert_discarded(&pool, refused);
        assert_settled(&pool, &factory);
    }
}

#[tokio::test(start_paused = true)]
async fn when_all_fail_a_new_one_is_made_in_the_same_place() {
    for (set, _) in BOTH {
        let factory = Arc::<Factory>::default();
        let pool = two_idle(set(parts(&factory), |_| Box::pin(async { false }))).await;
        assert_eq!(pool.checkout().await.unwrap().number, 3);
        let snapshot = pool.snapshot();
        assert_eq!((snapshot.recycled, snapshot.discarded), (0, 2));
        assert_eq!(snapshot.bulkhead.totals.acquired, 3);
        assert_settled(&pool, &factory);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_hangs_is_dropped_when_its_own_time_is_over() {
    for (set, [_, late]) in BOTH {
        let factory = Arc::<Factory>::default();
        let hook: Hook = |part| {
            Box::pin(async move {
                if part.number == 2 {
                    pending::<()>().await;
                }
                true
            })
        };
        let pool = two_idle(set(parts(&factory), hook)).await;
        let mut checkout = Box::pin(pool.checkout());
        assert!(checkout.as_mut().now_or_never().is_none());
        tokio::time::advance(Duration::from_millis(2999)).await;
        assert!(checkout.as_mut().now_or_never().is_none());
        tokio::time::advance(Duration::from_millis(1)).await;
        let lent = checkout.as_mut().now_or_never().unwrap().unwrap();
        assert_eq!(lent.number, 1);
        assert_discarded(&pool, late);
        drop((lent, checkout));
        assert_settled(&pool, &factory);
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_dropped_at_any_point_of_a_hook_frees_its_place() {
    for (set, _) in BOTH {
        for polls in 1..=3 {
            let factory = Arc::<Factory>::default();
            let hook: Hook = |_| {
                Box::pin(async {
                    yield_now().await;
                    yield_now().await;
                    yield_now().await;
                    true
                })
            };
            let pool = two_idle(set(parts(&factory), hook)).await;
            let mut checkout = Box::pin(pool.checkout());
            for _ in 0..polls {
                assert!(checkout.as_mut().now_or_never().is_none());
                yield_now().await;
            }
            assert_eq!(pool.snapshot().bulkhead.busy, 1);
            drop(checkout);
            assert_discarded(&pool, "hook_abandoned: 1");
            assert_settled(&pool, &factory);
            assert_eq!(pool.checkout().await.unwrap().number, 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_discards_its_resource_without_asking() {
    let at_once: Hook = |_| panic!("on purpose");
    let later: Hook = |_| {
        Box::pin(async {
            yield_now().await;
            panic!("on purpose")
        })
    };
    for (set, _) in BOTH {
        for hook in [at_once, later] {
            let factory = Arc::<Factory>::default();
            let builder = set(parts(&factory), hook).keep_after_panic(|_| true);
            let pool = two_idle(builder).await;
            let checkout = AssertUnwindSafe(pool.checkout()).catch_unwind();
            assert!(checkout.await.is_err());
            assert_discarded(&pool, "hook_abandoned: 1");
            assert_settled(&pool, &factory);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_look_valid_is_not_recycled() {
    let factory = Arc::<Factory>::default();
    let builder = parts(&factory)
        .is_valid(|_| false)
        .recycle(|_| panic!("on purpose"));
    let pool = builder.build().unwrap();
    drop(pool.checkout().await.unwrap());
    assert_eq!(pool.checkout().await.unwrap().number, 2);
    assert_discarded(&pool, "not_valid: 1");
}
