//! Users that panic, and who speaks for their resources.

use std::{future::pending, panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use steadfast_bulkhead::{Checkout, Pool, PoolBuilder};

use super::{Factory, Part, assert_settled, parts};

type SetHook = fn(PoolBuilder<Part, String>) -> PoolBuilder<Part, String>;

const UNBROKEN: SetHook = |builder| builder.keep_after_panic(|part| !part.broken);
const PANICS: SetHook = |builder| builder.keep_after_panic(|_| panic!("a second time"));

/// Idle and panicked, after a user of a checkout panicked.
async fn after_checkout(set: SetHook, broken: bool) -> [u64; 2] {
    let factory = Arc::<Factory>::default();
    let pool = set(parts(&factory).max_concurrent(1)).build().unwrap();
    let work = async {
        pool.checkout().await.unwrap().broken = broken;
        let _part = pool.checkout().await.unwrap();
        panic!("on purpose");
    };
    assert!(AssertUnwindSafe(work).catch_unwind().await.is_err());
    ended(&pool, &factory)
}

/// The same for an operation.
async fn after_operation(set: SetHook, broken: bool) -> [u64; 2] {
    let factory = Arc::<Factory>::default();
    let pool = set(parts(&factory).max_concurrent(1)).build().unwrap();
    let operation = pool.with_resource(async |part: &mut Part| {
        part.broken = broken;
        tokio::task::yield_now().await;
        panic!("on purpose");
    });
    assert!(AssertUnwindSafe(operation).catch_unwind().await.is_err());
    ended(&pool, &factory)
}

fn ended(pool: &Pool<Part, String>, factory: &Factory) -> [u64; 2] {
    assert_settled(pool, factory);
    let snapshot = pool.snapshot();
    assert_eq!(snapshot.discarded, snapshot.discards.panicked);
    [snapshot.idle as u64, snapshot.discards.panicked]
}

#[tokio::test(start_paused = true)]
async fn a_resource_is_kept_when_the_hook_says_so() {
    assert_eq!(after_checkout(UNBROKEN, false).await, [1, 0]);
    assert_eq!(after_operation(UNBROKEN, false).await, [1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_resource_is_discarded_when_the_hook_says_no_or_there_is_none() {
    for set in [UNBROKEN, |builder| builder] {
        assert_eq!(after_checkout(set, true).await, [0, 1]);
        assert_eq!(after_operation(set, true).await, [0, 1]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_panics_itself_means_no() {
    assert_eq!(after_checkout(PANICS, false).await, [0, 1]);
    assert_eq!(after_operation(PANICS, false).await, [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn an_operation_dropped_half_way_is_not_asked_about() {
    let factory = Arc::<Factory>::default();
    let pool = UNBROKEN(parts(&factory)).build().unwrap();
    let mut operation = Box::pin(pool.with_resource(async |_: &mut Part| pending::<()>().await));
    assert!(operation.as_mut().now_or_never().is_none());
    drop(operation);
    let discards = pool.snapshot().discards;
    assert_eq!((discards.abandoned, discards.total()), (1, 1));
    assert_settled(&pool, &factory);
}

/// Gives its part up when it is dropped.
struct GivesUp(Option<Checkout<Part, String>>);

impl Drop for GivesUp {
    fn drop(&mut self) {
        self.0.take().unwrap().discard();
    }
}

#[tokio::test(start_paused = true)]
async fn a_resource_discarded_while_its_user_panics_is_not_asked_about() {
    let factory = Arc::<Factory>::default();
    let pool = UNBROKEN(parts(&factory)).build().unwrap();
    let work = async {
        let _part = GivesUp(Some(pool.checkout().await.unwrap()));
        panic!("on purpose");
    };
    assert!(AssertUnwindSafe(work).catch_unwind().await.is_err());
    let discards = pool.snapshot().discards;
    assert_eq!((discards.asked, discards.total()), (1, 1));
    assert_settled(&pool, &factory);
}

/// Borrows and returns when it is dropped, as a guard that says goodbye on the wire does.
struct Goodbye(Pool<Part, String>);

impl Drop for Goodbye {
    fn drop(&mut self) {
        let part = self.0.try_checkout().now_or_never().unwrap().unwrap();
        assert_eq!(part.number, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_that_begins_and_ends_while_another_unwinds_did_not_panic() {
    let factory = Arc::<Factory>::default();
    let pool = parts(&factory).build().unwrap();
    drop(pool.checkout().await.unwrap());
    let goodbye = Goodbye(pool.clone());
    let work = async move {
        let _goodbye = goodbye;
        panic!("on purpose");
    };
    assert!(AssertUnwindSafe(work).catch_unwind().await.is_err());
    assert_eq!((pool.snapshot().idle, pool.snapshot().recycled), (1, 1));
    assert_settled(&pool, &factory);
}
