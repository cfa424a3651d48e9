//! The line of waiters: order, bounds, hand-over.

#![cfg(feature = "tokio")]

use std::time::Duration;

use futures_util::{FutureExt, future::join_all};
use steadfast_bulkhead::{Bulkhead, Reason};

#[tokio::test(start_paused = true)]
async fn waiters_get_their_places_in_the_order_they_came() {
    let bulkhead = Bulkhead::builder("fifo").max_concurrent(1).build().unwrap();
    let first = bulkhead.acquire().await.unwrap();
    let order = parking_lot::Mutex::new(Vec::new());
    let waiters = join_all((0..50).map(|n| {
        let (bulkhead, order) = (&bulkhead, &order);
        async move {
            let _permit = bulkhead.acquire().await.unwrap();
            order.lock().push(n);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }));
    let release = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        drop(first);
    };
    tokio::join!(waiters, release);
    assert_eq!(*order.lock(), (0..50).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_waiter_times_out_after_exactly_the_checkout_timeout() {
    let bulkhead = Bulkhead::builder("slow")
        .max_concurrent(1)
        .checkout_timeout(Duration::from_secs(2))
        .build()
        .unwrap();
    let _held = bulkhead.acquire().await.unwrap();
    let mut waiter = std::pin::pin!(bulkhead.acquire());
    assert!(waiter.as_mut().now_or_never().is_none());
    tokio::time::advance(Duration::from_millis(1999)).await;
    assert!(waiter.as_mut().now_or_never().is_none());
    tokio::time::advance(Duration::from_millis(1)).await;
    let rejected = waiter.now_or_never().unwrap().unwrap_err();
    let waited = Duration::from_secs(2);
    assert_eq!(rejected.reason(), Reason::Timeout { waited });
}
