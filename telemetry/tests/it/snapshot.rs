//! Everything at one moment: in numbers, in words, and in JSON.

use std::collections::BTreeSet;
use std::time::Duration;

use steadfast_breaker::{CircuitBreaker, Outcome};
#[cfg(feature = "serde")]
use steadfast_telemetry::Snapshot;
use steadfast_telemetry::{ComponentId, Note, Number, Telemetry, names};

use crate::export::Bench;
use crate::traffic;

#[tokio::test]
async fn it_says_of_every_component_what_is_exported() {
    let bench = Bench::new();
    let _traffic = traffic::drive(&bench.telemetry).await;
    let export = bench.export();
    let snapshot = bench.telemetry.snapshot();
    let told: BTreeSet<_> = snapshot
        .components
        .iter()
        .flat_map(|component| &component.values)
        .map(|value| value.metric.to_string())
        .collect();
    let exported: BTreeSet<_> = export
        .0
        .iter()
        .map(|series| series.metric.clone())
        .filter(|metric| !metric.starts_with("resilience.telemetry."))
        .collect();
    assert_eq!(told, exported);
}

#[tokio::test]
async fn the_components_of_a_name_are_those_of_the_snapshot() {
    let telemetry = Telemetry::new();
    let _traffic = traffic::drive(&telemetry).await;
    let twin = CircuitBreaker::builder("payments").build().unwrap();
    telemetry.watch(&twin);
    let snapshot = telemetry.snapshot();
    let names: BTreeSet<_> = snapshot
        .components
        .iter()
        .map(|component| component.id.name.as_str())
        .collect();
    for name in names {
        let named = telemetry.components_named(name).into_iter();
        let named: Vec<_> = named.map(|component| component.id).collect();
        let of_snapshot = snapshot.components.iter().map(|component| &component.id);
        let expected: Vec<_> = of_snapshot.filter(|id| id.name == name).cloned().collect();
        assert_eq!(named, expected, "{name}");
    }
    // Nor has telemetry itself a name.
    assert_eq!(telemetry.components_named("").len(), 0);
    assert_eq!(telemetry.components_named("nobody").len(), 0);
    drop(twin);
    let left = telemetry.components_named("payments");
    assert!(left.iter().all(|component| component.id.instance == 1));
}

#[test]
fn it_says_whether_it_keeps_a_history() {
    let with = |room| Telemetry::builder().history(room).build().unwrap();
    assert!(with(1).keeps_history());
    assert!(!with(0).keeps_history());
    assert!(!Telemetry::new().keeps_history());
}

#[tokio::test]
async fn the_kinds_of_the_patterns_have_names() {
    let telemetry = Telemetry::new();
    let _traffic = traffic::drive(&telemetry).await;
    let snapshot = telemetry.snapshot();
    let kinds: BTreeSet<_> = snapshot
        .components
        .iter()
        .map(|one| &*one.id.kind)
        .collect();
    let expected = [
        "bulkhead",
        "circuit_breaker",
        "health_monitor",
        "hedge",
        "keyed_bulkhead",
        "keyed_circuit_breaker",
        "pool",
        "retry",
        "retry_budget",
    ];
    assert_eq!(kinds, expected.into());
    assert!(snapshot.of_kind("circuit_breaker").count() >= 1);
    assert_eq!(snapshot.of_kind("teapot").count(), 0);
}

#[test]
fn it_says_why_and_how_much_is_left() {
    let telemetry = Telemetry::new();
    let builder = CircuitBreaker::builder("payments").failure_threshold(2);
    let breaker = builder.open_for(Duration::from_secs(3600)).build().unwrap();
    telemetry.watch(&breaker);
    let before = telemetry.snapshot();
    assert_eq!(before.components[0].notes.get("last_errors"), None);
    for _ in 0..3 {
        let judge = |_: &Result<(), &str>| {
            breaker.note_error("connect", "connection refused");
            Outcome::Failure
        };
        let judged = breaker.classify(judge);
        let _ = judged.call_blocking(|| Err::<(), _>("connection refused"));
    }
    let snapshot = telemetry.snapshot();
    let payments = &snapshot.components[0];
    assert_eq!(payments.id, ComponentId::new("circuit_breaker", "payments"));
    let calls = names::BREAKER_CALLS.name();
    let failed = payments.value(calls, &[(names::OUTCOME, "failure")]);
    assert_eq!(failed, Some(Number::Integer(2)));
    assert_eq!(payments.value(calls, &[]), None);

    let text = |key| match payments.notes.get(key) {
        Some(Note::Text(text)) => text.clone(),
        other => panic!("{key}: {other:?}"),
    };
    assert_eq!(text("state"), "open");
    assert_eq!(text("mode"), "automatic");
    assert_eq!(text("cause"), "2 consecutive calls failed");
    let Some(Note::Number(wait)) = payments.notes.get("retry_after_seconds") else {
        panic!("{:?}", payments.notes);
    };
    assert!((3000.0..=3600.0).contains(wait));
    let threshold = payments.notes.get("failure_threshold");
    assert_eq!(threshold, Some(&Note::Number(2.0)));
    assert_eq!(payments.notes.get("mode_reason"), None);
    let Some(Note::Errors(errors)) = payments.notes.get("last_errors") else {
        panic!("{:?}", payments.notes);
    };
    let [error] = &errors[..] else {
        panic!("{errors:?}");
    };
    let (class, message) = (&*error.class, &*error.message);
    assert_eq!(
        (class, message, error.count),
        ("connect", "connection refused", 2)
    );
    assert!(error.first_ago_seconds >= error.last_ago_seconds && error.last_ago_seconds >= 0.0);
}

