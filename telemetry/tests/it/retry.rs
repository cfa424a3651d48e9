//! A watched retry.

use std::sync::mpsc;
use std::time::Duration;

use steadfast_retry::{Attempt, Jitter, Retry, Verdict};
use steadfast_telemetry::{Detail, Event, EventKind};

use crate::export::{Bench, Export};

const NAME: (&str, &str) = ("resilience.name", "inventory");

fn retry() -> Retry {
    let builder = Retry::builder("inventory").max_attempts(3);
    let builder = builder
        .base_backoff(Duration::from_secs(1))
        .jitter(Jitter::None);
    builder.build().unwrap()
}

fn calls(export: &Export, outcome: &str) -> f64 {
    let outcome = ("resilience.outcome", outcome);
    export.value("resilience.retry.calls", &[NAME, outcome])
}

fn attempts(export: &Export) -> [f64; 2] {
    ["first", "retry"].map(|attempt| {
        let attempt = ("resilience.attempt", attempt);
        export.value("resilience.retry.attempts", &[NAME, attempt])
    })
}

#[tokio::test(start_paused = true)]
async fn every_call_is_in_exactly_one_outcome() {
    let bench = Bench::new();
    let retry = retry();
    bench.telemetry.watch(&retry);
    assert_eq!(bench.export().of("resilience.retry.calls").len(), 10);

    retry.call(|_| async { Ok::<_, ()>(()) }).await.unwrap();
    for _ in 0..2 {
        let second = |attempt: Attempt| async move { attempt.is_retry().then_some(()).ok_or(()) };
        retry.call(second).await.unwrap();
    }
    for _ in 0..3 {
        retry
            .call(|_| async { Err::<(), _>(()) })
            .await
            .unwrap_err();
    }
    for _ in 0..4 {
        let stop = retry.classify(|_: &Result<(), ()>| Verdict::Stop);
        stop.call(|_| async { Err(()) }).await.unwrap_err();
    }
    for _ in 0..5 {
        let hour = Duration::from_secs(3600);
        let later = retry.classify(move |_: &Result<(), ()>| Verdict::RetryAfter(hour));
        later.call(|_| async { Err(()) }).await.unwrap_err();
    }
    for _ in 0..6 {
        let open = retry.classify(|_: &Result<(), ()>| Verdict::Rejected(None));
        open.call(|_| async { Err(()) }).await.unwrap_err();
    }

    let export = bench.export();
    for (outcome, expected) in [
        ("first_try", 1.0),
        ("after_retry", 2.0),
        ("exhausted", 3.0),
        ("not_retryable", 4.0),
        ("retry_after_too_long", 5.0),
        ("breaker", 6.0),
        ("deadline", 0.0),
        ("budget", 0.0),
        ("abandoned", 0.0),
        ("panicked", 0.0),
    ] {
        assert_eq!(calls(&export, outcome), expected, "{outcome}");
    }
    assert_eq!(attempts(&export), [21.0, 8.0]);
    let delay = export.value("resilience.retry.delay", &[NAME]);
    assert_eq!(
        delay,
        2.0 + 3.0 * (1.0 + 2.0),
        "two calls wait once, three twice"
    );
}

#[tokio::test(start_paused = true)]
async fn attempts_that_take_too_long_are_counted() {
    let bench = Bench::new();
    let builder = Retry::builder("inventory").max_attempts(2);
    let retry = builder.attempt_timeout(Duration::from_secs(1)).build();
    let retry = retry.unwrap();
    bench.telemetry.watch(&retry);
    let hangs = |_| std::future::pending::<Result<(), ()>>();
    retry.call(hangs).await.unwrap_err();
    let export = bench.export();
    let timeouts = export.value("resilience.retry.attempt_timeouts", &[NAME]);
    assert_eq!(timeouts, 2.0);
}

#[tokio::test(start_paused = true)]
async fn waiting_calls_are_seen_and_abandoned_ones_counted() {
    let bench = Bench::new();
    let retry = retry();
    bench.telemetry.watch(&retry);
    let waiting = || bench.export().value("resilience.retry.waiting", &[NAME]);
    assert_eq!(waiting(), 0.0);

    let call = retry.call(|_| async { Err::<(), _>(()) });
    assert!(
        tokio::time::timeout(Duration::from_millis(1), call)
            .await
            .is_err()
    );
    assert_eq!(waiting(), 0.0);
    assert_eq!(calls(&bench.export(), "abandoned"), 1.0);

    let mut call = Box::pin(retry.call(|_| async { Err::<(), _>(()) }));
    let short = tokio::time::timeout(Duration::from_millis(1), &mut call);
    assert!(short.await.is_err());
    assert_eq!(waiting(), 1.0);
}

#[tokio::test(start_paused = true)]
async fn retries_and_give_ups_are_events() {
    let bench = Bench::new();
    let retry = retry();
    bench.telemetry.watch(&retry);
    let (heard, hears) = mpsc::channel();
    let handler = move |event: &Event| heard.send(event.clone()).unwrap();
    let kind = EventKind::Retry;
    bench.telemetry.attach("log", kind, handler).unwrap();
    retry
        .call(|_| async { Err::<(), _>(()) })
        .await
        .unwrap_err();

    assert!(bench.telemetry.flush(Duration::from_secs(60)));
    let heard: Vec<_> = hears.try_iter().collect();
    assert!(heard.iter().all(|event| event.kind() == kind));
    assert!(heard.iter().all(|event| event.name() == "inventory"));
    let lines: Vec<_> = heard.iter().map(Event::to_string).collect();
    assert_eq!(
        lines,
        [
            "retry inventory: attempt 1 failed, next in 1s",
            "retry inventory: attempt 2 failed, next in 2s",
            "retry inventory: gave up after 3 attempts in 3s (no attempts are left)",
        ]
    );
    assert!(matches!(heard[0].detail(), Detail::Retrying(_)));
    assert!(matches!(heard[2].detail(), Detail::RetryGaveUp(gave_up) if gave_up.attempts == 3));
}

#[test]
fn watching_twice_doubles_nothing_and_a_dropped_retry_is_gone() {
    let bench = Bench::new();
    let retry = retry();
    bench.telemetry.watch(&retry);
    let clone = retry.clone();
    bench.telemetry.watch(&clone);
    drop(clone);
    assert_eq!(bench.telemetry.snapshot().watched, 1);

    let weak = retry.downgrade();
    drop(retry);
    assert!(weak.upgrade().is_none());
    assert!(bench.export().named("inventory").is_empty());
}
