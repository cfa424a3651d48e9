//! Places without waiting: `try_acquire`, permits, snapshots, handles.

use std::{thread, time::Duration};

use steadfast_bulkhead::{Bulkhead, Reason};

fn bulkhead(places: usize) -> Bulkhead {
    Bulkhead::builder("places")
        .max_concurrent(places)
        .build()
        .unwrap()
}

#[test]
fn gives_out_exactly_as_many_places_as_there_are() {
    let bulkhead = bulkhead(3);
    let permits: Vec<_> = (0..3).map(|_| bulkhead.try_acquire().unwrap()).collect();
    let rejected = bulkhead.try_acquire().unwrap_err();
    let (concurrent, waiting) = (3, 0);
    assert_eq!(
        rejected.reason(),
        Reason::Full {
            concurrent,
            waiting
        }
    );
    drop(permits);
    assert_eq!(bulkhead.snapshot().available, 3);
}

#[test]
fn a_permit_owns_its_place_and_may_end_on_another_thread() {
    let bulkhead = bulkhead(1);
    let permit = bulkhead.try_acquire().unwrap();
    assert_eq!(permit.waited(), Duration::ZERO);
    let weak = bulkhead.downgrade();
    drop(bulkhead);
    assert_eq!(weak.upgrade().unwrap().snapshot().busy, 1);
    thread::spawn(move || drop(permit)).join().unwrap();
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_panic_while_a_permit_is_held_gives_its_place_back() {
    let bulkhead = bulkhead(1);
    let permit = bulkhead.try_acquire().unwrap();
    let worker = thread::spawn(move || {
        let _permit = permit;
        panic!("on purpose");
    });
    assert!(worker.join().is_err());
    assert_eq!(bulkhead.snapshot().available, 1);
    assert_eq!(bulkhead.snapshot().totals.completed, 1);
}

#[test]
fn a_clone_is_the_same_bulkhead() {
    let bulkhead = bulkhead(1);
    let clone = bulkhead.clone();
    let worker = thread::spawn(move || clone.try_acquire().unwrap());
    let _permit = worker.join().unwrap();
    assert!(bulkhead.try_acquire().is_err());
    assert_eq!(bulkhead.name(), "places");
}

#[test]
fn a_snapshot_shows_gauges_peaks_and_totals() {
    let bulkhead = bulkhead(5);
    let first = bulkhead.try_acquire().unwrap();
    let second = bulkhead.try_acquire().unwrap();
    drop(first);
    drop(second);
    let _third = bulkhead.try_acquire().unwrap();
    let snapshot = bulkhead.snapshot();
    assert_eq!(&*snapshot.name, "places");
    assert_eq!((snapshot.max_concurrent, snapshot.max_waiting), (5, 100));
    assert_eq!((snapshot.busy, snapshot.available), (1, 4));
    assert_eq!((snapshot.peak_busy, snapshot.peak_waiting), (2, 0));
    assert!(!snapshot.closed);
    assert_eq!(snapshot.totals.acquired, 3);
    assert_eq!(snapshot.totals.acquired_after_wait, 0);
    assert_eq!(snapshot.totals.completed, 2);
}

#[test]
fn debug_shows_how_full_it_is() {
    let bulkhead = bulkhead(2);
    let permit = bulkhead.try_acquire().unwrap();
    assert_eq!(
        format!("{bulkhead:?}"),
        "Bulkhead { name: \"places\", priority: Normal, max_concurrent: 2, max_waiting: 100, \
         checkout_timeout: 5s, busy: 1, waiting: 0, closed: false }"
    );
    assert_eq!(
        format!("{permit:?}"),
        "Permit { bulkhead: \"places\", weight: 1, waited: 0ns }"
    );
}

/// Neither a runtime nor a timer is needed to be refused, or to find a free place.
#[cfg(feature = "tokio")]
#[test]
fn without_a_queue_the_refusal_is_immediate_and_needs_no_timer() {
    use std::task::Poll;

    use crate::support::{Alarm, Boxed, poll};

    let bulkhead = Bulkhead::builder("strict")
        .max_concurrent(1)
        .max_waiting(0)
        .build()
        .unwrap();
    let mut first: Boxed<'_, _> = Box::pin(bulkhead.acquire());
    let Poll::Ready(Ok(_permit)) = poll(&mut first, &Alarm::new()) else {
        panic!("a free place is got at the first poll");
    };
    let mut second: Boxed<'_, _> = Box::pin(bulkhead.acquire());
    let Poll::Ready(Err(rejected)) = poll(&mut second, &Alarm::new()) else {
        panic!("nobody may wait");
    };
    let (concurrent, waiting) = (1, 0);
    assert_eq!(
        rejected.reason(),
        Reason::Full {
            concurrent,
            waiting
        }
    );
    assert_eq!(bulkhead.acquire_blocking().unwrap_err(), rejected);
    assert_eq!(bulkhead.snapshot().totals.rejected_full, 2);
}

#[test]
fn a_line_without_time_to_wait_is_none_where_holds_are_measured_too() {
    for (max_waiting, timeout) in [(0, 5), (5, 0)] {
        let bulkhead = Bulkhead::builder("b")
            .max_concurrent(1)
            .max_waiting(max_waiting)
            .checkout_timeout(Duration::from_secs(timeout))
            .hold_times(true)
            .build()
            .unwrap();
        let _held = bulkhead.try_acquire().unwrap();
        let rejected = bulkhead.acquire_blocking().unwrap_err();
        assert!(matches!(rejected.reason(), Reason::Full { .. }));
        assert_eq!(bulkhead.snapshot().peak_waiting, 0);
    }
}
