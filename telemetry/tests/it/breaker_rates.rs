//! The window of a watched circuit breaker, and its slow calls.

use std::time::Duration;

use steadfast_breaker::{Builder, CircuitBreaker, Mode, Window};

use crate::export::{Bench, Export};

const NAME: (&str, &str) = ("resilience.name", "payments");
const FAILURES: &str = "failure.ratio";
const SLOW: &str = "slow_call.ratio";

fn breaker() -> Builder {
    CircuitBreaker::builder("payments")
}

fn watched(bench: &Bench, builder: Builder) -> CircuitBreaker {
    let breaker = builder.build().unwrap();
    bench.telemetry.watch(&breaker);
    breaker
}

/// The value of a metric, if there is one.
fn value(export: &Export, metric: &str) -> Option<f64> {
    let metric = format!("resilience.circuit_breaker.{metric}");
    let there = !export.of(&metric).is_empty();
    there.then(|| export.value(&metric, &[NAME]))
}

fn end(breaker: &CircuitBreaker, failures: u32, successes: u32) {
    for _ in 0..failures {
        breaker.try_acquire().unwrap().failure();
    }
    for _ in 0..successes {
        breaker.try_acquire().unwrap().success();
    }
}

#[test]
fn a_breaker_without_a_window_has_no_series_about_one() {
    let bench = Bench::new();
    let breaker = watched(&bench, breaker());
    end(&breaker, 1, 20);
    let export = bench.export();
    for metric in ["window.calls", FAILURES, SLOW, "slow_in_flight"] {
        assert_eq!(value(&export, metric), None, "{metric}");
    }
    assert_eq!(value(&export, "slow_calls"), Some(0.0));
}

#[test]
fn a_rate_is_a_series_once_there_are_enough_calls() {
    let bench = Bench::new();
    let builder = breaker().failure_rate(0.9).window(Window::Calls(8));
    let breaker = watched(&bench, builder.min_calls(4));
    end(&breaker, 1, 2);
    let export = bench.export();
    assert_eq!(value(&export, "window.calls"), Some(3.0));
    assert_eq!(value(&export, FAILURES), None, "3 of 4 calls");

    end(&breaker, 0, 1);
    let export = bench.export();
    assert_eq!(value(&export, FAILURES), Some(0.25));
    assert_eq!(value(&export, SLOW), None, "nobody asked for it");
    end(&breaker, 0, 8);
    assert_eq!(value(&bench.export(), FAILURES), Some(0.0), "it slid out");
}

#[test]
fn slow_calls_count_when_they_end_and_while_they_are_in_flight() {
    let bench = Bench::new();
    // Nothing is as fast as that: every call is slow, without waiting for anything.
    let builder = breaker().slow_call_duration(Duration::from_nanos(1));
    let breaker = watched(&bench, builder.slow_call_rate(1.0).min_calls(10));
    let [one, other] = [(); 2].map(|()| breaker.try_acquire().unwrap());
    let export = bench.export();
    assert_eq!(value(&export, "slow_in_flight"), Some(2.0));
    assert_eq!(value(&export, "slow_calls"), Some(0.0));
    assert_eq!(value(&export, SLOW), None, "2 of 10 calls");

    one.success();
    drop(other);
    let export = bench.export();
    assert_eq!(value(&export, "slow_in_flight"), Some(0.0));
    assert_eq!(value(&export, "slow_calls"), Some(2.0));
    assert_eq!(
        value(&export, "window.calls"),
        Some(1.0),
        "no abandoned one"
    );
}

#[test]
fn the_rate_of_slow_calls_has_those_in_flight_in_it() {
    let bench = Bench::new();
    let builder = breaker().slow_call_duration(Duration::from_nanos(1));
    let breaker = watched(&bench, builder.slow_call_rate(1.0).min_calls(2));
    breaker.set_mode(Mode::ForcedClosed, "so that it does not open");
    end(&breaker, 0, 1);
    assert_eq!(value(&bench.export(), SLOW), None, "1 of 2 calls");
    let _in_flight = breaker.try_acquire().unwrap();
    let export = bench.export();
    assert_eq!(value(&export, SLOW), Some(1.0));
    assert_eq!(value(&export, "window.calls"), Some(1.0));
}
