//! A watched budget.

use std::time::Duration;

use steadfast_retry::{Budget, Extra, Hedge, Jitter, Retry};

use crate::export::{Bench, Export};

const NAME: (&str, &str) = ("resilience.name", "shared");

/// Two in ten calls, and nothing else.
fn budget() -> Budget {
    let builder = Budget::builder("shared").share(0.2).min_per_second(0.0);
    builder.build().unwrap()
}

fn of(export: &Export, metric: &str) -> f64 {
    export.value(&format!("resilience.retry.budget.{metric}"), &[NAME])
}

fn spent(export: &Export) -> [f64; 2] {
    ["retry", "hedge"].map(|attempt| {
        let attempt = ("resilience.attempt", attempt);
        export.value("resilience.retry.budget.spent", &[NAME, attempt])
    })
}

/// Retries and hedges, each as all was spent and as the rest was waiting.
fn suppressed(export: &Export) -> [f64; 4] {
    [
        ("retry", "spent"),
        ("retry", "waiting"),
        ("hedge", "spent"),
        ("hedge", "waiting"),
    ]
    .map(|(attempt, reason)| {
        let attributes = [
            NAME,
            ("resilience.attempt", attempt),
            ("error.type", reason),
        ];
        export.value("resilience.retry.budget.suppressed", &attributes)
    })
}

#[test]
fn what_is_left_spent_and_refused_is_exported() {
    let bench = Bench::new();
    let budget = budget();
    bench.telemetry.watch(&budget);
    assert_eq!(of(&bench.export(), "tokens"), 0.0);

    for _ in 0..14 {
        budget.record_call();
    }
    let export = bench.export();
    assert_eq!(of(&export, "calls"), 14.0);
    assert_eq!(
        of(&export, "tokens"),
        2.0,
        "of 2.8 only whole ones are granted"
    );

    budget.try_acquire(Extra::Hedge).unwrap().spend();
    let waiting = budget.try_acquire(Extra::Retry).unwrap();
    budget.try_acquire(Extra::Retry).unwrap_err();
    for _ in 0..2 {
        budget.try_acquire(Extra::Hedge).unwrap_err();
    }
    let export = bench.export();
    assert_eq!(of(&export, "tokens"), 0.0);
    assert_eq!(of(&export, "waiting"), 1.0);
    assert_eq!(spent(&export), [0.0, 1.0]);
    assert_eq!(suppressed(&export), [0.0, 1.0, 0.0, 2.0]);

    waiting.spend();
    budget.try_acquire(Extra::Retry).unwrap_err();
    drop(budget.try_acquire(Extra::Hedge).unwrap_err());
    let export = bench.export();
    assert_eq!(of(&export, "waiting"), 0.0);
    assert_eq!(spent(&export), [1.0, 1.0]);
    assert_eq!(suppressed(&export), [1.0, 1.0, 1.0, 2.0]);

    for _ in 0..10 {
        budget.record_call();
    }
    drop(budget.try_acquire(Extra::Retry).unwrap());
    let export = bench.export();
    assert_eq!(of(&export, "given_back"), 1.0);
    assert_eq!(of(&export, "tokens"), 2.0);
    assert_eq!(of(&export, "observer_panics"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_shared_budget_is_watched_once_and_as_long_as_anyone_has_it() {
    let bench = Bench::new();
    let budget = budget();
    let retry = |name| {
        let builder = Retry::builder(name).max_attempts(2).jitter(Jitter::None);
        builder.budget(budget.clone()).build().unwrap()
    };
    let (one, other) = (retry("one"), retry("other"));
    let builder = Hedge::builder("search").delay(Duration::from_secs(1));
    let hedge = builder.budget(budget.spending_only()).build().unwrap();
    bench.telemetry.watch(&one);
    assert_eq!(bench.telemetry.snapshot().watched, 2, "it and its budget");
    bench.telemetry.watch(&other);
    bench.telemetry.watch(&hedge);
    bench.telemetry.watch(&budget);
    assert_eq!(bench.telemetry.snapshot().watched, 4);

    drop(budget);
    drop(one);
    other
        .call(|_| async { Err::<(), _>(()) })
        .await
        .unwrap_err();
    let export = bench.export();
    assert_eq!(of(&export, "calls"), 1.0, "of a retry that met it later");
    assert_eq!(suppressed(&export), [1.0, 0.0, 0.0, 0.0]);

    drop(other);
    assert_eq!(of(&bench.export(), "calls"), 1.0);
    drop(hedge);
    assert!(bench.export().named("shared").is_empty());
    assert_eq!(bench.telemetry.snapshot().watched, 0);
}
