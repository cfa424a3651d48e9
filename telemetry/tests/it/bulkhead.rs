//! A watched bulkhead.

use std::sync::mpsc;
use std::time::Duration;

use steadfast_bulkhead::{Bulkhead, Priority};
use steadfast_telemetry::{Detail, Event, EventKind};

use crate::export::{Bench, Export};

const NAME: (&str, &str) = ("resilience.name", "reports");

fn bulkhead() -> Bulkhead {
    let builder = Bulkhead::builder("reports")
        .max_concurrent(1)
        .max_waiting(1);
    builder
        .checkout_timeout(Duration::from_secs(5))
        .build()
        .unwrap()
}

fn gauges(export: &Export) -> [f64; 6] {
    [
        "in_flight",
        "queued",
        "limit",
        "queue.limit",
        "peak.in_flight",
        "peak.queued",
    ]
    .map(|metric| export.value(&format!("resilience.bulkhead.{metric}"), &[NAME]))
}

fn rejected(export: &Export) -> [f64; 3] {
    ["full", "timeout", "closed"].map(|reason| {
        let reason = ("error.type", reason);
        export.value("resilience.bulkhead.rejected", &[NAME, reason])
    })
}

fn acquired(export: &Export) -> [f64; 2] {
    ["at_once", "after_wait"].map(|outcome| {
        let outcome = ("resilience.outcome", outcome);
        export.value("resilience.bulkhead.acquired", &[NAME, outcome])
    })
}

