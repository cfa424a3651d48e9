//! A watched hedge.

use std::future::pending;
use std::sync::mpsc;
use std::time::Duration;

use steadfast_retry::{Budget, Hedge, HedgeAttempt};
use steadfast_telemetry::EventKind;

use crate::export::{Bench, Export};

const NAME: (&str, &str) = ("resilience.name", "search");
const DELAY: Duration = Duration::from_millis(50);

fn of(export: &Export, metric: &str) -> f64 {
    export.value(&format!("resilience.hedge.{metric}"), &[NAME])
}

fn by(export: &Export, metric: &str, outcome: &str) -> f64 {
    let outcome = ("resilience.outcome", outcome);
    export.value(&format!("resilience.hedge.{metric}"), &[NAME, outcome])
}

/// The primary never ends.
async fn only_hedges_answer(attempt: HedgeAttempt) -> Result<(), &'static str> {
    if attempt.is_hedge() {
        Ok(())
    } else {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn calls_and_hedges_are_exported_by_how_they_ended() {
    let bench = Bench::new();
    let hedge = Hedge::builder("search").delay(DELAY).unbudgeted();
    let hedge = hedge.build().unwrap();
    bench.telemetry.watch(&hedge);
    assert_eq!(of(&bench.export(), "delay"), 0.05);

    hedge.call(|_| async { Ok::<_, ()>(()) }).await.unwrap();
    for _ in 0..2 {
        hedge.call(only_hedges_answer).await.unwrap();
    }
    for _ in 0..3 {
        let fails = |_| async { Err::<(), _>("connection refused") };
        hedge.call(fails).await.unwrap_err();
    }
    for _ in 0..4 {
        // The hedge that comes after the delay fails, and then nobody waits any longer.
        let call = hedge.call(|attempt| async move {
            if attempt.is_hedge() {
                return Err::<(), _>("connection refused");
            }
            pending().await
        });
        tokio::time::timeout(DELAY * 2, call).await.unwrap_err();
    }
    let mut call = Box::pin(hedge.call(|_| pending::<Result<(), ()>>()));
    let in_time = tokio::time::timeout(DELAY * 3 / 2, &mut call).await;
    in_time.unwrap_err();
    assert_eq!(of(&bench.export(), "in_flight"), 1.0);
    drop(call);

    let export = bench.export();
    for (outcome, expected) in [
        ("primary", 1.0),
        ("hedge", 2.0),
        ("failed", 3.0),
        ("abandoned", 5.0),
        ("panicked", 0.0),
    ] {
        assert_eq!(by(&export, "calls", outcome), expected, "{outcome}");
    }
    assert_eq!(of(&export, "sent"), 7.0);
    assert_eq!(by(&export, "ended", "won"), 2.0);
    assert_eq!(by(&export, "ended", "wasted"), 5.0);
    assert_eq!(of(&export, "in_flight"), 0.0);
    assert_eq!(of(&export, "suppressed"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_delay_that_is_not_known_is_absent() {
    let bench = Bench::new();
    let hedge = Hedge::builder("search").warm_up(2).build().unwrap();
    bench.telemetry.watch(&hedge);
    let delay = || bench.export().of("resilience.hedge.delay").len();
    assert_eq!(delay(), 0);
    for _ in 0..100 {
        let call = hedge.call(|_| async {
            tokio::time::sleep(DELAY).await;
            Ok::<_, ()>(())
        });
        call.await.unwrap();
    }
    assert_eq!(delay(), 1);
    let export = bench.export();
    let learned = of(&export, "delay");
    assert!((0.05..0.052).contains(&learned), "{learned}");
    assert_eq!(by(&export, "samples", "recorded"), 100.0);
    assert_eq!(by(&export, "samples", "skipped"), 0.0);
}

#[tokio::test(start_paused = true)]
async fn hedges_sent_and_not_allowed_are_events_of_retries() {
    let bench = Bench::new();
    let budget = Budget::builder("shared").share(0.5).min_per_second(0.0);
    let hedge = Hedge::builder("search").delay(DELAY);
    let hedge = hedge.budget(budget.build().unwrap()).build().unwrap();
    bench.telemetry.watch(&hedge);
    let (told, heard) = mpsc::channel();
    let handler = move |event: &steadfast_telemetry::Event| {
        let _ = told.send((event.name().to_owned(), event.to_string()));
    };
    bench
        .telemetry
        .attach("log", EventKind::Retry, handler)
        .unwrap();

    // One call allows a half of a hedge, two allow one.
    for allowed in [false, true] {
        let call = hedge.call(only_hedges_answer);
        let answer = tokio::time::timeout(DELAY * 2, call).await;
        assert_eq!(answer.is_ok(), allowed);
    }
    assert!(bench.telemetry.flush(Duration::from_secs(60)));
    let heard: Vec<_> = heard.try_iter().collect();
    assert!(heard.iter().all(|(name, _)| name == "search"));
    assert_eq!(heard.len(), 2);
    let suppressed =
        "hedge search: attempt 2 not sent: budget \"shared\" has nothing left for a hedge";
    assert!(heard[0].1.starts_with(suppressed), "{}", heard[0].1);
    assert_eq!(heard[1].1, "hedge search: attempt 2 sent after 50ms");
    assert_eq!(of(&bench.export(), "suppressed"), 1.0);
}
