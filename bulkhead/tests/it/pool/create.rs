//! Making a resource: it may fail, hang, be dropped, or panic. The place is free afterwards.

use std::{error::Error as _, io, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use steadfast_bulkhead::{Pool, PoolError, PoolSnapshot};

fn one_place<T: 'static, Fut>(
    create: impl Fn() -> Fut + Send + Sync + 'static,
) -> Pool<T, io::Error>
where
    Fut: Future<Output = Result<T, io::Error>> + Send + 'static,
{
    Pool::builder("makers", create)
        .max_concurrent(1)
        .max_waiting(0)
        .create_timeout(Duration::from_secs(3))
        .build()
        .unwrap()
}

/// `[created, failures, timeouts, abandoned]`, once the place is seen to be free.
fn makings<T, E>(pool: &Pool<T, E>) -> [u64; 4] {
    let PoolSnapshot {
        bulkhead,
        created,
        create_failures,
        create_timeouts,
        create_abandoned,
        ..
    } = pool.snapshot();
    assert_eq!(bulkhead.available, 1);
    [created, create_failures, create_timeouts, create_abandoned]
}

#[tokio::test(start_paused = true)]
async fn a_failure_comes_back_and_frees_the_place() {
    let pool = one_place(|| async { Err::<(), _>(io::Error::other("no route")) });
    let error = pool.checkout().await.unwrap_err();
    assert_eq!(error.to_string(), "no route");
    assert!(error.source().unwrap().is::<io::Error>());
    assert_eq!(error.create_error().unwrap().to_string(), "no route");
    assert!(error.rejected().is_none());
    assert_eq!(error.into_create_error().unwrap().to_string(), "no route");
    assert_eq!(makings(&pool), [0, 1, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_create_that_hangs_is_dropped_when_its_time_is_over() {
    let pool = one_place(std::future::pending::<io::Result<()>>);
    let mut checkout = Box::pin(pool.checkout());
    assert!(checkout.as_mut().now_or_never().is_none());
    tokio::time::advance(Duration::from_millis(2999)).await;
    assert!(checkout.as_mut().now_or_never().is_none());
    tokio::time::advance(Duration::from_millis(1)).await;
    let error = checkout.as_mut().now_or_never().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "pool makers created no resource within 3s"
    );
    assert!(matches!(error, PoolError::CreateTimeout { after, .. } if after.as_secs() == 3));
    assert!(error.source().is_none());
    assert_eq!(makings(&pool), [0, 0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_dropped_while_its_resource_is_made_frees_the_place() {
    let pool = one_place(std::future::pending::<io::Result<()>>);
    let mut checkout = Box::pin(pool.checkout());
    assert!(checkout.as_mut().now_or_never().is_none());
    assert_eq!(pool.snapshot().bulkhead.busy, 1);
    drop(checkout);
    assert_eq!(makings(&pool), [0, 0, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_create_frees_the_place() {
    let pool = one_place(|| async { panic!("on purpose") as io::Result<()> });
    assert!(
        AssertUnwindSafe(pool.checkout())
            .catch_unwind()
            .await
            .is_err()
    );
    assert_eq!(makings(&pool), [0, 0, 0, 1]);

    let pool = one_place(|| -> std::future::Ready<io::Result<()>> { panic!("on purpose") });
    assert!(
        AssertUnwindSafe(pool.checkout())
            .catch_unwind()
            .await
            .is_err()
    );
    assert_eq!(makings(&pool), [0, 0, 0, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_rejection_of_a_pool_leads_to_its_source() {
    let pool = one_place(|| async { Ok(()) });
    let held = pool.checkout().await.unwrap();
    let error = pool.checkout().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "bulkhead makers is full: 1 running, 0 waiting"
    );
    assert!(error.source().unwrap().is::<steadfast_bulkhead::Rejected>());
    assert!(error.create_error().is_none());
    assert!(error.into_create_error().is_none());
    drop(held);
    assert_eq!(makings(&pool), [1, 0, 0, 0]);
}
