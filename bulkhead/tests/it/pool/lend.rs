//! What happens to a resource at the end of its loan.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use steadfast_bulkhead::{PoolError, Reason};

use super::{Factory, Part, assert_settled, parts};

#[tokio::test(start_paused = true)]
async fn a_dropped_checkout_returns_its_resource() {
    let factory = Arc::default();
    let pool = parts(&factory).build().unwrap();
    assert_eq!(pool.name(), "parts");
    assert_eq!(
        pool.snapshot().created,
        0,
        "nothing is made before it is needed"
    );
    assert_eq!(pool.checkout().await.unwrap().number, 1);
    assert_eq!(pool.checkout().await.unwrap().number, 1);
    let snapshot = pool.snapshot();
    assert_eq!((snapshot.created, snapshot.recycled), (1, 1));
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn what_was_used_last_is_lent_first() {
    let factory = Arc::default();
    let pool = parts(&factory).build().unwrap();
    let first = pool.checkout().await.unwrap();
    let second = pool.checkout().await.unwrap();
    drop(second);
    drop(first);
    assert_eq!(pool.checkout().await.unwrap().number, 1);
}

#[tokio::test(start_paused = true)]
async fn the_next_in_line_gets_the_returned_resource_not_a_new_one() {
    let factory = Arc::default();
    let pool = parts(&factory).max_concurrent(1).build().unwrap();
    let held = pool.checkout().await.unwrap();
    let mut next = std::pin::pin!(pool.checkout());
    assert!(next.as_mut().now_or_never().is_none());
    drop(held);
    assert_eq!(next.await.unwrap().number, 1);
    assert_eq!(pool.snapshot().created, 1);
}

#[tokio::test(start_paused = true)]
async fn a_discarded_resource_dies_and_frees_its_place() {
    let factory = Arc::default();
    let pool = parts(&factory).max_concurrent(1).build().unwrap();
    pool.checkout().await.unwrap().discard();
    assert_eq!((factory.alive(), pool.snapshot().discarded), (0, 1));
    assert_eq!(pool.checkout().await.unwrap().number, 2);
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn a_resource_taken_out_lives_on_and_frees_its_place() {
    let factory = Arc::default();
    let pool = parts(&factory).max_concurrent(1).build().unwrap();
    let mine: Part = pool.checkout().await.unwrap().into_inner();
    let snapshot = pool.snapshot();
    assert_eq!((snapshot.bulkhead.busy, snapshot.discarded), (0, 1));
    assert_eq!((factory.alive(), mine.number), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_checkout_dropped_in_a_panic_discards_its_resource() {
    let factory = Arc::default();
    let pool = parts(&factory).max_concurrent(1).build().unwrap();
    let work = async {
        let _part = pool.checkout().await.unwrap();
        panic!("on purpose");
    };
    assert!(AssertUnwindSafe(work).catch_unwind().await.is_err());
    assert_eq!((factory.alive(), pool.snapshot().discarded), (0, 1));
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_ends_returns_its_resource() {
    let factory = Arc::default();
    let pool = parts(&factory).build().unwrap();
    let number = pool.with_resource(async |part: &mut Part| {
        tokio::task::yield_now().await;
        part.number
    });
    assert_eq!(number.await, Ok(1));
    assert_eq!(pool.snapshot().idle, 1);
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn an_operation_dropped_half_way_loses_its_resource() {
    let factory = Arc::default();
    let pool = parts(&factory).max_concurrent(1).build().unwrap();
    let mut operation = Box::pin(pool.with_resource(async |part: &mut Part| {
        part.number = 99;
        std::future::pending::<()>().await;
    }));
    assert!(operation.as_mut().now_or_never().is_none());
    assert_eq!(factory.alive(), 1);
    drop(operation);
    assert_eq!((factory.alive(), pool.snapshot().discarded), (0, 1));
    assert_eq!(pool.checkout().await.unwrap().number, 2);
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_panics_loses_its_resource() {
    let factory = Arc::default();
    let pool = parts(&factory).max_concurrent(1).build().unwrap();
    let operation = pool.with_resource(async |_: &mut Part| {
        tokio::task::yield_now().await;
        panic!("on purpose");
    });
    assert!(AssertUnwindSafe(operation).catch_unwind().await.is_err());
    assert_eq!((factory.alive(), pool.snapshot().discarded), (0, 1));
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn an_operation_can_borrow_from_outside_and_move_between_threads() {
    let factory = Arc::<Factory>::default();
    let pool = parts(&factory).build().unwrap();
    let worker = tokio::spawn({
        let (pool, added) = (pool.clone(), vec![10, 20]);
        async move {
            pool.with_resource(async |part: &mut Part| {
                tokio::task::yield_now().await;
                part.number + added.iter().sum::<usize>()
            })
            .await
        }
    });
    assert_eq!(worker.await.unwrap(), Ok(31));
}

#[tokio::test(start_paused = true)]
async fn without_a_place_nothing_is_made() {
    let factory = Arc::default();
    let builder = parts(&factory).max_concurrent(1).max_waiting(0);
    let pool = builder.build().unwrap();
    let _held = pool.checkout().await.unwrap();
    let refused = pool.checkout().await.unwrap_err();
    let reason = refused.rejected().unwrap().reason();
    assert!(matches!(reason, Reason::Full { .. }));
    assert!(matches!(refused, PoolError::Rejected(_)));
    assert_eq!(factory.alive(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_is_not_valid_dies_and_the_next_is_tried() {
    let factory = Arc::default();
    let builder = parts(&factory).is_valid(|part: &Part| !part.broken);
    let pool = builder.build().unwrap();
    let good = pool.checkout().await.unwrap();
    let mut bad = pool.checkout().await.unwrap();
    bad.broken = true;
    drop(good);
    drop(bad);
    assert_eq!(pool.checkout().await.unwrap().number, 1);
    let snapshot = pool.snapshot();
    assert_eq!((snapshot.recycled, snapshot.discarded), (1, 1));
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_is_valid_frees_the_place_and_discards_the_resource() {
    let factory = Arc::default();
    let builder = parts(&factory).is_valid(|_| panic!("on purpose"));
    let pool = builder.max_concurrent(1).build().unwrap();
    drop(pool.checkout().await.unwrap());
    let checkout = AssertUnwindSafe(pool.checkout()).catch_unwind();
    assert!(checkout.await.is_err());
    assert_eq!(pool.snapshot().recycled, 0);
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn a_checkout_tells_how_long_it_stood_in_line() {
    let factory = Arc::default();
    let pool = parts(&factory).max_concurrent(1).build().unwrap();
    let held = pool.checkout().await.unwrap();
    let release = async {
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
        drop(held);
    };
    let (checkout, ()) = tokio::join!(pool.checkout(), release);
    let checkout = checkout.unwrap();
    assert_eq!(checkout.waited().as_millis(), 40);
    assert!(format!("{checkout:?}").starts_with("Checkout { pool: \"parts\", resource: Part {"));
}
