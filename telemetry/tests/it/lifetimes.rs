//! Who keeps whom alive: nobody.

use std::sync::mpsc;
use std::time::Duration;

use steadfast_breaker::{CircuitBreaker, State};
use steadfast_telemetry::{Detail, Event, EventKind, Filter};

use crate::export::{Bench, FarEnd};

fn breaker(name: &str) -> CircuitBreaker {
    let builder = CircuitBreaker::builder(name).failure_threshold(1);
    builder.build().unwrap()
}

fn trip(breaker: &CircuitBreaker) {
    let _ = breaker.call_blocking(|| Err::<(), _>("connection refused"));
    assert_eq!(breaker.state(), State::Open);
}

fn listen(bench: &Bench) -> mpsc::Receiver<String> {
    let (heard, hears) = mpsc::channel();
    let handler = move |event: &Event| heard.send(event.name().to_owned()).unwrap();
    bench
        .telemetry
        .attach("log", Filter::all(), handler)
        .unwrap();
    hears
}

fn flush(bench: &Bench) {
    assert!(bench.telemetry.flush(Duration::from_secs(60)));
}

#[test]
fn a_dropped_breaker_is_gone_with_its_series() {
    let bench = Bench::new();
    let (payments, search) = (breaker("payments"), breaker("search"));
    bench.telemetry.watch(&payments);
    bench.telemetry.watch(&search);
    assert!(!bench.export().named("payments").is_empty());

    let weak = payments.downgrade();
    drop(payments);
    assert!(weak.upgrade().is_none(), "watching keeps nothing alive");
    let export = bench.export();
    assert!(export.named("payments").is_empty());
    assert!(!export.named("search").is_empty());
    assert_eq!(bench.telemetry.snapshot().watched, 1);
}

#[test]
fn watching_twice_doubles_nothing() {
    let bench = Bench::new();
    let breaker = breaker("payments");
    let hears = listen(&bench);
    bench.telemetry.watch(&breaker);
    let once = bench.export().named("payments").len();
    let clone = breaker.clone();
    bench.telemetry.watch(&clone);
    drop(clone);
    bench.telemetry.watch(&breaker);

    assert_eq!(bench.export().named("payments").len(), once);
    assert_eq!(bench.telemetry.snapshot().watched, 1);
    trip(&breaker);
    flush(&bench);
    assert_eq!(hears.try_iter().count(), 1);
}

#[test]
fn a_second_component_of_one_kind_and_name_is_told_as_an_event() {
    let bench = Bench::new();
    let mut events = bench.telemetry.subscribe(EventKind::Telemetry);
    let breakers = [breaker("payments"), breaker("search"), breaker("payments")];
    breakers.iter().for_each(|one| bench.telemetry.watch(one));
    bench.telemetry.watch(&breakers[0]);

    let event = events.try_recv().unwrap();
    assert!(events.try_recv().is_none());
    assert_eq!(event.name(), "payments");
    let Detail::NameShared(shared) = event.detail() else {
        panic!("{event}");
    };
    assert_eq!(shared.instance, 2);
    assert_eq!(
        event.to_string(),
        "telemetry: another circuit_breaker is named payments, its series have resilience.instance 2"
    );
}

#[test]
fn two_breakers_of_one_name_are_told_apart() {
    let bench = Bench::new();
    let (healthy, broken) = (breaker("payments"), breaker("payments"));
    bench.telemetry.watch(&healthy);
    bench.telemetry.watch(&broken);
    trip(&broken);

    let export = bench.export();
    let metric = "resilience.circuit_breaker.state";
    let state = |state, instance: Option<&'static str>| {
        let mut with = vec![("resilience.name", "payments"), ("resilience.state", state)];
        with.extend(instance.map(|instance| ("resilience.instance", instance)));
        export.value(metric, &with)
    };
    assert_eq!(state("closed", None), 1.0);
    assert_eq!(state("open", None), 0.0);
    assert_eq!(state("open", Some("2")), 1.0);
    assert_eq!(state("closed", Some("2")), 0.0);
}

#[test]
fn components_of_different_kinds_can_share_a_name() {
    let bench = Bench::new();
    bench.telemetry.watch(&breaker("gone at once"));
    let breaker = breaker("payments");
    bench.telemetry.watch(&breaker);
    #[cfg(feature = "retry")]
    let retry = steadfast_retry::Retry::builder("payments").build().unwrap();
    #[cfg(feature = "retry")]
    bench.telemetry.watch(&retry);

    let export = bench.export();
    let instances =
        |series: &&crate::export::Series| series.attributes.contains_key("resilience.instance");
    assert!(!export.0.iter().any(|series| instances(&series)));
}

#[test]
fn two_telemetry_objects_watch_one_breaker_independently() {
    let (one, other) = (Bench::new(), Bench::new());
    let breaker = breaker("payments");
    one.telemetry.watch(&breaker);
    other.telemetry.watch(&breaker);
    let (one_hears, other_hears) = (listen(&one), listen(&other));
    assert_eq!(
        one.export().named("payments"),
        other.export().named("payments")
    );

    trip(&breaker);
    flush(&one);
    flush(&other);
    assert_eq!(one_hears.try_iter().count(), 1);
    assert_eq!(other_hears.try_iter().count(), 1);

    drop(one.telemetry);
    assert!(one.far_end.export().0.is_empty());
    assert!(!other.export().named("payments").is_empty());
    assert_eq!(breaker.snapshot().totals.observer_panics, 0);
}

#[test]
fn a_breaker_outlives_the_telemetry_that_watched_it() {
    let bench = Bench::new();
    let breaker = breaker("payments");
    bench.telemetry.watch(&breaker);
    drop(bench.telemetry);
    trip(&breaker);
    assert_eq!(breaker.snapshot().totals.observer_panics, 0);
    assert!(bench.far_end.export().0.is_empty());
}

#[test]
fn one_telemetry_object_can_follow_another_on_one_provider() {
    let far_end = FarEnd::new();
    let breaker = breaker("payments");
    for _ in 0..2 {
        let builder = steadfast_telemetry::Telemetry::builder().meter_provider(&far_end.provider);
        let telemetry = builder.build().unwrap();
        telemetry.watch(&breaker);
        assert!(!far_end.export().named("payments").is_empty());
        drop(telemetry);
        assert!(far_end.export().0.is_empty());
    }
}
