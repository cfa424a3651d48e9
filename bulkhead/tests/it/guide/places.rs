//! How many places: too many, several at a time, and another number of them.

use std::{task::Poll, time::Duration};

use steadfast_bulkhead::{Bulkhead, Permit, Reason, Rejected};
use tokio::{
    task::JoinSet,
    time::{advance, sleep},
};

use crate::support::{Alarm, Boxed, poll};

type Acquire = Boxed<'static, Result<Permit, Rejected>>;

fn bulkhead(places: usize) -> Bulkhead {
    Bulkhead::builder("places")
        .max_concurrent(places)
        .max_waiting(10_000)
        .checkout_timeout(Duration::from_secs(600))
        .hold_times(true)
        .build()
        .unwrap()
}

fn in_line(bulkhead: &Bulkhead, places: usize) -> Acquire {
    let bulkhead = bulkhead.clone();
    let mut waiter: Acquire = Box::pin(async move { bulkhead.acquire_many(places).await });
    assert!(poll(&mut waiter, &Alarm::new()).is_pending());
    waiter
}

fn answer(waiter: &mut Acquire) -> Option<Result<Permit, Rejected>> {
    match poll(waiter, &Alarm::new()) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

#[tokio::test(start_paused = true)]
async fn more_places_than_the_dependency_can_serve_only_move_the_line_into_it() {
    // The dependency serves ten at a time, of 100 ms each, whatever is sent to it.
    let mut took = Vec::new();
    for places in [10, 40] {
        let (bulkhead, dependency) = (bulkhead(places), bulkhead(10));
        let mut calls = JoinSet::new();
        for _ in 0..2_000 {
            let (bulkhead, dependency) = (bulkhead.clone(), dependency.clone());
            calls.spawn(async move {
                let work = || async {
                    sleep(Duration::from_millis(100)).await;
                    Ok::<_, ()>(())
                };
                bulkhead.call(|| dependency.call(work)).await
            });
        }
        assert!(calls.join_all().await.iter().all(Result::is_ok));
        let snapshot = bulkhead.snapshot();
        // By Little's law, with all places busy.
        let per_second = places as f64 / snapshot.holds.mean().unwrap().as_secs_f64();
        assert!((98.0..=102.0).contains(&per_second), "{per_second}");
        took.push(snapshot.holds.mean().unwrap().as_millis());
    }
    assert_eq!(took[0], 100);
    assert!((390..=400).contains(&took[1]), "four times: {took:?}");
}

#[tokio::test(start_paused = true)]
async fn places_stay_free_for_one_who_waits_for_many() {
    let bulkhead = bulkhead(4);
    let mut held: Vec<_> = (0..4).map(|_| bulkhead.try_acquire().unwrap()).collect();
    let mut heavy = in_line(&bulkhead, 3);
    let mut light = in_line(&bulkhead, 1);
    for free in 1..=2 {
        held.pop();
        assert!(answer(&mut heavy).is_none() && answer(&mut light).is_none());
        assert_eq!(bulkhead.snapshot().available, free);
        assert!(bulkhead.try_acquire().is_err(), "no one else's");
    }
    held.pop();
    let _heavy = answer(&mut heavy).unwrap().unwrap();
    assert!(answer(&mut light).is_none());
}

#[tokio::test(start_paused = true)]
async fn who_takes_places_one_by_one_waits_for_himself() {
    let bulkhead = Bulkhead::builder("places")
        .max_concurrent(2)
        .build()
        .unwrap();
    let one_by_one = || async {
        let _first = bulkhead.acquire().await?;
        tokio::task::yield_now().await;
        bulkhead.acquire().await
    };
    let (one, other) = tokio::join!(one_by_one(), one_by_one());
    let stuck = [one, other].into_iter().filter_map(Result::err);
    assert!(
        stuck
            .into_iter()
            .any(|rejected| matches!(rejected.reason(), Reason::Timeout { .. }))
    );
    let at_once = || bulkhead.acquire_many(2);
    let (one, other) = tokio::join!(async { at_once().await.map(drop) }, async {
        at_once().await.map(drop)
    });
    assert!(one.is_ok() && other.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_new_size_works_at_once_and_leaves_the_rest_as_it_was_built() {
    let bulkhead = bulkhead(8);
    let mut held: Vec<_> = (0..8).map(|_| bulkhead.try_acquire().unwrap()).collect();
    let mut line = [in_line(&bulkhead, 1), in_line(&bulkhead, 1)];
    bulkhead.resize(10).unwrap();
    held.extend(
        line.iter_mut()
            .map(|waiter| answer(waiter).unwrap().unwrap()),
    );
    bulkhead.resize(5).unwrap();
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.busy, snapshot.available), (10, 0));
    assert_eq!(snapshot.max_waiting, 10_000);
    held.truncate(5);
    assert!(bulkhead.try_acquire().is_err());
    held.truncate(4);
    assert!(bulkhead.try_acquire().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_future_that_is_kept_and_not_polled_keeps_the_place_it_is_handed() {
    let bulkhead = bulkhead(1);
    let held = bulkhead.try_acquire().unwrap();
    let kept = in_line(&bulkhead, 1);
    drop(held);
    // Well past its timeout, of which nobody asks.
    advance(Duration::from_secs(3600)).await;
    let mut next = in_line(&bulkhead, 1);
    assert_eq!(bulkhead.snapshot().busy, 1);
    drop(kept);
    assert!(answer(&mut next).unwrap().is_ok());
    assert_eq!(bulkhead.snapshot().totals.abandoned, 1);
}

#[tokio::test(start_paused = true)]
async fn when_to_try_again_is_the_mean_hold_by_the_places_for_each_caller_ahead() {
    let bulkhead = bulkhead(10);
    let call = bulkhead.call(|| async {
        sleep(Duration::from_millis(100)).await;
        Ok::<_, ()>(())
    });
    call.await.unwrap();
    let _held = bulkhead.try_acquire_many(10).unwrap();
    // One of five places counts as one caller.
    let _line = [in_line(&bulkhead, 5), in_line(&bulkhead, 1)];
    let refused = bulkhead.try_acquire_many(2).unwrap_err();
    assert_eq!(refused.retry_after(), Some(Duration::from_millis(40)));
}
