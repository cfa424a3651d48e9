//! A result that comes back in a later generation moves nothing there.

use super::{OPEN_FOR, Sightings, admitted, brittle, build, join, model, pass, settled, spawn};
use crate::config::Window;
use crate::state::State;

#[test]
fn a_failure_from_before_the_outage_does_not_count_after_it() {
    model(|| {
        let breaker = build(brittle());
        let old = admitted(&breaker);
        admitted(&breaker).failure();
        pass(OPEN_FOR);
        let probe = admitted(&breaker);
        // The breaker closes meanwhile, or has closed.
        let thread = spawn(move || old.failure());
        probe.success();
        join(thread);
        let snapshot = settled(&breaker, 3);
        assert_eq!((snapshot.state, snapshot.generation), (State::Closed, 3));
        assert_eq!(
            (snapshot.consecutive_failures, snapshot.totals.stale),
            (0, 1)
        );
    });
}

#[test]
fn a_success_from_before_the_outage_does_not_close() {
    model(|| {
        let breaker = build(brittle());
        let old = admitted(&breaker);
        admitted(&breaker).failure();
        pass(OPEN_FOR);
        let asking = breaker.clone();
        let thread = spawn(move || asking.try_acquire().unwrap());
        old.success();
        let _probe = join(thread);
        let snapshot = breaker.snapshot();
        assert_eq!(
            (snapshot.state, snapshot.totals.stale),
            (State::HalfOpen, 1)
        );
    });
}

/// The quick way back of a success meets the opening: it counts before, or not at all.
#[test]
fn a_success_beside_the_opening_is_of_before_or_late() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let breaker = build(brittle());
        let (succeeding, failing) = (admitted(&breaker), admitted(&breaker));
        let thread = spawn(move || succeeding.success());
        failing.failure();
        join(thread);
        let snapshot = settled(&breaker, 2);
        assert_eq!((snapshot.state, snapshot.generation), (State::Open, 1));
        SEEN.add(snapshot.totals.stale as u32);
    });
    SEEN.assert_all(0..2);
}

#[test]
fn a_late_failure_leaves_a_new_window_alone() {
    model(|| {
        let rate = brittle().window(Window::Calls(2)).failure_rate(0.5);
        let breaker = build(rate.min_calls(1));
        let old = admitted(&breaker);
        admitted(&breaker).failure();
        pass(OPEN_FOR);
        let probe = admitted(&breaker);
        let thread = spawn(move || old.failure());
        probe.success();
        admitted(&breaker).success();
        join(thread);
        let snapshot = settled(&breaker, 4);
        let window = snapshot.window.unwrap();
        assert_eq!((window.calls, window.failures), (1, 0));
        assert_eq!((snapshot.state, snapshot.totals.stale), (State::Closed, 1));
    });
}
