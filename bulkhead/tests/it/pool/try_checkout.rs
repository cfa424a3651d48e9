//! Borrowing without standing in line and without creating.

use std::sync::Arc;

use futures_util::FutureExt;
use steadfast_bulkhead::{PoolError, Reason};

use super::{Factory, assert_settled, parts};

#[test]
fn an_idle_resource_is_lent_at_once_and_without_a_runtime() {
    let factory = Arc::<Factory>::default();
    let pool = parts(&factory).is_valid(|_| true).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    drop(runtime.block_on(pool.checkout()).unwrap());
    drop(runtime);
    let part = pool.try_checkout().now_or_never().unwrap().unwrap();
    assert_eq!((part.number, part.waited().as_nanos()), (1, 0));
    drop(part);
    assert_eq!(pool.snapshot().idle, 1);
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn with_none_idle_nothing_is_made_and_the_place_is_free() {
    let factory = Arc::<Factory>::default();
    let pool = parts(&factory).build().unwrap();
    let none = pool.try_checkout().await.unwrap_err();
    assert_eq!(none.to_string(), "pool parts has no idle resource");
    assert!(matches!(&none, PoolError::NoneIdle { name, .. } if &**name == "parts"));
    assert!(none.rejected().is_none() && none.create_error().is_none());
    assert!(none.into_create_error().is_none());
    assert_eq!(pool.snapshot().created, 0);
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn without_a_free_place_and_after_the_close_it_is_rejected() {
    let factory = Arc::<Factory>::default();
    let pool = parts(&factory).max_concurrent(1).build().unwrap();
    let held = pool.checkout().await.unwrap();
    let full = pool.try_checkout().now_or_never().unwrap().unwrap_err();
    let reason = full.rejected().unwrap().reason();
    assert!(matches!(reason, Reason::Full { waiting: 0, .. }));
    drop(held);
    pool.close();
    let closed = pool.try_checkout().await.unwrap_err();
    assert_eq!(closed.rejected().unwrap().reason(), Reason::Closed);
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn the_hooks_run_and_what_they_refuse_is_not_replaced() {
    let factory = Arc::<Factory>::default();
    let builder = parts(&factory).recycle(|part| {
        Box::pin(async move {
            tokio::task::yield_now().await;
            part.number != 2
        })
    });
    let pool = builder.build().unwrap();
    let parts = [
        pool.checkout().await.unwrap(),
        pool.checkout().await.unwrap(),
    ];
    drop(parts);
    assert_eq!(pool.try_checkout().await.unwrap().number, 1);
    assert_eq!(pool.snapshot().discards.not_recycled, 1);
    let held = pool.try_checkout().await.unwrap();
    let none = pool.try_checkout().await.unwrap_err();
    assert!(matches!(none, PoolError::NoneIdle { .. }));
    drop(held);
    assert_settled(&pool, &factory);
}
