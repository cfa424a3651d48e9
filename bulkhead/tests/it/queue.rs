//! The line of waiters: its order, its bound, its hand-over.

use std::{task::Poll, time::Duration};

use futures_util::future::join_all;
use parking_lot::Mutex;
use steadfast_bulkhead::{Bulkhead, Permit, Reason, Rejected};

use crate::support::{Alarm, Boxed, poll};

type Acquire<'a> = Boxed<'a, Result<Permit, Rejected>>;

fn one_place(max_waiting: usize) -> Bulkhead {
    Bulkhead::builder("queue")
        .max_concurrent(1)
        .max_waiting(max_waiting)
        .checkout_timeout(Duration::from_secs(2))
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn places_go_round_in_the_order_of_arrival() {
    let bulkhead = one_place(100);
    let first = bulkhead.acquire().await.unwrap();
    let order = Mutex::new(Vec::new());
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
async fn a_returned_place_wakes_the_first_waiter_only() {
    let bulkhead = one_place(100);
    let held = bulkhead.acquire().await.unwrap();
    let alarms = [Alarm::new(), Alarm::new()];
    let mut first: Acquire<'_> = Box::pin(bulkhead.acquire());
    let mut second: Acquire<'_> = Box::pin(bulkhead.acquire());
    assert!(poll(&mut first, &alarms[0]).is_pending());
    assert!(poll(&mut second, &alarms[1]).is_pending());

    drop(held);
    assert_eq!((alarms[0].rings(), alarms[1].rings()), (1, 0));
    assert!(poll(&mut second, &alarms[1]).is_pending());
    let Poll::Ready(Ok(_permit)) = poll(&mut first, &alarms[0]) else {
        panic!("the place was handed to the first");
    };
}

#[tokio::test(start_paused = true)]
async fn the_last_waker_given_is_the_one_woken() {
    let bulkhead = one_place(100);
    let held = bulkhead.acquire().await.unwrap();
    let (old, new) = (Alarm::new(), Alarm::new());
    let mut waiter: Acquire<'_> = Box::pin(bulkhead.acquire());
    assert!(poll(&mut waiter, &old).is_pending());
    assert!(poll(&mut waiter, &new).is_pending());
    drop(held);
    assert_eq!((old.rings(), new.rings()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn nobody_jumps_the_queue_between_hand_over_and_pick_up() {
    let bulkhead = one_place(100);
    let held = bulkhead.acquire().await.unwrap();
    let alarm = Alarm::new();
    let mut waiter: Acquire<'_> = Box::pin(bulkhead.acquire());
    assert!(poll(&mut waiter, &alarm).is_pending());
    drop(held);

    let rejected = bulkhead.try_acquire().unwrap_err();
    let (concurrent, waiting) = (1, 0);
    assert_eq!(
        rejected.reason(),
        Reason::Full {
            concurrent,
            waiting
        }
    );
    let mut late: Acquire<'_> = Box::pin(bulkhead.acquire());
    assert!(poll(&mut late, &alarm).is_pending());
    assert!(poll(&mut waiter, &alarm).is_ready());
}

#[tokio::test(start_paused = true)]
async fn refuses_at_once_when_the_queue_is_full() {
    let bulkhead = one_place(2);
    let _held = bulkhead.acquire().await.unwrap();
    let mut waiters: Vec<Acquire<'_>> = (0..2).map(|_| Box::pin(bulkhead.acquire()) as _).collect();
    for waiter in &mut waiters {
        assert!(poll(waiter, &Alarm::new()).is_pending());
    }
    let rejected = bulkhead.acquire().await.unwrap_err();
    let (concurrent, waiting) = (1, 2);
    assert_eq!(
        rejected.reason(),
        Reason::Full {
            concurrent,
            waiting
        }
    );
    assert_eq!(bulkhead.snapshot().peak_waiting, 2);
}

#[tokio::test(start_paused = true)]
async fn gives_up_after_exactly_the_checkout_timeout() {
    let bulkhead = one_place(100);
    let _held = bulkhead.acquire().await.unwrap();
    let alarm = Alarm::new();
    let mut waiter: Acquire<'_> = Box::pin(bulkhead.acquire());
    assert!(poll(&mut waiter, &alarm).is_pending());
    tokio::time::advance(Duration::from_millis(1999)).await;
    assert!(poll(&mut waiter, &alarm).is_pending());
    tokio::time::advance(Duration::from_millis(1)).await;
    let Poll::Ready(Err(rejected)) = poll(&mut waiter, &alarm) else {
        panic!("the time is over");
    };
    let waited = Duration::from_secs(2);
    assert_eq!(rejected.reason(), Reason::Timeout { waited, waiting: 0 });
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.waiting, snapshot.totals.rejected_timeout), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn the_time_in_line_is_measured_apart_from_the_work() {
    let bulkhead = one_place(100);
    let held = bulkhead.acquire().await.unwrap();
    let waiter = async {
        let permit = bulkhead.acquire().await.unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
        permit.waited()
    };
    let release = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(held);
    };
    let (waited, ()) = tokio::join!(waiter, release);
    assert_eq!(waited, Duration::from_millis(300));
    let totals = bulkhead.snapshot().totals;
    assert_eq!((totals.acquired, totals.acquired_after_wait), (2, 1));
    assert_eq!(totals.wait_total, Duration::from_millis(300));
}

#[tokio::test(start_paused = true)]
async fn the_longest_timeout_waits_as_long_as_it_takes() {
    let bulkhead = Bulkhead::builder("patient")
        .max_concurrent(1)
        .checkout_timeout(Duration::MAX)
        .build()
        .unwrap();
    let held = bulkhead.acquire().await.unwrap();
    let day = Duration::from_secs(86_400);
    let release = async {
        tokio::time::sleep(day).await;
        drop(held);
    };
    let (permit, ()) = tokio::join!(bulkhead.acquire(), release);
    assert_eq!(permit.unwrap().waited(), day);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_tells_of_a_line_of_any_length() {
    let bulkhead = Bulkhead::builder("queue")
        .max_concurrent(1)
        .max_waiting(70_000)
        .build()
        .unwrap();
    let _held = bulkhead.try_acquire().unwrap();
    let alarm = Alarm::new();
    let mut line: Vec<Boxed<'_, _>> = Vec::new();
    for waiting in [65_535, 65_536, 70_000] {
        while line.len() < waiting {
            let mut waiter: Boxed<'_, _> = Box::pin(bulkhead.acquire());
            assert!(poll(&mut waiter, &alarm).is_pending());
            line.push(waiter);
        }
        assert_eq!(bulkhead.try_acquire().unwrap_err().waiting(), waiting);
    }
    let full = bulkhead.acquire().await.unwrap_err();
    assert_eq!(
        full.to_string(),
        "bulkhead queue is full: 1 running, 70000 waiting"
    );
}
