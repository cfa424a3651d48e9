//! No result is lost, and each counts where it belongs.

use std::sync::Arc;
use std::time::Duration;

use super::{Mark, Sightings, admitted, brittle, build, join, model, pass, settled, spawn};
use crate::breaker::CircuitBreaker;
use crate::clock;
use crate::config::Window;
use crate::door::Word;
use crate::state::{Cause, State};

/// What the ends of calls on two threads knew of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    FailureFirst,
    SuccessFirst,
    AtOnce,
}

/// One thread's calls succeed while the other's fails. All are in flight before.
fn race(breaker: &CircuitBreaker, successes: usize) -> Order {
    let (succeeded, failed) = (Mark::new(), Mark::new());
    let failing = admitted(breaker);
    let succeeding: Vec<_> = (0..successes).map(|_| admitted(breaker)).collect();
    let thread = spawn({
        let (succeeded, failed) = (Arc::clone(&succeeded), Arc::clone(&failed));
        move || {
            let knew = succeeded.is_set();
            failing.failure();
            failed.set();
            knew
        }
    });
    let success_knew = failed.is_set();
    succeeding.into_iter().for_each(|permit| permit.success());
    succeeded.set();
    match (success_knew, join(thread)) {
        (true, true) => unreachable!("each after the other"),
        (true, false) => Order::FailureFirst,
        (false, true) => Order::SuccessFirst,
        (false, false) => Order::AtOnce,
    }
}

fn is_calm(breaker: &CircuitBreaker) -> bool {
    breaker.shared().door.word().is(Word::CALM)
}

#[test]
fn every_call_is_counted_once_however_it_ends() {
    model(|| {
        let breaker = build(brittle().failure_threshold(9));
        let thread = spawn({
            let breaker = breaker.clone();
            move || {
                admitted(&breaker).failure();
                admitted(&breaker).ignore();
            }
        });
        admitted(&breaker).success();
        drop(admitted(&breaker));
        join(thread);
        let totals = settled(&breaker, 4).totals;
        let ended = (
            totals.success,
            totals.failure,
            totals.ignored,
            totals.abandoned,
        );
        assert_eq!(ended, (1, 1, 1, 1));
        assert_eq!(totals.stale, 0);
    });
}

#[test]
fn successes_on_two_threads_are_all_counted() {
    model(|| {
        let breaker = build(brittle());
        let thread = spawn({
            let breaker = breaker.clone();
            move || (0..2).for_each(|_| admitted(&breaker).success())
        });
        (0..2).for_each(|_| admitted(&breaker).success());
        join(thread);
        assert_eq!(settled(&breaker, 4).totals.success, 4);
    });
}

#[test]
fn a_success_ends_a_run_of_failures_if_it_came_later() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let breaker = build(brittle().failure_threshold(9));
        let order = race(&breaker, 1);
        let run = settled(&breaker, 2).consecutive_failures;
        match order {
            Order::FailureFirst => assert_eq!(run, 0),
            Order::SuccessFirst => assert_eq!(run, 1),
            Order::AtOnce => assert!(run <= 1),
        }
        assert_eq!(is_calm(&breaker), run == 0);
        SEEN.add(if order == Order::AtOnce { 2 } else { 0 } + run);
    });
    SEEN.assert_all(0..4);
}

#[test]
fn a_full_window_holds_the_newest_calls_of_all_threads() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let rate = brittle().window(Window::Calls(2)).failure_rate(1.0);
        let breaker = build(rate.failure_threshold(9));
        (0..2).for_each(|_| admitted(&breaker).success());
        assert!(is_calm(&breaker));
        let order = race(&breaker, 2);
        let window = settled(&breaker, 5).window.unwrap();
        assert_eq!(window.calls, 2);
        match order {
            Order::FailureFirst => assert_eq!(window.failures, 0),
            Order::SuccessFirst => assert_eq!(window.failures, 1),
            Order::AtOnce => assert!(window.failures <= 1),
        }
        SEEN.add(window.failures as u32);
    });
    SEEN.assert_all(0..2);
}

/// A success that fills the window is no less to be judged than a failure.
#[test]
fn a_failure_beside_a_success_reaches_the_rate_either_way() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let rate = brittle().window(Window::Calls(2)).failure_rate(0.5);
        let breaker = build(rate.failure_threshold(9));
        SEEN.add(race(&breaker, 1) as u32);
        let snapshot = settled(&breaker, 2);
        assert_eq!(snapshot.state, State::Open);
        let cause = Cause::FailureRate {
            failures: 1,
            calls: 2,
        };
        assert_eq!(snapshot.cause, Some(cause));
    });
    SEEN.assert_all(0..3);
}

/// Asks, fails and opens on two threads, which nothing can keep from opening the breaker together.
fn opened_by_two(breaker: &CircuitBreaker) -> Cause {
    let thread = spawn({
        let breaker = breaker.clone();
        move || admitted(&breaker).failure()
    });
    admitted(breaker).failure();
    join(thread);
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.totals.opened), (State::Open, 1));
    snapshot.cause.unwrap()
}

#[test]
fn two_failures_in_a_row_on_two_threads_open() {
    model(|| {
        let breaker = build(brittle().failure_threshold(2));
        let cause = Cause::ConsecutiveFailures { failures: 2 };
        assert_eq!(opened_by_two(&breaker), cause);
        assert_eq!(settled(&breaker, 2).totals.stale, 0);
    });
}

#[test]
fn two_failures_in_a_full_window_on_two_threads_open() {
    model(|| {
        let rate = brittle().window(Window::Calls(2)).failure_rate(1.0);
        let breaker = build(rate.failure_threshold(9));
        (0..2).for_each(|_| admitted(&breaker).success());
        let cause = Cause::FailureRate {
            failures: 2,
            calls: 2,
        };
        assert_eq!(opened_by_two(&breaker), cause);
        assert_eq!(settled(&breaker, 4).totals.stale, 0);
    });
}

/// Both read the time before the lock, and the later of them may get it first.
#[test]
fn a_failure_that_was_late_for_the_lock_is_in_the_window() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let rate = brittle().window(Window::Time(Duration::from_secs(1)));
        let breaker = build(rate.failure_rate(1.0).min_calls(2).failure_threshold(9));
        let (late, timely) = (admitted(&breaker), admitted(&breaker));
        let began = clock::now();
        let thread = spawn(move || {
            late.failure();
            clock::now() == began
        });
        // A turn for the other.
        let _ = breaker.state();
        pass(Duration::from_millis(100));
        timely.failure();
        SEEN.add(u32::from(join(thread)));
        let cause = Cause::FailureRate {
            failures: 2,
            calls: 2,
        };
        assert_eq!(settled(&breaker, 2).cause, Some(cause));
    });
    SEEN.assert_all(0..2);
}
