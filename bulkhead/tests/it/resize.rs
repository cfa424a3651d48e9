//! More and fewer places while the bulkhead is in use, several at a time, and the way out.

use std::task::Poll;
use std::time::Duration;

use steadfast_bulkhead::{Bulkhead, Permit, Reason, Rejected};

use crate::support::{Alarm, Boxed, poll};

fn bulkhead(places: usize) -> Bulkhead {
    let builder = Bulkhead::builder("resized").max_concurrent(places);
    builder.max_waiting(10).build().unwrap()
}

type Waiter<'b> = Boxed<'b, Result<Permit, Rejected>>;

fn waiter(bulkhead: &Bulkhead, places: usize) -> Waiter<'_> {
    let mut waiter: Waiter<'_> = Box::pin(bulkhead.acquire_many(places));
    assert!(poll(&mut waiter, &Alarm::new()).is_pending());
    waiter
}

fn is_served(waiter: &mut Waiter<'_>) -> Option<Permit> {
    match poll(waiter, &Alarm::new()) {
        Poll::Ready(permit) => Some(permit.unwrap()),
        Poll::Pending => None,
    }
}

#[tokio::test(start_paused = true)]
async fn new_places_go_to_those_in_line_in_their_order() {
    let bulkhead = bulkhead(1);
    let held = bulkhead.try_acquire().unwrap();
    let mut line: Vec<_> = (0..4).map(|_| waiter(&bulkhead, 1)).collect();
    bulkhead.resize(3).unwrap();
    let served: Vec<_> = line.iter_mut().map(is_served).collect();
    let which: Vec<_> = served.iter().map(Option::is_some).collect();
    assert_eq!(which, [true, true, false, false]);
    let snapshot = bulkhead.snapshot();
    assert_eq!(
        (snapshot.busy, snapshot.waiting, snapshot.max_concurrent),
        (3, 2, 3)
    );
    drop(held);
    assert!(is_served(&mut line[2]).is_some());
}

#[tokio::test(start_paused = true)]
async fn fewer_places_take_effect_as_permits_come_back() {
    let bulkhead = bulkhead(3);
    let mut held: Vec<_> = (0..3).map(|_| bulkhead.try_acquire().unwrap()).collect();
    let mut next = waiter(&bulkhead, 1);
    bulkhead.resize(1).unwrap();
    let snapshot = bulkhead.snapshot();
    assert_eq!((snapshot.busy, snapshot.available), (3, 0));
    for busy in [2, 1] {
        held.pop();
        assert_eq!(bulkhead.snapshot().busy, busy);
        assert!(is_served(&mut next).is_none(), "{busy} of 1 are busy");
    }
    held.pop();
    assert!(is_served(&mut next).is_some());
    assert_eq!(bulkhead.snapshot().peak_busy, 3);
}

