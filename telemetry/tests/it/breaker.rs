//! A watched circuit breaker.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

use steadfast_breaker::{CircuitBreaker, Outcome, State};
use steadfast_telemetry::{Detail, EventKind};

use crate::export::{Bench, Export};

const NAME: (&str, &str) = ("resilience.name", "payments");

fn breaker() -> CircuitBreaker {
    let builder = CircuitBreaker::builder("payments").failure_threshold(3);
    builder.success_threshold(1).build().unwrap()
}

fn calls(export: &Export, outcome: &str) -> f64 {
    let outcome = ("resilience.outcome", outcome);
    export.value("resilience.circuit_breaker.calls", &[NAME, outcome])
}

fn transitions(export: &Export) -> [f64; 3] {
    ["closed", "open", "half_open"].map(|state| {
        let state = ("resilience.state", state);
        export.value("resilience.circuit_breaker.transitions", &[NAME, state])
    })
}

fn state(export: &Export) -> String {
    let metric = "resilience.circuit_breaker.state";
    assert_eq!(export.of(metric).len(), 3, "every state has its series");
    export.hot(metric, &[NAME], "resilience.state")
}

fn fail(breaker: &CircuitBreaker) {
    let _ = breaker.call_blocking(|| Err::<(), _>("connection refused"));
}

#[test]
fn every_call_is_in_exactly_one_outcome() {
    let bench = Bench::new();
    let breaker = breaker();
    bench.telemetry.watch(&breaker);
    for outcome in ["success", "failure", "ignored", "abandoned", "rejected"] {
        assert_eq!(calls(&bench.export(), outcome), 0.0, "{outcome} from zero");
    }

    for _ in 0..2 {
        breaker.call_blocking(|| Ok::<_, ()>(())).unwrap();
    }
    for _ in 0..5 {
        drop(breaker.try_acquire().unwrap());
    }
    let _ = breaker
        .classify(|_: &Result<(), ()>| Outcome::Ignored)
        .call_blocking(|| Err(()));
    for _ in 0..2 {
        fail(&breaker);
    }
    let panics = AssertUnwindSafe(|| breaker.call_blocking(|| -> Result<(), ()> { panic!("no") }));
    assert!(catch_unwind(panics).is_err());
    for _ in 0..4 {
        assert!(breaker.try_acquire().is_err());
    }

    let export = bench.export();
    assert_eq!(calls(&export, "success"), 2.0);
    assert_eq!(calls(&export, "failure"), 3.0);
    assert_eq!(calls(&export, "ignored"), 1.0);
    assert_eq!(calls(&export, "abandoned"), 5.0);
    assert_eq!(calls(&export, "rejected"), 4.0);
    let panics = export.value("resilience.circuit_breaker.panics", &[NAME]);
    assert_eq!(panics, 1.0);
}

#[tokio::test(start_paused = true)]
async fn the_state_is_one_hot_in_every_state() {
    let bench = Bench::new();
    let breaker = breaker();
    bench.telemetry.watch(&breaker);
    assert_eq!(state(&bench.export()), "closed");
    assert_eq!(transitions(&bench.export()), [0.0, 0.0, 0.0]);

    for _ in 0..3 {
        fail(&breaker);
    }
    assert_eq!(state(&bench.export()), "open");

    tokio::time::advance(Duration::from_secs(30)).await;
    let probe = breaker.try_acquire().unwrap();
    assert_eq!(state(&bench.export()), "half_open");

    probe.success();
    assert_eq!(state(&bench.export()), "closed");
    assert_eq!(transitions(&bench.export()), [1.0, 1.0, 1.0]);
}

#[test]
fn gauges_follow_the_present() {
    let bench = Bench::new();
    let breaker = breaker();
    bench.telemetry.watch(&breaker);
    let gauges = || {
        let export = bench.export();
        ["in_flight", "consecutive_failures", "stale_results"]
            .map(|metric| export.value(&format!("resilience.circuit_breaker.{metric}"), &[NAME]))
    };
    let late = breaker.try_acquire().unwrap();
    fail(&breaker);
    fail(&breaker);
    assert_eq!(gauges(), [1.0, 2.0, 0.0]);

    fail(&breaker);
    late.success();
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(
        gauges(),
        [0.0, f64::from(breaker.snapshot().consecutive_failures), 1.0]
    );
}

#[test]
fn a_transition_is_an_event_with_all_its_detail() {
    let bench = Bench::new();
    let breaker = breaker();
    bench.telemetry.watch(&breaker);
    let (heard, hears) = mpsc::channel();
    let kind = EventKind::BreakerTransition;
    let handler = move |event: &steadfast_telemetry::Event| heard.send(event.clone()).unwrap();
    bench.telemetry.attach("pager", kind, handler).unwrap();
    for _ in 0..4 {
        fail(&breaker);
    }

    assert!(bench.telemetry.flush(Duration::from_secs(60)));
    let [event] = &hears.try_iter().collect::<Vec<_>>()[..] else {
        panic!("one transition, and rejections are no events");
    };
    assert_eq!(event.kind(), kind);
    assert_eq!(event.name(), "payments");
    assert_eq!(
        event.to_string(),
        "circuit breaker payments: closed -> open (3 consecutive calls failed)"
    );
    let Detail::BreakerTransition(transition) = event.detail() else {
        panic!("{event:?}");
    };
    assert_eq!(transition.to, State::Open);
}
