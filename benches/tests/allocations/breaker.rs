//! The breaker: closed with each rule, open, and in each mode.

use std::time::Duration;

use steadfast_breaker::{Builder, CircuitBreaker, Mode, Outcome, State, Window};

use super::{allocations, fails, now, works};

const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn breaker() -> CircuitBreaker {
    CircuitBreaker::builder("payments").build().unwrap()
}

fn breaker_with(settings: impl FnOnce(Builder) -> Builder) -> CircuitBreaker {
    settings(CircuitBreaker::builder("payments"))
        .build()
        .unwrap()
}

/// Each door, with success.
fn succeed(breaker: &CircuitBreaker) {
    assert!(now(breaker.call(works)).is_ok());
    assert!(breaker.call_blocking(|| Ok::<_, u32>(1)).is_ok());
    breaker.try_acquire().unwrap().success();
}

/// A failure and three successes: far from any rate of one half.
fn fail_a_little(breaker: &CircuitBreaker) {
    assert!(now(breaker.call(fails)).unwrap_err().rejected().is_none());
    succeed(breaker);
}

fn is_rejected(breaker: &CircuitBreaker) {
    assert!(now(breaker.call(works)).unwrap_err().rejected().is_some());
    let answer = breaker.call_blocking(|| Ok::<_, u32>(1));
    assert!(answer.unwrap_err().rejected().is_some());
    assert!(breaker.try_acquire().is_err());
}

fn open_breaker() -> CircuitBreaker {
    let breaker = breaker();
    while breaker.state() == State::Closed {
        let _ = now(breaker.call(fails));
    }
    breaker
}

#[test]
fn a_call_through_a_closed_breaker_allocates_nothing() {
    let breaker = breaker();
    assert_eq!(allocations(|| succeed(&breaker)), 0);
}

#[test]
fn a_call_that_a_window_records_allocates_nothing() {
    for window in [
        Window::Calls(10),
        Window::Calls(10_000),
        Window::Time(Duration::from_millis(1)),
        Window::Time(Duration::from_secs(10)),
    ] {
        let breaker = breaker_with(|builder| builder.window(window).failure_rate(0.5));
        assert_eq!(allocations(|| succeed(&breaker)), 0, "{window:?}");
        assert_eq!(allocations(|| fail_a_little(&breaker)), 0, "{window:?}");
        assert_eq!(breaker.state(), State::Closed);
    }
}

#[test]
fn minding_slow_calls_allocates_nothing_once_it_has_begun() {
    for window in [Window::Calls(100), Window::Time(Duration::from_secs(10))] {
        let breaker = breaker_with(|builder| {
            let builder = builder.window(window).failure_rate(0.5);
            builder.slow_call_duration(HOUR).slow_call_rate(0.5)
        });
        assert_eq!(allocations(|| fail_a_little(&breaker)), 0, "{window:?}");
    }
}

#[test]
fn a_slow_call_allocates_nothing() {
    let breaker = breaker_with(|builder| {
        let builder = builder.slow_call_duration(Duration::from_secs(1));
        builder.slow_call_rate(1.0)
    });
    let slow_and_quick = || {
        breaker.observe(Outcome::Success, HOUR);
        breaker.observe(Outcome::Success, Duration::ZERO);
    };
    assert_eq!(allocations(slow_and_quick), 0);
    assert_eq!(breaker.state(), State::Closed);
    assert!(breaker.snapshot().totals.slow > 0);
}

#[test]
fn an_observed_call_allocates_nothing() {
    let breaker = breaker_with(|builder| builder.failure_rate(0.5));
    let observed = || breaker.observe(Outcome::Success, Duration::from_millis(3));
    assert_eq!(allocations(observed), 0);
}

#[test]
fn a_breaker_forced_open_rejects_without_allocating() {
    let breaker = breaker();
    breaker.set_mode(Mode::ForcedOpen, "maintenance");
    assert_eq!(allocations(|| is_rejected(&breaker)), 0);
}

#[test]
fn a_breaker_forced_closed_or_disabled_allocates_nothing() {
    for mode in [Mode::ForcedClosed, Mode::Disabled] {
        let breaker = breaker();
        breaker.set_mode(mode, "trust me");
        assert_eq!(allocations(|| fail_a_little(&breaker)), 0, "{mode}");
    }
}

#[test]
fn a_shadow_lets_through_what_it_would_reject_without_allocating() {
    let breaker = open_breaker();
    breaker.set_mode(Mode::Shadow, "on trial");
    assert_eq!(allocations(|| succeed(&breaker)), 0);
    assert_eq!(breaker.state(), State::Open);
    assert!(breaker.snapshot().totals.would_reject > 0);
}

#[test]
fn ramping_up_allocates_nothing() {
    let breaker = breaker_with(|builder| {
        let builder = builder.failure_threshold(1).success_threshold(1);
        builder.open_for(Duration::from_nanos(1)).ramp_up(HOUR)
    });
    let _ = now(breaker.call(fails));
    while breaker.state() != State::Closed {
        let _ = now(breaker.call(works));
    }
    let some = allocations(|| drop(now(breaker.call(works))));
    assert_eq!(some, 0);
    assert!(breaker.snapshot().totals.rejected > 0);
}

#[test]
fn a_failure_and_the_success_after_it_allocate_nothing() {
    let breaker = breaker();
    let failure_and_success = || {
        assert!(now(breaker.call(fails)).is_err());
        assert!(now(breaker.call(works)).is_ok());
    };
    assert_eq!(allocations(failure_and_success), 0);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn an_open_breaker_rejects_without_allocating() {
    let breaker = open_breaker();
    assert_eq!(allocations(|| is_rejected(&breaker)), 0);
}
