//! What an open breaker answers without its lock belongs together: the cause, its numbers, the time.

use std::time::Duration;

use super::{OPEN_FOR, Sightings, admitted, brittle, build, join, model, pass, spawn};
use crate::breaker::CircuitBreaker;
use crate::config::Window;
use crate::mode::Mode;
use crate::permit::Permit;
use crate::rejected::Reason;
use crate::state::Cause;

const FIRST: Reason = Reason::Open {
    cause: Cause::ConsecutiveFailures { failures: 1 },
};
const SECOND: Reason = Reason::Open {
    cause: Cause::ProbeFailed,
};

/// Opens for [`OPEN_FOR`] at first and for twice as long the second time.
fn growing() -> CircuitBreaker {
    build(brittle().open_for_multiplier(2.0))
}

/// Asks once. What it hears must belong to one opening: its number, 0 for any other answer.
fn hear(breaker: &CircuitBreaker) -> u32 {
    let Err(rejected) = breaker.try_acquire().map(Permit::ignore) else {
        return 0;
    };
    let wait = rejected.retry_after();
    match rejected.reason() {
        FIRST => assert_eq!(wait, Some(OPEN_FOR)),
        SECOND => assert_eq!(wait, Some(OPEN_FOR * 2)),
        Reason::ForcedOpen | Reason::ProbesBusy => assert_eq!(wait, None),
        other => panic!("{other:?} in {wait:?}"),
    }
    match rejected.reason() {
        FIRST => 1,
        SECOND => 2,
        _ => 0,
    }
}

#[test]
fn a_rejection_beside_the_opening_knows_all_of_it() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let breaker = growing();
        let failing = admitted(&breaker);
        let thread = spawn(move || failing.failure());
        SEEN.add(hear(&breaker));
        join(thread);
        assert_eq!(hear(&breaker), 1);
    });
    SEEN.assert_all(0..2);
}

#[test]
fn a_rejection_beside_a_failed_probe_is_of_one_opening() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let breaker = growing();
        admitted(&breaker).failure();
        let probing = breaker.clone();
        let thread = spawn(move || {
            pass(OPEN_FOR);
            // The other may have taken the place.
            let _ = probing.try_acquire().map(Permit::failure);
        });
        SEEN.add(hear(&breaker));
        join(thread);
    });
    SEEN.assert_all(0..3);
}

/// As before, but without the passing of time, which would hide an open time that is too old.
#[test]
fn a_rejection_beside_a_forced_opening_is_of_one_opening() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let breaker = growing();
        admitted(&breaker).failure();
        let forcing = breaker.clone();
        let thread = spawn(move || {
            forcing.set_mode(Mode::ForcedOpen, "");
            forcing.set_mode(Mode::Automatic, "");
            let _ = forcing.try_acquire().map(Permit::failure);
        });
        SEEN.add(hear(&breaker));
        join(thread);
    });
    SEEN.assert_all(0..3);
}

#[test]
fn a_rejection_beside_a_reset_has_the_numbers_of_one_opening() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let rate = brittle().window(Window::Calls(2)).failure_rate(0.5);
        let breaker = build(rate.failure_threshold(9).min_calls(1));
        admitted(&breaker).failure();
        let anew = breaker.clone();
        let thread = spawn(move || {
            pass(Duration::from_millis(400));
            anew.reset();
            admitted(&anew).success();
            admitted(&anew).failure();
        });
        if let Err(rejected) = breaker.try_acquire().map(drop) {
            let Reason::Open { cause } = rejected.reason() else {
                panic!("{rejected:?}");
            };
            let Cause::FailureRate { failures: 1, calls } = cause else {
                panic!("{rejected:?}");
            };
            let wait = rejected.retry_after().unwrap();
            assert!(wait <= OPEN_FOR, "{wait:?}");
            SEEN.add(calls);
        }
        join(thread);
    });
    SEEN.assert_all(1..3);
}
