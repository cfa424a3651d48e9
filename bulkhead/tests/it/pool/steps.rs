//! A `create` of several steps that is cancelled, fails, panics or hangs at each of them, for a
//! checkout, for maintenance, and for a checkout that took it over from maintenance.

use std::{
    future::pending,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use futures_util::FutureExt;
use steadfast_bulkhead::{Pool, PoolError};

use super::{Factory, Part, assert_settled};
use crate::support::{Alarm, Boxed, poll};

const STEPS: usize = 4;

#[derive(Debug, Clone, Copy)]
enum Trouble {
    None,
    Fails,
    Panics,
    Hangs,
}

/// A pool of one place whose first `create` meets trouble before the given step; the others have
/// the same number of steps and none.
fn pool(factory: &Arc<Factory>, trouble: Trouble, at: usize) -> Pool<Part, String> {
    let calls = AtomicUsize::new(0);
    let factory = Arc::clone(factory);
    let create = move || {
        let factory = Arc::clone(&factory);
        let first = calls.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            for step in 0..=STEPS {
                match trouble {
                    Trouble::Fails if first && step == at => return Err("on purpose".into()),
                    Trouble::Panics if first && step == at => panic!("on purpose"),
                    Trouble::Hangs if first && step == at => pending().await,
                    _ if step < STEPS => tokio::task::yield_now().await,
                    _ => {}
                }
            }
            Ok(factory.make())
        }
    };
    Pool::builder("steps", create)
        .max_concurrent(1)
        .max_waiting(0)
        .min_idle(1)
        .create_timeout(Duration::from_secs(3))
        .build()
        .unwrap()
}

/// Created, failures, timeouts, abandoned, and whether the place is free.
fn makings(pool: &Pool<Part, String>) -> ([u64; 4], bool) {
    let now = pool.snapshot();
    let free = now.bulkhead.available == 1;
    let counts = [
        now.created,
        now.create_failures,
        now.create_timeouts,
        now.create_abandoned,
    ];
    (counts, free)
}

fn checkout(pool: &Pool<Part, String>) -> Boxed<'_, Result<usize, PoolError<String>>> {
    Box::pin(async { Ok(pool.checkout().await?.number) })
}

fn maintain(pool: &Pool<Part, String>) -> Boxed<'_, Result<usize, PoolError<String>>> {
    Box::pin(async { pool.maintain().await.map(|()| 1) })
}

type Begin = for<'a> fn(&'a Pool<Part, String>) -> Boxed<'a, Result<usize, PoolError<String>>>;

/// Both leave the pool ready to make the next one at once.
const WAYS: [Begin; 2] = [checkout, maintain];

async fn works_again(pool: &Pool<Part, String>, factory: &Factory) {
    assert_settled(pool, factory);
    pool.maintain().await.unwrap();
    assert_eq!(pool.snapshot().idle, 1);
    assert_eq!(pool.checkout().await.unwrap().number, 1);
    assert_settled(pool, factory);
}

