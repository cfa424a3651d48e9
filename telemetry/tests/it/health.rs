//! A watched health monitor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use steadfast_health::{Check, Monitor, Outcome, Status};
use steadfast_telemetry::{Detail, Event, EventKind};

use crate::export::{Bench, Export};

const NAME: (&str, &str) = ("resilience.name", "orders");

/// A required check that fails while the flag is set, and an optional one that hangs.
fn monitor() -> (Monitor, Arc<AtomicBool>) {
    let monitor = Monitor::builder("orders").build().unwrap();
    let down = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&down);
    let db = Check::new("db", move || {
        let down = flag.load(Ordering::Relaxed);
        async move {
            if down {
                Outcome::unhealthy("connection refused")
            } else {
                Outcome::healthy()
            }
        }
    });
    let hangs = Check::new("cache", std::future::pending::<Outcome>).optional();
    monitor.register(db.liveness(true)).unwrap();
    monitor.register(hangs).unwrap();
    (monitor, down)
}

fn roll_up(export: &Export, probe: &str) -> String {
    let with = [NAME, ("resilience.probe", probe)];
    export.hot("resilience.health.status", &with, "resilience.state")
}

fn component(export: &Export, name: &str) -> String {
    let with = [NAME, ("resilience.component", name)];
    export.hot(
        "resilience.health.component.status",
        &with,
        "resilience.state",
    )
}

fn checks(export: &Export, name: &str, outcome: &str) -> f64 {
    let with = [
        NAME,
        ("resilience.component", name),
        ("resilience.outcome", outcome),
    ];
    export.value("resilience.health.checks", &with)
}

#[tokio::test]
async fn statuses_are_one_hot_for_roll_ups_and_components() {
    let bench = Bench::new();
    let (monitor, down) = monitor();
    monitor.deregister("cache");
    bench.telemetry.watch(&monitor);
    let export = bench.export();
    assert_eq!(component(&export, "db"), "unknown");
    assert_eq!(roll_up(&export, "readiness"), "unknown");
    assert_eq!(roll_up(&export, "startup"), "unknown");
    assert!(
        export
            .of("resilience.health.check.last_duration")
            .is_empty()
    );

    monitor.check_now().await;
    let export = bench.export();
    assert_eq!(component(&export, "db"), "healthy");
    assert_eq!(roll_up(&export, "readiness"), "healthy");
    assert_eq!(roll_up(&export, "liveness"), "healthy");
    assert_eq!(roll_up(&export, "startup"), "healthy");
    assert_eq!(export.of("resilience.health.check.last_duration").len(), 1);

    down.store(true, Ordering::Relaxed);
    monitor.check_now().await;
    let export = bench.export();
    assert_eq!(component(&export, "db"), "unhealthy");
    assert_eq!(roll_up(&export, "readiness"), "unhealthy");
    assert_eq!(roll_up(&export, "liveness"), "unhealthy");
    assert_eq!(
        roll_up(&export, "startup"),
        "healthy",
        "it has come up once"
    );
    assert_eq!(checks(&export, "db", "answered"), 2.0);

    monitor.deregister("db");
    assert!(
        bench
            .export()
            .of("resilience.health.component.status")
            .is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn runs_are_counted_by_how_they_ended() {
    let bench = Bench::new();
    let (monitor, _down) = monitor();
    let panics = Check::new("bad", || async { panic!("cannot") as Outcome });
    monitor.register(panics.optional()).unwrap();
    bench.telemetry.watch(&monitor);
    monitor.check_now().await;

    let export = bench.export();
    for (name, ends) in [
        ("db", [1.0, 0.0, 0.0, 0.0]),
        ("cache", [0.0, 1.0, 0.0, 0.0]),
        ("bad", [0.0, 0.0, 1.0, 0.0]),
    ] {
        let counted = ["answered", "timed_out", "panicked", "abandoned"]
            .map(|outcome| checks(&export, name, outcome));
        assert_eq!(counted, ends, "{name}");
    }
    let cache = ("resilience.component", "cache");
    let duration = export.value("resilience.health.check.last_duration", &[NAME, cache]);
    assert_eq!(duration, 5.0);
}

#[tokio::test]
async fn runs_and_changes_are_events() {
    let bench = Bench::new();
    let (monitor, down) = monitor();
    monitor.deregister("cache");
    bench.telemetry.watch(&monitor);
    let (heard, hears) = mpsc::channel();
    let handler = move |event: &Event| heard.send(event.clone()).unwrap();
    let kind = EventKind::HealthCheck;
    bench.telemetry.attach("log", kind, handler).unwrap();
    down.store(true, Ordering::Relaxed);
    monitor.check_now().await;

    assert!(bench.telemetry.flush(Duration::from_secs(60)));
    let heard: Vec<_> = hears.try_iter().collect();
    assert!(heard.iter().all(|event| event.kind() == kind));
    assert!(heard.iter().all(|event| event.name() == "orders"));
    let lines: Vec<_> = heard.iter().map(Event::to_string).collect();
    assert_eq!(
        lines[0],
        "health orders: db is unhealthy: connection refused"
    );
    assert!(
        matches!(heard[0].detail(), Detail::HealthChecked(checked) if checked.result == Status::Unhealthy)
    );
    assert!(
        lines[1..].contains(&"health orders: readiness: unknown -> unhealthy".to_owned()),
        "{lines:?}"
    );
    assert!(matches!(heard[1].detail(), Detail::HealthChanged(_)));
}

#[test]
fn watching_twice_doubles_nothing_and_a_dropped_monitor_is_gone() {
    let bench = Bench::new();
    let (monitor, _down) = monitor();
    bench.telemetry.watch(&monitor);
    let clone = monitor.clone();
    bench.telemetry.watch(&clone);
    drop(clone);
    assert_eq!(bench.telemetry.snapshot().watched, 1);

    let weak = monitor.downgrade();
    drop(monitor);
    assert!(weak.upgrade().is_none());
    assert!(bench.export().named("orders").is_empty());
}
