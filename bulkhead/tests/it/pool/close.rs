//! Clearing and closing.

use std::sync::Arc;

use futures_util::FutureExt;
use steadfast_bulkhead::Reason;

use super::{assert_settled, parts};

#[tokio::test(start_paused = true)]
async fn clearing_drops_the_idle_resources_and_spares_those_on_loan() {
    let factory = Arc::default();
    let pool = parts(&factory).build().unwrap();
    let [kept, idle] = [
        pool.checkout().await.unwrap(),
        pool.checkout().await.unwrap(),
    ];
    drop(idle);
    pool.clear_idle();
    assert_eq!((factory.alive(), pool.snapshot().idle), (1, 0));
    drop(kept);
    assert_eq!(pool.checkout().await.unwrap().number, 1);
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn closing_drops_the_idle_resources_and_refuses_waiters_and_newcomers() {
    let factory = Arc::default();
    let pool = parts(&factory).max_concurrent(2).build().unwrap();
    let [first, second] = [
        pool.checkout().await.unwrap(),
        pool.checkout().await.unwrap(),
    ];
    let mut waiter = Box::pin(pool.checkout());
    assert!(waiter.as_mut().now_or_never().is_none());
    pool.close();
    let refused = waiter.await.unwrap_err();
    assert_eq!(refused.rejected().unwrap().reason(), Reason::Closed);
    let refused = pool.checkout().await.unwrap_err();
    assert_eq!(refused.rejected().unwrap().reason(), Reason::Closed);
    assert!(pool.bulkhead().is_closed());

    assert_eq!((first.number, second.number), (1, 2));
    drop(first);
    assert_eq!((factory.alive(), pool.snapshot().idle), (1, 0));
    drop(second);
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn closing_an_idle_pool_leaves_no_resource_alive() {
    let factory = Arc::default();
    let pool = parts(&factory).build().unwrap();
    drop(pool.checkout().await.unwrap());
    assert_eq!(factory.alive(), 1);
    pool.close();
    pool.close();
    assert_eq!((factory.alive(), pool.snapshot().discarded), (0, 1));
    assert_settled(&pool, &factory);
}

#[tokio::test(start_paused = true)]
async fn a_weak_handle_keeps_neither_pool_nor_resources() {
    let factory = Arc::default();
    let pool = parts(&factory).build().unwrap();
    let weak = pool.downgrade();
    let checkout = pool.checkout().await.unwrap();
    drop(pool);
    assert_eq!(weak.upgrade().unwrap().snapshot().created, 1);
    drop(checkout);
    assert!(weak.clone().upgrade().is_none());
    assert_eq!(factory.alive(), 0);
}