#[tokio::test(start_paused = true)]
async fn dropped_at_any_step_it_is_abandoned() {
    for begin in WAYS {
        for polls in 1..=STEPS {
            let factory = Arc::default();
            let pool = pool(&factory, Trouble::None, 0);
            let mut making = begin(&pool);
            for _ in 0..polls {
                assert!(poll(&mut making, &Alarm::new()).is_pending());
            }
            drop(making);
            assert_eq!(makings(&pool), ([0, 0, 0, 1], true));
            works_again(&pool, &factory).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_future_never_polled_makes_nothing() {
    for begin in WAYS {
        let factory = Arc::default();
        let pool = pool(&factory, Trouble::None, 0);
        drop(begin(&pool));
        assert_eq!(makings(&pool), ([0; 4], true));
        works_again(&pool, &factory).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_at_any_step_comes_back_and_is_counted() {
    for begin in WAYS {
        for at in 0..=STEPS {
            let factory = Arc::default();
            let pool = pool(&factory, Trouble::Fails, at);
            let error = begin(&pool).await.unwrap_err();
            assert_eq!(error.create_error().unwrap(), "on purpose");
            assert_eq!(makings(&pool), ([0, 1, 0, 0], true));
            works_again(&pool, &factory).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_at_any_step_passes_through_and_is_counted() {
    for begin in WAYS {
        for at in 0..=STEPS {
            let factory = Arc::default();
            let pool = pool(&factory, Trouble::Panics, at);
            let panicked = AssertUnwindSafe(begin(&pool)).catch_unwind().await;
            assert!(panicked.is_err());
            assert_eq!(makings(&pool), ([0, 0, 0, 1], true));
            works_again(&pool, &factory).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hang_at_any_step_ends_with_the_timeout() {
    for begin in WAYS {
        for at in 0..=STEPS {
            let factory = Arc::default();
            let pool = pool(&factory, Trouble::Hangs, at);
            let error = begin(&pool).await.unwrap_err();
            assert!(matches!(error, PoolError::CreateTimeout { .. }));
            assert_eq!(makings(&pool), ([0, 0, 1, 0], true));
            works_again(&pool, &factory).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_checkout_takes_over_at_any_step_and_goes_on_from_there() {
    for polls in 1..=STEPS {
        let factory = Arc::<Factory>::default();
        let pool = pool(&factory, Trouble::None, 0);
        let (mut maintainer, maintained) = (maintain(&pool), Alarm::new());
        for _ in 0..polls {
            assert!(poll(&mut maintainer, &maintained).is_pending());
        }
        let mut taker = checkout(&pool);
        for _ in polls..STEPS {
            assert!(poll(&mut taker, &Alarm::new()).is_pending());
        }
        assert_eq!(poll(&mut taker, &Alarm::new()), Poll::Ready(Ok(1)));
        assert_eq!(maintained.rings(), 1, "the maintainer hears of it");
        assert_eq!(makings(&pool), ([1, 0, 0, 0], true));
        // There is one idle again, and nothing left to do.
        assert_eq!(poll(&mut maintainer, &maintained), Poll::Ready(Ok(1)));
        drop(maintainer);
        assert_settled(&pool, &factory);
    }
}

#[tokio::test(start_paused = true)]
async fn a_taker_dropped_at_any_step_frees_place_and_room() {
    for polls in 0..STEPS {
        let factory = Arc::<Factory>::default();
        let pool = pool(&factory, Trouble::None, 0);
        let mut maintainer = maintain(&pool);
        assert!(poll(&mut maintainer, &Alarm::new()).is_pending());
        let mut taker = checkout(&pool);
        for _ in 0..polls {
            assert!(poll(&mut taker, &Alarm::new()).is_pending());
        }
        drop(taker);
        let abandoned = u64::from(polls > 0);
        assert_eq!(makings(&pool), ([0, 0, 0, abandoned], true));
        assert_eq!(maintainer.await, Ok(1));
        // A spare that was taken over is not begun again by the same call.
        assert_eq!(pool.snapshot().idle, usize::from(polls == 0));
        works_again(&pool, &factory).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_over_and_comes_to_nothing_is_made_anew() {
    for (trouble, counted) in [
        (Trouble::Fails, [1, 1, 0, 0]),
        (Trouble::Hangs, [1, 0, 1, 0]),
    ] {
        for at in 1..=STEPS {
            let factory = Arc::<Factory>::default();
            let pool = pool(&factory, trouble, at);
            let mut maintainer = maintain(&pool);
            assert!(poll(&mut maintainer, &Alarm::new()).is_pending());
            assert_eq!(checkout(&pool).await, Ok(1));
            assert_eq!(makings(&pool), (counted, true));
            assert_eq!(maintainer.await, Ok(1));
            works_again(&pool, &factory).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_over_and_panics_reaches_the_taker() {
    for at in 1..=STEPS {
        let factory = Arc::<Factory>::default();
        let pool = pool(&factory, Trouble::Panics, at);
        let mut maintainer = maintain(&pool);
        assert!(poll(&mut maintainer, &Alarm::new()).is_pending());
        let panicked = AssertUnwindSafe(checkout(&pool)).catch_unwind().await;
        assert!(panicked.is_err());
        assert_eq!(makings(&pool), ([0, 0, 0, 1], true));
        assert_eq!(maintainer.await, Ok(1));
        works_again(&pool, &factory).await;
    }
}
