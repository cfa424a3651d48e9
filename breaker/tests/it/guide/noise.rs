//! How often a breaker opens by chance, counted on the breaker itself.

use std::time::Duration;

use steadfast_breaker::{Builder, CircuitBreaker, Outcome, State, Window};

use super::{Draws, at_least, calls_between, calls_to_run};

fn builder() -> Builder {
    CircuitBreaker::builder("noise")
}

/// Calls for each opening, of a breaker that begins anew after each.
fn calls_for_each_opening(breaker: &CircuitBreaker, f: f64, calls: u32) -> f64 {
    let mut draws = Draws(7);
    for _ in 0..calls {
        observe(breaker, draws.happens(f));
        if breaker.state() == State::Open {
            breaker.reset();
        }
    }
    f64::from(calls) / breaker.snapshot().totals.opened as f64
}

fn observe(breaker: &CircuitBreaker, failed: bool) {
    let outcome = if failed {
        Outcome::Failure
    } else {
        Outcome::Success
    };
    breaker.observe(outcome, Duration::ZERO);
}

#[test]
fn a_window_opens_by_chance_about_as_seldom_as_computed() {
    let rated = [
        (10, 0.25, 3, 0.05),
        (20, 0.25, 5, 0.05),
        (100, 0.1, 10, 0.05),
    ];
    for (size, rate, failures, p) in rated {
        let breaker = builder()
            .window(Window::Calls(size))
            .min_calls(size)
            .failure_rate(rate)
            .build()
            .unwrap();
        let measured = calls_for_each_opening(&breaker, p, 200_000);
        let computed = calls_between(size as i32, failures, p);
        let ratio = measured / computed;
        // It errs on the low side: a window that has opened is filled again first.
        assert!((1.0..2.0).contains(&ratio), "{measured} of {computed}");
    }
}

#[test]
fn failures_come_in_a_row_about_as_seldom_as_computed() {
    for (threshold, f) in [(3, 0.5), (5, 0.7), (3, 0.2)] {
        let breaker = builder().failure_threshold(threshold).build().unwrap();
        let measured = calls_for_each_opening(&breaker, f, 200_000);
        let ratio = measured / calls_to_run(threshold as i32, f);
        assert!((0.95..1.05).contains(&ratio), "{threshold} at {f}: {ratio}");
    }
}

#[test]
fn a_fresh_window_is_judged_by_as_few_calls_as_min_calls() {
    let breaker = builder().failure_rate(0.25).min_calls(10).build().unwrap();
    let mut draws = Draws(11);
    let mut opened = 0;
    for _ in 0..4_000 {
        for _ in 0..100 {
            observe(&breaker, draws.happens(0.05));
        }
        opened += u32::from(breaker.state() == State::Open);
        breaker.reset();
    }
    // 2.2 % of 4000.
    assert!((70..110).contains(&opened), "{opened}");
    assert!(f64::from(opened) > 4_000.0 * at_least(10, 3, 0.05));
}

#[test]
fn one_retried_call_opens_a_breaker_of_as_many_failures_as_it_has_attempts() {
    let breaker = builder().build().unwrap();
    for _attempt in 0..5 {
        assert!(
            breaker
                .call_blocking(|| Err::<(), _>("bad request"))
                .is_err()
        );
    }
    assert_eq!(breaker.state(), State::Open);
}