/// Runs the tasks that can run, without letting the clock move.
async fn settle() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn places_queue_waits_and_rejections_are_exported() {
    let bench = Bench::new();
    let bulkhead = bulkhead();
    bench.telemetry.watch(&bulkhead);
    assert_eq!(gauges(&bench.export()), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);

    let permit = bulkhead.try_acquire().unwrap();
    let waiting = tokio::spawn({
        let bulkhead = bulkhead.clone();
        async move { bulkhead.acquire().await.unwrap() }
    });
    settle().await;
    assert_eq!(gauges(&bench.export()), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    for _ in 0..2 {
        bulkhead.acquire().await.unwrap_err();
    }

    tokio::time::advance(Duration::from_secs(2)).await;
    drop(permit);
    let permit = waiting.await.unwrap();
    bulkhead.acquire().await.unwrap_err();
    bulkhead.close();
    for _ in 0..3 {
        bulkhead.try_acquire().unwrap_err();
    }
    drop(permit);

    let export = bench.export();
    assert_eq!(gauges(&export), [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(rejected(&export), [2.0, 1.0, 3.0]);
    assert_eq!(acquired(&export), [1.0, 1.0]);
    let waited = export.value("resilience.bulkhead.queue.time", &[NAME]);
    assert_eq!(waited, 2.0);
}

#[tokio::test(start_paused = true)]
async fn who_is_dropped_in_line_is_counted() {
    let bench = Bench::new();
    let bulkhead = bulkhead();
    bench.telemetry.watch(&bulkhead);
    let _permit = bulkhead.try_acquire().unwrap();
    let waiting = tokio::time::timeout(Duration::from_secs(1), bulkhead.acquire());
    assert!(waiting.await.is_err());
    let abandoned = bench
        .export()
        .value("resilience.bulkhead.abandoned", &[NAME]);
    assert_eq!(abandoned, 1.0);
}

#[tokio::test(start_paused = true)]
async fn queueing_getting_in_and_being_rejected_are_events() {
    let bench = Bench::new();
    let bulkhead = bulkhead();
    bench.telemetry.watch(&bulkhead);
    let (heard, hears) = mpsc::channel();
    let handler = move |event: &Event| heard.send(event.clone()).unwrap();
    let kind = EventKind::BulkheadCheckout;
    bench.telemetry.attach("log", kind, handler).unwrap();

    let permit = bulkhead.acquire().await.unwrap();
    let waiting = tokio::spawn({
        let bulkhead = bulkhead.clone();
        async move { bulkhead.acquire().await.unwrap() }
    });
    settle().await;
    bulkhead.acquire().await.unwrap_err();
    tokio::time::advance(Duration::from_secs(2)).await;
    drop(permit);
    let permit = waiting.await.unwrap();
    bulkhead.acquire().await.unwrap_err();
    drop(permit);

    assert!(bench.telemetry.flush(Duration::from_secs(60)));
    let heard: Vec<_> = hears.try_iter().collect();
    assert!(heard.iter().all(|event| event.kind() == kind));
    assert!(heard.iter().all(|event| event.name() == "reports"));
    let lines: Vec<_> = heard.iter().map(Event::to_string).collect();
    assert_eq!(
        lines,
        [
            "bulkhead reports: queued at 1",
            "bulkhead reports is full: 1 running, 1 waiting",
            "bulkhead reports: acquired after 2s",
            "bulkhead reports: queued at 1",
            "bulkhead reports had no free place within 5s: 0 waiting",
        ]
    );
    assert!(matches!(heard[0].detail(), Detail::BulkheadQueued(queued) if queued.position == 1));
    assert!(matches!(heard[1].detail(), Detail::BulkheadRejected(_)));
    assert!(matches!(heard[2].detail(), Detail::BulkheadAcquired(_)));
}

#[test]
fn watching_twice_doubles_nothing_and_a_dropped_bulkhead_is_gone() {
    let bench = Bench::new();
    let bulkhead = bulkhead();
    bench.telemetry.watch(&bulkhead);
    let clone = bulkhead.clone();
    bench.telemetry.watch(&clone);
    drop(clone);
    assert_eq!(bench.telemetry.snapshot().watched, 1);

    let weak = bulkhead.downgrade();
    drop(bulkhead);
    assert!(weak.upgrade().is_none());
    assert!(bench.export().named("reports").is_empty());
}

#[tokio::test(start_paused = true)]
async fn how_long_places_were_held_is_there_only_if_it_is_measured() {
    let bench = Bench::new();
    let measured = Bulkhead::builder("reports").hold_times(true);
    let (measured, other) = (measured.build().unwrap(), Bulkhead::builder("other"));
    let other = other.build().unwrap();
    bench.telemetry.watch(&measured);
    bench.telemetry.watch(&other);
    let held = || bench.export().of("resilience.bulkhead.hold.time").len();
    assert_eq!(held(), 0, "nothing has come back yet");
    for seconds in [2, 5] {
        let permits = (measured.try_acquire(), other.try_acquire());
        tokio::time::advance(Duration::from_secs(seconds)).await;
        drop(permits);
    }
    let _busy = measured.try_acquire().unwrap();
    assert_eq!(held(), 1);
    let export = bench.export();
    let of = |metric: &str| export.value(&format!("resilience.bulkhead.{metric}"), &[NAME]);
    assert_eq!((of("hold.time"), of("completed")), (7.0, 2.0));
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_exported_by_priority_and_who_was_displaced() {
    let bench = Bench::new();
    let builder = Bulkhead::builder("reports").max_concurrent(1);
    let bulkhead = builder.max_waiting(3).build().unwrap();
    bench.telemetry.watch(&bulkhead);
    let _busy = bulkhead.try_acquire().unwrap();
    let wait = |priority| {
        let bulkhead = bulkhead.with_priority(priority);
        tokio::spawn(async move { bulkhead.acquire().await.map(drop) })
    };
    let mut low = Vec::new();
    for _ in 0..3 {
        low.push(wait(Priority::Low));
        settle().await;
    }
    let export = |bench: &Bench| {
        let export = bench.export();
        let queued = ["high", "normal", "low"].map(|priority| {
            let priority = ("resilience.priority", priority);
            export.value("resilience.bulkhead.queued_by_priority", &[NAME, priority])
        });
        let displaced = export.value("resilience.bulkhead.displaced", &[NAME]);
        (queued, displaced, rejected(&export)[0])
    };
    assert_eq!(export(&bench), ([0.0, 0.0, 3.0], 0.0, 0.0));
    let high = wait(Priority::High);
    settle().await;
    assert_eq!(export(&bench), ([1.0, 0.0, 2.0], 1.0, 1.0));
    low.into_iter().for_each(|one| one.abort());
    high.abort();
}

/// What is noted down of how long things take, as milliseconds.
pub(crate) fn percentiles(
    telemetry: &steadfast_telemetry::Telemetry,
    kind: &str,
) -> [Option<f64>; 4] {
    let snapshot = telemetry.snapshot();
    let mut all = snapshot.components.iter();
    let notes = &all.find(|it| &*it.id.kind == kind).unwrap().notes;
    let keys = [
        "queue_p50_seconds",
        "queue_p99_seconds",
        "hold_p50_seconds",
        "hold_p99_seconds",
    ];
    keys.map(|key| match notes.get(key) {
        Some(steadfast_telemetry::Note::Number(seconds)) => Some((seconds * 1000.0).round()),
        _ => None,
    })
}

#[tokio::test(start_paused = true)]
async fn percentiles_of_times_are_noted_down_as_far_as_they_are_measured() {
    for hold_times in [false, true] {
        let bench = Bench::new();
        let builder = Bulkhead::builder("timed").max_concurrent(1);
        let bulkhead = builder.hold_times(hold_times).build().unwrap();
        bench.telemetry.watch(&bulkhead);
        assert_eq!(percentiles(&bench.telemetry, "bulkhead"), [None; 4]);
        let held = bulkhead.try_acquire().unwrap();
        let waiting = async { drop(bulkhead.acquire().await.unwrap()) };
        let releasing = async {
            tokio::time::sleep(Duration::from_millis(1000)).await;
            drop(held);
        };
        tokio::join!(waiting, releasing);
        let [queue, queue_most, hold, hold_most] = percentiles(&bench.telemetry, "bulkhead");
        assert_eq!((queue, queue_most), (Some(1000.0), Some(1000.0)));
        assert_eq!(hold.is_some(), hold_times);
        assert_eq!(hold_most, hold_times.then_some(1000.0));
    }
}
