//! Closing.

use std::task::Poll;

use steadfast_bulkhead::{Bulkhead, Permit, Reason, Rejected};

use crate::support::{Alarm, Boxed, poll};

type Acquire<'a> = Boxed<'a, Result<Permit, Rejected>>;

fn one_place() -> Bulkhead {
    Bulkhead::builder("close")
        .max_concurrent(1)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_waiter_is_woken_and_refused() {
    let bulkhead = one_place();
    let held = bulkhead.try_acquire().unwrap();
    let alarms: Vec<_> = (0..10).map(|_| Alarm::new()).collect();
    let mut waiters: Vec<Acquire<'_>> = Vec::new();
    for alarm in &alarms {
        let mut waiter: Acquire<'_> = Box::pin(bulkhead.acquire());
        assert!(poll(&mut waiter, alarm).is_pending());
        waiters.push(waiter);
    }
    bulkhead.close();
    assert_eq!(bulkhead.snapshot().waiting, 0);
    for (waiter, alarm) in waiters.iter_mut().zip(&alarms) {
        assert_eq!(alarm.rings(), 1);
        let Poll::Ready(Err(rejected)) = poll(waiter, alarm) else {
            panic!("closed while it waited");
        };
        assert_eq!(rejected.reason(), Reason::Closed);
    }
    drop(held);
    let snapshot = bulkhead.snapshot();
    assert!(snapshot.closed);
    assert_eq!((snapshot.busy, snapshot.totals.rejected_closed), (0, 10));
}

#[tokio::test(start_paused = true)]
async fn refuses_newcomers_even_while_places_are_free() {
    let bulkhead = one_place();
    bulkhead.close();
    bulkhead.close();
    assert!(bulkhead.is_closed());
    assert_eq!(bulkhead.try_acquire().unwrap_err().reason(), Reason::Closed);
    assert_eq!(
        bulkhead.acquire().await.unwrap_err().reason(),
        Reason::Closed
    );
    assert_eq!(
        bulkhead.acquire_blocking().unwrap_err().reason(),
        Reason::Closed
    );
}

#[tokio::test(start_paused = true)]
async fn refuses_with_closed_rather_than_full() {
    let bulkhead = one_place();
    let held = bulkhead.try_acquire().unwrap();
    bulkhead.close();
    assert_eq!(bulkhead.try_acquire().unwrap_err().reason(), Reason::Closed);
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn a_place_handed_over_before_the_close_is_good() {
    let bulkhead = one_place();
    let held = bulkhead.try_acquire().unwrap();
    let mut waiter: Acquire<'_> = Box::pin(bulkhead.acquire());
    assert!(poll(&mut waiter, &Alarm::new()).is_pending());
    drop(held);
    bulkhead.close();
    let Poll::Ready(Ok(permit)) = poll(&mut waiter, &Alarm::new()) else {
        panic!("the place was its own already");
    };
    drop(permit);
    assert_eq!(bulkhead.snapshot().available, 1);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_dropped_after_the_close_is_abandoned_not_refused() {
    let bulkhead = one_place();
    let _held = bulkhead.try_acquire().unwrap();
    let mut waiter: Acquire<'_> = Box::pin(bulkhead.acquire());
    assert!(poll(&mut waiter, &Alarm::new()).is_pending());
    bulkhead.close();
    drop(waiter);
    let totals = bulkhead.snapshot().totals;
    assert_eq!((totals.abandoned, totals.rejected_closed), (1, 0));
}