#[tokio::test(start_paused = true)]
async fn a_number_of_places_that_makes_no_sense_changes_nothing() {
    let bulkhead = bulkhead(2);
    for places in [0, usize::MAX] {
        let error = bulkhead.resize(places).unwrap_err();
        assert_eq!(error.fields()[0].field, "max_concurrent");
        assert_eq!(bulkhead.snapshot().max_concurrent, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_waits_for_many_is_not_overtaken_by_small_ones() {
    let bulkhead = bulkhead(3);
    let first = bulkhead.try_acquire().unwrap();
    let second = bulkhead.try_acquire().unwrap();
    let mut heavy = waiter(&bulkhead, 3);
    let mut small = waiter(&bulkhead, 1);
    let rejected = bulkhead.try_acquire().unwrap_err();
    assert_eq!(
        rejected.reason(),
        Reason::Full {
            concurrent: 2,
            waiting: 2
        },
        "the free place is kept for the first in line"
    );
    drop(first);
    assert!(is_served(&mut heavy).is_none() && is_served(&mut small).is_none());
    drop(second);
    let heavy = is_served(&mut heavy).unwrap();
    assert_eq!(heavy.weight(), 3);
    assert!(is_served(&mut small).is_none());
    drop(heavy);
    assert!(is_served(&mut small).is_some());
}

#[tokio::test(start_paused = true)]
async fn when_the_heavy_one_leaves_the_small_ones_behind_it_are_served() {
    let bulkhead = bulkhead(2);
    let _held = bulkhead.try_acquire().unwrap();
    let heavy = waiter(&bulkhead, 2);
    let mut small = waiter(&bulkhead, 1);
    drop(heavy);
    assert!(is_served(&mut small).is_some());
    assert_eq!(bulkhead.snapshot().totals.abandoned, 1);
}

#[tokio::test(start_paused = true)]
async fn more_places_than_there_are_are_refused_at_once_and_in_line() {
    let bulkhead = bulkhead(4);
    for wanted in [0, 5, usize::MAX] {
        let too_many = Reason::TooMany { wanted, limit: 4 };
        let rejected = bulkhead.try_acquire_many(wanted).unwrap_err();
        assert_eq!(rejected.reason(), too_many);
        let rejected = bulkhead.acquire_many(wanted).await.unwrap_err();
        assert_eq!(rejected.reason(), too_many);
    }
    let _held = bulkhead.try_acquire().unwrap();
    let heavy = bulkhead.acquire_many(4);
    let (heavy, ()) = tokio::join!(heavy, async { bulkhead.resize(3).unwrap() });
    let rejected = heavy.unwrap_err();
    assert_eq!(
        rejected.reason(),
        Reason::TooMany {
            wanted: 4,
            limit: 3
        }
    );
    assert_eq!(bulkhead.snapshot().totals.rejected_too_many, 7);
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_the_last_permit() {
    let bulkhead = bulkhead(2);
    let (first, second) = (
        bulkhead.try_acquire().unwrap(),
        bulkhead.try_acquire().unwrap(),
    );
    let grace = Duration::from_secs(1);
    let still_busy = bulkhead.close_and_wait(grace).await.unwrap_err();
    assert_eq!((still_busy.busy(), still_busy.name()), (2, "resized"));
    let all_back = std::cell::Cell::new(false);
    let returns = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        drop(first);
        tokio::time::sleep(Duration::from_millis(10)).await;
        all_back.set(true);
        drop(second);
    };
    let waits = async {
        bulkhead.close_and_wait(grace).await.unwrap();
        assert!(all_back.get());
    };
    tokio::join!(returns, waits);
    bulkhead.close_and_wait(Duration::ZERO).await.unwrap();
    bulkhead.close_and_wait_blocking(Duration::ZERO).unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_last_permit_hears_of_it_at_once() {
    for measured in [false, true] {
        let bulkhead = Bulkhead::builder("b")
            .max_concurrent(3)
            .hold_times(measured);
        let bulkhead = bulkhead.build().unwrap();
        let held = bulkhead.try_acquire_many(2).unwrap();
        let last = bulkhead.try_acquire().unwrap();
        bulkhead.resize(1).unwrap();
        let alarms = [Alarm::new(), Alarm::new()];
        let mut ends = alarms.each_ref().map(|alarm| {
            let mut end: Boxed<'_, _> = Box::pin(bulkhead.close_and_wait(Duration::MAX));
            assert!(poll(&mut end, alarm).is_pending());
            end
        });
        drop(held);
        assert_eq!(alarms.each_ref().map(|alarm| alarm.rings()), [0, 0]);
        drop(last);
        assert_eq!(alarms.each_ref().map(|alarm| alarm.rings()), [1, 1]);
        for end in &mut ends {
            assert_eq!(poll(end, &alarms[0]), Poll::Ready(Ok(())));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_given_up_waiting_for_the_last_permit_is_forgotten() {
    let bulkhead = bulkhead(1);
    let _held = bulkhead.try_acquire().unwrap();
    let alarm = Alarm::new();
    for _ in 0..3 {
        let mut end: Boxed<'_, _> = Box::pin(bulkhead.close_and_wait(Duration::MAX));
        assert!(poll(&mut end, &alarm).is_pending());
    }
    assert_eq!(std::sync::Arc::strong_count(&alarm), 1, "its waker is kept");
}