#[test]
fn the_rule_that_a_breaker_has_by_default_is_told_as_one_that_was_given() {
    let telemetry = Telemetry::new();
    let breaker = CircuitBreaker::builder("payments").build().unwrap();
    let by_rate = CircuitBreaker::builder("stock").failure_rate(0.5);
    let by_rate = by_rate.build().unwrap();
    telemetry.watch(&breaker);
    telemetry.watch(&by_rate);
    let snapshot = telemetry.snapshot();
    let of = |name| {
        let component = snapshot.components.iter().find(|it| it.id.name == name);
        component.unwrap().notes.get("failure_threshold").cloned()
    };
    assert_eq!(of("stock"), None);
    let mut failures = 0.0;
    while breaker.state() == steadfast_breaker::State::Closed {
        let _ = breaker.call_blocking(|| Err::<(), _>("connection refused"));
        failures += 1.0;
    }
    assert_eq!(of("payments"), Some(Note::Number(failures)));
}

#[test]
fn a_second_one_of_a_name_is_told_apart() {
    let telemetry = Telemetry::new();
    let breakers = [1, 2].map(|_| CircuitBreaker::builder("payments").build().unwrap());
    breakers.iter().for_each(|one| telemetry.watch(one));
    let snapshot = telemetry.snapshot();
    let first = ComponentId::new("circuit_breaker", "payments");
    let ids: Vec<_> = snapshot.components.iter().map(|one| &one.id).collect();
    assert_eq!(ids, [&first, &first.clone().instance(2)]);
}

#[cfg(feature = "serde")]
#[tokio::test]
async fn it_is_written_and_read_again() {
    let telemetry = Telemetry::new();
    let _traffic = traffic::drive(&telemetry).await;
    let snapshot = telemetry.snapshot();
    let json = serde_json::to_string(&snapshot).unwrap();
    let again: Snapshot = serde_json::from_str(&json).unwrap();
    // The time of day is told to the millisecond.
    assert!(snapshot.at.duration_since(again.at).unwrap() < Duration::from_millis(1));
    assert_eq!(again.components, snapshot.components);
    assert_eq!(again.handlers, snapshot.handlers);
}

/// What other programs read: a change in here needs another version.
#[cfg(feature = "serde")]
#[test]
fn the_form_is_stable() {
    let telemetry = Telemetry::new();
    let breaker = CircuitBreaker::builder("payments").build().unwrap();
    telemetry.group("shards").watch(&breaker);
    telemetry
        .attach("log", steadfast_telemetry::EventKind::Retry, |_| ())
        .unwrap();
    let mut json = serde_json::to_value(telemetry.snapshot()).unwrap();
    assert_eq!(json["version"], Snapshot::VERSION);
    assert!(json["at"].take().is_u64());
    let component = &mut json["components"][0];
    let values = component["values"].take();
    assert_eq!(
        values[0],
        serde_json::json!({
            "metric": "resilience.circuit_breaker.calls",
            "attributes": {"resilience.outcome": "success"},
            "value": 0,
        })
    );
    let notes = component["notes"].take();
    assert_eq!(notes["mode"], "automatic");
    assert_eq!(
        json,
        serde_json::json!({
            "version": 1,
            "at": null,
            "components": [{
                "kind": "circuit_breaker",
                "name": "payments",
                "instance": 1,
                "group": "shards",
                "values": null,
                "notes": null,
            }],
            "watched": 1,
            "handlers": [{"id": "log", "panics": 0}],
            "detached": [],
            "subscriptions": 0,
            "queue_capacity": 1024,
            "queue_waiting": 0,
            "queued": 0,
            "dropped": 0,
            "missed": 0,
            "source_panics": 0,
        })
    );
}

/// What a later version notes down in a form of its own is left out, and takes nothing else with it.
#[cfg(feature = "serde")]
#[test]
fn notes_of_a_form_that_is_not_known_are_passed_over() {
    let json = r#"{"a": {"of": "another form"}, "b": null, "c": [1, 2], "limit": 3, "cause": "it failed",
        "last_errors": [{"class": "503", "message": "busy", "count": 2, "first_ago_seconds": 1.5,
            "last_ago_seconds": 0.5, "later": true}]}"#;
    let notes: steadfast_telemetry::Notes = serde_json::from_str(json).unwrap();
    let keys: Vec<_> = notes.iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["cause", "last_errors", "limit"]);
    assert_eq!(notes.get("limit"), Some(&Note::Number(3.0)));
    assert!(matches!(notes.get("last_errors"), Some(Note::Errors(errors)) if errors[0].count == 2));
}
