//! Wakers are user code: they run outside the lock, and may misbehave.

use std::{
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};

use steadfast_bulkhead::{Bulkhead, Permit, Rejected};

use crate::support::{Alarm, Boxed, poll};

type Acquire<'a> = Boxed<'a, Result<Permit, Rejected>>;

/// Asks the bulkhead when woken and when dropped: a deadlock if its lock were held.
struct Curious(Bulkhead);

impl Wake for Curious {
    fn wake(self: Arc<Self>) {
        let _ = self.0.snapshot();
    }
}

impl Drop for Curious {
    fn drop(&mut self) {
        let _ = self.0.snapshot();
    }
}

struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("on purpose");
    }
}

fn one_place() -> Bulkhead {
    Bulkhead::builder("wakers")
        .max_concurrent(1)
        .build()
        .unwrap()
}

fn queue<'a>(bulkhead: &'a Bulkhead, waker: impl Wake + Send + Sync + 'static) -> Acquire<'a> {
    let mut waiter: Acquire<'_> = Box::pin(bulkhead.acquire());
    let waker = Waker::from(Arc::new(waker));
    let polled = waiter.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    waiter
}

#[tokio::test(start_paused = true)]
async fn wakers_are_woken_and_dropped_outside_the_lock() {
    let bulkhead = one_place();
    let curious = || Curious(bulkhead.clone());
    let held = bulkhead.try_acquire().unwrap();
    let mut handed = queue(&bulkhead, curious());
    let mut replaced = queue(&bulkhead, curious());
    let cancelled = queue(&bulkhead, curious());
    let mut closed = queue(&bulkhead, curious());

    assert!(poll(&mut replaced, &Alarm::new()).is_pending());
    drop(cancelled);
    drop(held);
    assert!(poll(&mut handed, &Alarm::new()).is_ready());
    assert!(poll(&mut replaced, &Alarm::new()).is_ready());
    let held = match poll(&mut closed, &Alarm::new()) {
        Poll::Ready(permit) => permit.unwrap(),
        Poll::Pending => panic!("the place went round"),
    };
    let mut closed = queue(&bulkhead, curious());
    bulkhead.close();
    assert!(poll(&mut closed, &Alarm::new()).is_ready());
    drop(held);
    assert_eq!(bulkhead.snapshot().available, 1);
}

#[tokio::test(start_paused = true)]
async fn a_timed_out_waker_is_dropped_outside_the_lock() {
    let bulkhead = one_place();
    let _held = bulkhead.try_acquire().unwrap();
    let mut waiter = queue(&bulkhead, Curious(bulkhead.clone()));
    tokio::time::advance(std::time::Duration::from_secs(5)).await;
    let waker = Waker::from(Arc::new(Curious(bulkhead.clone())));
    let polled = waiter.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(matches!(polled, Poll::Ready(Err(_))));
}

#[tokio::test(start_paused = true)]
async fn a_panicking_waker_loses_no_place_and_spares_the_one_who_gave_it() {
    let bulkhead = one_place();
    let held = bulkhead.try_acquire().unwrap();
    let mut waiter = queue(&bulkhead, Bomb);
    drop(held);
    assert!(poll(&mut waiter, &Alarm::new()).is_ready());
    assert_eq!(bulkhead.snapshot().available, 1);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_waker_does_not_keep_the_others_asleep_at_the_close() {
    let bulkhead = one_place();
    let _held = bulkhead.try_acquire().unwrap();
    let _bomb = queue(&bulkhead, Bomb);
    let alarm = Alarm::new();
    let mut other: Acquire<'_> = Box::pin(bulkhead.acquire());
    assert!(poll(&mut other, &alarm).is_pending());
    bulkhead.close();
    assert_eq!(alarm.rings(), 1);
}

/// Panics with something that panics when it is dropped.
struct Cluster;

struct Bomblet;

impl Wake for Cluster {
    fn wake(self: Arc<Self>) {
        std::panic::panic_any(Bomblet);
    }
}

impl Drop for Bomblet {
    fn drop(&mut self) {
        panic!("on purpose, once more");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_waker_panics_with_does_not_keep_the_others_asleep() {
    let bulkhead = one_place();
    let _held = bulkhead.try_acquire().unwrap();
    let _bomb = queue(&bulkhead, Cluster);
    let alarm = Alarm::new();
    let mut other: Acquire<'_> = Box::pin(bulkhead.acquire());
    assert!(poll(&mut other, &alarm).is_pending());
    let close = std::panic::AssertUnwindSafe(|| bulkhead.close());
    let unwound = std::panic::catch_unwind(close).is_err();
    assert_eq!(alarm.rings(), 1);
    assert!(!unwound);
}
