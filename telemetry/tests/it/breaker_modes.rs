//! The mode of a watched circuit breaker: as a metric, and its changes as events.

use std::sync::mpsc;
use std::time::Duration;

use steadfast_breaker::{CircuitBreaker, Mode};
use steadfast_telemetry::{Detail, Event, EventKind};

use crate::export::Bench;

const NAME: (&str, &str) = ("resilience.name", "payments");
const KIND: EventKind = EventKind::BreakerModeChange;

fn watched(bench: &Bench) -> CircuitBreaker {
    let builder = CircuitBreaker::builder("payments").failure_threshold(1);
    let breaker = builder.build().unwrap();
    bench.telemetry.watch(&breaker);
    breaker
}

fn mode(bench: &Bench) -> String {
    let (export, metric) = (bench.export(), "resilience.circuit_breaker.mode");
    assert_eq!(export.of(metric).len(), 5, "every mode has its series");
    export.hot(metric, &[NAME], "resilience.mode")
}

fn listen(bench: &Bench, kind: EventKind) -> mpsc::Receiver<Event> {
    let (heard, hears) = mpsc::channel();
    let handler = move |event: &Event| heard.send(event.clone()).unwrap();
    bench.telemetry.attach("log", kind, handler).unwrap();
    hears
}

/// What has been heard by now, as lines of a log.
fn lines(bench: &Bench, hears: &mpsc::Receiver<Event>) -> Vec<String> {
    assert!(bench.telemetry.flush(Duration::from_secs(60)));
    hears.try_iter().map(|event| event.to_string()).collect()
}

#[test]
fn the_mode_is_one_hot_in_every_mode() {
    let bench = Bench::new();
    let breaker = watched(&bench);
    assert_eq!(mode(&bench), "automatic");
    for (set, word) in [
        (Mode::ForcedOpen, "forced_open"),
        (Mode::ForcedClosed, "forced_closed"),
        (Mode::Disabled, "disabled"),
        (Mode::Shadow, "shadow"),
        (Mode::Automatic, "automatic"),
    ] {
        breaker.set_mode(set, "drill");
        assert_eq!(mode(&bench), word);
    }
}

#[test]
fn a_change_of_mode_is_an_event_with_all_its_detail() {
    let bench = Bench::new();
    let breaker = watched(&bench);
    let hears = listen(&bench, KIND);
    breaker.set_mode_for(Mode::ForcedOpen, "moving\nhouse", Duration::from_secs(90));

    assert!(bench.telemetry.flush(Duration::from_secs(60)));
    let [event] = &hears.try_iter().collect::<Vec<_>>()[..] else {
        panic!("one change of mode, and its transition is of another kind");
    };
    assert_eq!(event.kind(), KIND);
    assert_eq!(event.name(), "payments");
    assert_eq!(
        event.to_string(),
        r#"circuit breaker payments: mode automatic -> forced open ("moving\nhouse", for 90s)"#
    );
    let Detail::BreakerModeChange(change) = event.detail() else {
        panic!("{event:?}");
    };
    assert_eq!(
        (change.from, change.to),
        (Mode::Automatic, Mode::ForcedOpen)
    );
}

#[test]
fn a_mode_without_an_end_tells_none_and_a_reset_no_reason() {
    let bench = Bench::new();
    let breaker = watched(&bench);
    let hears = listen(&bench, KIND);
    breaker.set_mode(Mode::Shadow, "trying it out");
    breaker.reset();
    assert_eq!(
        lines(&bench, &hears),
        [
            r#"circuit breaker payments: mode automatic -> shadow ("trying it out")"#,
            "circuit breaker payments: mode shadow -> automatic",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_mode_is_an_event_when_it_is_noticed() {
    let bench = Bench::new();
    let breaker = watched(&bench);
    breaker.set_mode_for(Mode::ForcedOpen, "drill", Duration::from_secs(90));
    assert_eq!(mode(&bench), "forced_open");
    let hears = listen(&bench, KIND);
    tokio::time::advance(Duration::from_secs(90)).await;
    assert!(lines(&bench, &hears).is_empty(), "nobody has looked");

    assert_eq!(breaker.mode(), Mode::Automatic);
    assert_eq!(
        lines(&bench, &hears),
        ["circuit breaker payments: mode forced open -> automatic"]
    );
    assert_eq!(mode(&bench), "automatic");
}

#[test]
fn forced_transitions_say_so() {
    let bench = Bench::new();
    let breaker = watched(&bench);
    let hears = listen(&bench, EventKind::BreakerTransition);
    breaker.set_mode(Mode::ForcedOpen, "drill");
    breaker.set_mode(Mode::Automatic, "drill is over");
    breaker.reset();
    assert_eq!(
        lines(&bench, &hears),
        [
            "circuit breaker payments: closed -> open (it was forced)",
            "circuit breaker payments: open -> half-open (it is no longer forced open)",
            "circuit breaker payments: half-open -> closed (it was reset)",
        ]
    );
}

#[test]
fn what_shadow_mode_lets_through_is_counted_apart() {
    let bench = Bench::new();
    let breaker = watched(&bench);
    breaker.set_mode(Mode::Shadow, "trying it out");
    for _ in 0..3 {
        let _ = breaker.call_blocking(|| Err::<(), _>("connection refused"));
    }
    let export = bench.export();
    let value = |metric| export.value(metric, &[NAME]);
    assert_eq!(value("resilience.circuit_breaker.would_reject"), 2.0);
    let outcome = |outcome| {
        let attributes = [NAME, ("resilience.outcome", outcome)];
        export.value("resilience.circuit_breaker.calls", &attributes)
    };
    assert_eq!((outcome("failure"), outcome("rejected")), (3.0, 0.0));
}
