//! Settings that change while callers hold places and wait in line.

use std::{task::Poll, time::Duration};

use steadfast_bulkhead::{Bulkhead, Config, Permit, Priority, Reason, Rejected};

use crate::support::{Alarm, Boxed, poll};

type Waiter<'b> = Boxed<'b, Result<Permit, Rejected>>;

fn bulkhead() -> Bulkhead {
    let builder = Bulkhead::builder("changed").max_concurrent(1);
    builder.max_waiting(3).build().unwrap()
}

fn change(bulkhead: &Bulkhead, change: impl FnOnce(&mut Config)) {
    let mut config = bulkhead.config();
    change(&mut config);
    bulkhead.reconfigure(config).unwrap();
}

fn waiter(bulkhead: &Bulkhead) -> Waiter<'_> {
    let mut waiter: Waiter<'_> = Box::pin(bulkhead.acquire());
    assert!(poll(&mut waiter, &Alarm::new()).is_pending());
    waiter
}

#[tokio::test(start_paused = true)]
async fn a_line_that_became_too_long_keeps_those_in_it_and_takes_nobody_else() {
    let bulkhead = bulkhead();
    let mut held = Some(bulkhead.try_acquire().unwrap());
    let line: Vec<_> = (0..3).map(|_| waiter(&bulkhead)).collect();
    change(&bulkhead, |config| config.max_waiting = 1);
    assert_eq!(bulkhead.snapshot().waiting, 3);
    for (waiter, waiting) in line.into_iter().zip([3, 2, 1]) {
        let rejected = bulkhead.acquire().await.unwrap_err();
        let concurrent = 1;
        assert_eq!(
            rejected.reason(),
            Reason::Full {
                concurrent,
                waiting
            }
        );
        drop(held.take());
        held = Some(waiter.await.unwrap());
    }
    let _next = waiter(&bulkhead);
    assert_eq!(bulkhead.snapshot().totals.rejected_full, 3);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_gone_is_served_to_its_end_and_one_that_comes_back_is_open_at_once() {
    let none: [fn(&mut Config); 2] = [
        |config| config.max_waiting = 0,
        |config| config.checkout_timeout = Duration::ZERO,
    ];
    for none in none {
        let bulkhead = bulkhead();
        let held = bulkhead.try_acquire().unwrap();
        let waiting = waiter(&bulkhead);
        let before = bulkhead.config();
        change(&bulkhead, none);
        assert!(bulkhead.acquire().await.is_err());
        drop(held);
        let held = waiting.await.unwrap();
        assert!(bulkhead.acquire().await.is_err(), "now without a line");
        bulkhead.reconfigure(before).unwrap();
        let waiting = waiter(&bulkhead);
        drop(held);
        assert!(waiting.await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn those_in_line_keep_the_timeout_that_they_came_with() {
    let bulkhead = bulkhead();
    let _held = bulkhead.try_acquire().unwrap();
    let earlier = waiter(&bulkhead);
    change(&bulkhead, |config| {
        config.checkout_timeout = Duration::from_secs(1)
    });
    let later = waiter(&bulkhead);
    for (waiter, timeout) in [(later, 1), (earlier, 5)] {
        let Reason::Timeout { waited, .. } = waiter.await.unwrap_err().reason() else {
            panic!("the place does not come back");
        };
        assert_eq!(waited.as_secs(), timeout);
    }
}

#[tokio::test(start_paused = true)]
async fn new_shares_hold_from_the_next_place_on() {
    let builder = Bulkhead::builder("shared")
        .max_concurrent(1)
        .max_waiting(100);
    let shares = builder.high_share(1).normal_share(1).low_share(1);
    let bulkhead = shares.build().unwrap();
    let high = bulkhead.with_priority(Priority::High);
    let low = bulkhead.with_priority(Priority::Low);
    let mut held = Some(bulkhead.try_acquire().unwrap());
    let mut lines = [&high, &low].map(|handle| {
        let line: Vec<_> = (0..12).map(|_| waiter(handle)).collect();
        line
    });
    change(&bulkhead, |config| config.high_share = 3);
    for _ in 0..8 {
        drop(held.take());
        for line in &mut lines {
            if let Poll::Ready(permit) = poll(&mut line[0], &Alarm::new()) {
                held = Some(permit.unwrap());
                drop(line.remove(0));
                break;
            }
        }
    }
    assert_eq!(lines.map(|line| 12 - line.len()), [6, 2]);
}

#[test]
fn what_cannot_change_is_named_with_all_that_is_wrong_and_nothing_changes() {
    let bulkhead = bulkhead();
    let before = bulkhead.config();
    let mut config = before.clone();
    (config.max_concurrent, config.max_waiting) = (usize::MAX, 7);
    config.hold_times = true;
    let error = bulkhead.reconfigure(config).unwrap_err();
    let fields: Vec<_> = error.fields().iter().map(|field| field.field).collect();
    assert_eq!(fields, ["max_concurrent", "hold_times"]);
    assert_eq!(error.fields()[1].rule, "cannot be changed while in use");
    assert_eq!(bulkhead.config(), before);
}

#[tokio::test(start_paused = true)]
async fn the_most_places_are_as_good_as_no_limit_and_lets_the_whole_line_in() {
    let bulkhead = bulkhead();
    let held = bulkhead.try_acquire().unwrap();
    let line: Vec<_> = (0..3).map(|_| waiter(&bulkhead)).collect();
    change(&bulkhead, |config| {
        config.max_concurrent = Bulkhead::MAX_PLACES
    });
    let mut permits = vec![held];
    for waiter in line {
        permits.push(waiter.await.unwrap());
    }
    permits.extend((0..10_000).map(|_| bulkhead.try_acquire().unwrap()));
    let all = Bulkhead::MAX_PLACES - 10_004;
    permits.push(bulkhead.try_acquire_many(all).unwrap());
    assert!(bulkhead.try_acquire().is_err());
    assert_eq!(bulkhead.snapshot().busy, Bulkhead::MAX_PLACES);
    // And back, with those in place.
    change(&bulkhead, |config| config.max_concurrent = 1);
    permits.truncate(1);
    assert!(bulkhead.try_acquire().is_err());
    drop(permits);
    assert!(bulkhead.try_acquire().is_ok());
    let too_many = Bulkhead::MAX_PLACES + 1;
    assert!(bulkhead.resize(too_many).is_err());
}
