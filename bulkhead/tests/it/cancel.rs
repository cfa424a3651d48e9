//! Futures dropped at every awkward moment, and the races around the timeout.

use std::{task::Poll, time::Duration};

use steadfast_bulkhead::{Bulkhead, Permit, Reason, Rejected};

use crate::support::{Alarm, Boxed, poll};

type Acquire<'a> = Boxed<'a, Result<Permit, Rejected>>;

const TIMEOUT: Duration = Duration::from_secs(2);

fn one_place() -> Bulkhead {
    Bulkhead::builder("cancel")
        .max_concurrent(1)
        .checkout_timeout(TIMEOUT)
        .build()
        .unwrap()
}

/// A waiter that was polled once and is in line.
fn waiter(bulkhead: &Bulkhead) -> Acquire<'_> {
    let mut waiter: Acquire<'_> = Box::pin(bulkhead.acquire());
    assert!(poll(&mut waiter, &Alarm::new()).is_pending());
    waiter
}

fn permit(waiter: &mut Acquire<'_>) -> Permit {
    match poll(waiter, &Alarm::new()) {
        Poll::Ready(Ok(permit)) => permit,
        other => panic!("expected a permit, got {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_future_that_was_never_polled_counts_nothing() {
    let bulkhead = one_place();
    drop(bulkhead.acquire());
    let fresh = one_place().snapshot();
    assert_eq!(bulkhead.snapshot(), fresh);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_waiter_leaves_its_place_in_line_at_once() {
    let bulkhead = one_place();
    let held = bulkhead.try_acquire().unwrap();
    let mut waiters: Vec<_> = (0..3).map(|_| waiter(&bulkhead)).collect();
    drop(waiters.remove(1));
    assert_eq!(bulkhead.snapshot().waiting, 2);
    assert_eq!(bulkhead.snapshot().totals.abandoned, 1);

    drop(held);
    drop(permit(&mut waiters[0]));
    drop(permit(&mut waiters[1]));
    assert_eq!(bulkhead.snapshot().available, 1);
}

#[tokio::test(start_paused = true)]
async fn the_first_and_the_last_in_line_can_leave_too() {
    let bulkhead = one_place();
    let held = bulkhead.try_acquire().unwrap();
    let mut waiters: Vec<_> = (0..3).map(|_| waiter(&bulkhead)).collect();
    drop(waiters.remove(2));
    drop(waiters.remove(0));
    let mut last = waiter(&bulkhead);

    drop(held);
    let first = permit(&mut waiters[0]);
    assert!(poll(&mut last, &Alarm::new()).is_pending());
    drop(first);
    drop(permit(&mut last));
}

#[tokio::test(start_paused = true)]
async fn a_place_handed_to_a_dropped_waiter_goes_to_the_next() {
    let bulkhead = one_place();
    let held = bulkhead.try_acquire().unwrap();
    let first = waiter(&bulkhead);
    let alarm = Alarm::new();
    let mut second: Acquire<'_> = Box::pin(bulkhead.acquire());
    assert!(poll(&mut second, &alarm).is_pending());

    drop(held);
    assert_eq!(alarm.rings(), 0);
    drop(first);
    assert_eq!(alarm.rings(), 1);
    let permit = permit(&mut second);
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.busy, snapshot.totals.abandoned), (1, 1));
    assert_eq!(
        (snapshot.totals.acquired, snapshot.totals.completed),
        (2, 1)
    );
    drop(permit);
}

#[tokio::test(start_paused = true)]
async fn a_place_handed_to_the_last_waiter_is_free_when_it_is_dropped() {
    let bulkhead = one_place();
    let held = bulkhead.try_acquire().unwrap();
    let only = waiter(&bulkhead);
    drop(held);
    assert_eq!(bulkhead.snapshot().available, 0);
    drop(only);
    assert_eq!(bulkhead.snapshot().available, 1);
    assert!(bulkhead.try_acquire().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_place_handed_over_before_the_time_is_over_wins() {
    let bulkhead = one_place();
    let held = bulkhead.try_acquire().unwrap();
    let mut waiter = waiter(&bulkhead);
    drop(held);
    tokio::time::advance(TIMEOUT * 2).await;
    assert_eq!(permit(&mut waiter).waited(), TIMEOUT * 2);
    assert_eq!(bulkhead.snapshot().available, 1);
}

#[tokio::test(start_paused = true)]
async fn a_place_handed_over_after_the_time_but_before_the_poll_wins_too() {
    let bulkhead = one_place();
    let held = bulkhead.try_acquire().unwrap();
    let mut waiter = waiter(&bulkhead);
    tokio::time::advance(TIMEOUT * 2).await;
    drop(held);
    drop(permit(&mut waiter));
    assert_eq!(bulkhead.snapshot().available, 1);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_returns_after_the_timeout_goes_to_the_next() {
    let bulkhead = one_place();
    let held = bulkhead.try_acquire().unwrap();
    let mut first = waiter(&bulkhead);
    tokio::time::advance(TIMEOUT / 2).await;
    let mut second = waiter(&bulkhead);
    tokio::time::advance(TIMEOUT / 2).await;
    let Poll::Ready(Err(rejected)) = poll(&mut first, &Alarm::new()) else {
        panic!("the first one's time is over");
    };
    assert!(matches!(rejected.reason(), Reason::Timeout { .. }));
    drop(held);
    drop(permit(&mut second));
    drop(first);
    assert_eq!(bulkhead.snapshot().available, 1);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_panics_in_the_timer_leaves_the_line() {
    let bulkhead = one_place();
    let _held = bulkhead.try_acquire().unwrap();
    // There is no tokio runtime on this thread, so the timer panics.
    let stranger = std::thread::spawn({
        let bulkhead = bulkhead.clone();
        move || futures_util::FutureExt::now_or_never(bulkhead.acquire())
    });
    assert!(stranger.join().is_err());
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.waiting, snapshot.totals.abandoned), (0, 1));
}
