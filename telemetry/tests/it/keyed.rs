//! Watched sets of circuit breakers and bulkheads, one for each key.

use std::sync::Arc;

use steadfast_breaker::{CircuitBreaker, Keyed as Breakers, KeyedObserver};
use steadfast_bulkhead::Keyed as Bulkheads;
use steadfast_telemetry::{EventKind, Telemetry, names};

use crate::export::{Bench, FarEnd};

fn hosts() -> Breakers<String> {
    let builder = Breakers::builder("hosts").max_keys(100);
    let builder = builder.breaker(|each| each.failure_threshold(1));
    builder.build().unwrap()
}

fn fail(hosts: &Breakers<String>, host: &str) {
    let _ = hosts.call_blocking(host, || Err::<(), _>("connection refused"));
}

#[test]
fn the_breakers_of_a_set_are_watched_whenever_they_come() {
    let bench = Bench::new();
    let hosts = hosts();
    fail(&hosts, "early.example");
    bench.telemetry.watch(&hosts);
    bench.telemetry.watch(&hosts);
    let mut events = bench.telemetry.subscribe(EventKind::BreakerTransition);
    fail(&hosts, "late.example");

    // Its very first failure opened it.
    let event = events.try_recv().expect("it was heard");
    assert_eq!(event.name(), "hosts/late.example");
    assert!(events.try_recv().is_none());
    let export = bench.export();
    for name in ["hosts/early.example", "hosts/late.example"] {
        let failed = [(names::NAME, name), (names::OUTCOME, "failure")];
        assert_eq!(
            export.value("resilience.circuit_breaker.calls", &failed),
            1.0
        );
    }
    // The set, its shared breaker, and those of the two.
    assert_eq!(bench.telemetry.snapshot().watched, 4);
    assert_eq!(
        bench.telemetry.snapshot().queued,
        0,
        "no name was taken for a second one"
    );
}

#[test]
fn a_set_tells_of_itself() {
    let bench = Bench::new();
    let hosts = Breakers::<u32>::builder("hosts")
        .max_keys(1)
        .build()
        .unwrap();
    bench.telemetry.watch(&hosts);
    let kept = hosts.get(&1);
    let _overflow = hosts.get(&2);
    let export = bench.export();
    let of = |metric: &str, outcome: Option<&str>| {
        let outcome = outcome.map(|outcome| (names::OUTCOME, outcome));
        let attributes: Vec<_> = [(names::NAME, "hosts")]
            .into_iter()
            .chain(outcome)
            .collect();
        export.value(
            &format!("resilience.circuit_breaker.keyed.{metric}"),
            &attributes,
        )
    };
    assert_eq!(of("keys", None), 1.0);
    assert_eq!(of("limit", None), 1.0);
    assert_eq!(of("changes", Some("created")), 1.0);
    assert_eq!(of("changes", Some("evicted")), 0.0);
    assert_eq!(of("overflowed", None), 1.0);
    drop(kept);
}

#[test]
fn the_bulkheads_of_a_set_are_watched_whenever_they_come() {
    let bench = Bench::new();
    let tenants = Bulkheads::<u32>::builder("tenants").build().unwrap();
    let early = tenants.try_acquire(&1).unwrap();
    bench.telemetry.watch(&tenants);
    let late = tenants.try_acquire(&2).unwrap();
    let export = bench.export();
    for name in ["tenants/1", "tenants/2"] {
        let in_flight = export.value("resilience.bulkhead.in_flight", &[(names::NAME, name)]);
        assert_eq!(in_flight, 1.0);
    }
    let keys = export.value(
        "resilience.bulkhead.keyed.keys",
        &[(names::NAME, "tenants")],
    );
    assert_eq!(keys, 2.0);
    drop((early, late));
}

#[test]
fn a_thousand_keys_are_a_bounded_number_of_series() {
    let far_end = FarEnd::new();
    let builder = Telemetry::builder().meter_provider(&far_end.provider);
    let telemetry = builder.own_series(10).build().unwrap();
    let hosts = Breakers::<u32>::builder("hosts")
        .max_keys(1000)
        .build()
        .unwrap();
    telemetry.watch(&hosts);
    for host in 0..1000 {
        hosts.call_blocking(&host, || Ok::<_, ()>(())).unwrap();
    }
    let export = far_end.export();
    assert_eq!(export.of("resilience.circuit_breaker.in_flight").len(), 11);
    let success = (names::OUTCOME, "success");
    let calls = export.of("resilience.circuit_breaker.calls").into_iter();
    let successes = calls.filter(|series| series.attributes[success.0] == success.1);
    assert_eq!(successes.map(|series| series.value).sum::<f64>(), 1000.0);
    assert_eq!(
        telemetry.snapshot().of_kind("circuit_breaker").count(),
        1001
    );
}

#[test]
fn watching_keeps_no_breaker_from_being_evicted_and_no_set_alive() {
    let telemetry = Telemetry::new();
    let hosts = Breakers::<u32>::builder("hosts")
        .max_keys(8)
        .build()
        .unwrap();
    telemetry.watch(&hosts);
    for host in 0..100 {
        hosts.call_blocking(&host, || Ok::<_, ()>(())).unwrap();
    }
    assert!(hosts.snapshot().evicted >= 92);
    assert!(telemetry.snapshot().watched <= 10);
    drop(hosts);
    assert_eq!(telemetry.snapshot().watched, 0);
}

#[test]
fn an_observer_of_a_set_that_panics_hurts_no_call() {
    struct Panics;
    impl KeyedObserver for Panics {
        fn created(&self, breaker: &CircuitBreaker) {
            panic!("{}", breaker.name());
        }
    }
    let hosts = hosts();
    hosts.add_observer(Arc::new(Panics));
    assert!(hosts.call_blocking("a.example", || Ok::<_, ()>(())).is_ok());
    assert_eq!(hosts.snapshot().observer_panics, 1);
}
