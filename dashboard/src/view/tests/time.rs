//! Clocks that are set, and times that never come.

use std::time::Duration;

use serde_json::Value;
use steadfast_breaker::{CircuitBreaker, Mode};
use steadfast_bulkhead::Bulkhead;
use steadfast_telemetry::Telemetry;
use tokio::time::advance;

use super::{PAYMENTS, Shown, breaker, call};

/// In milliseconds.
const HOUR: i64 = 3_600_000;

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_makes_nothing_look_old() {
    let (breaker, mut shown) = breaker();
    shown.read();
    let before = shown.board.at;
    (0..5).for_each(|_| call(&breaker, false));
    shown.stepped = -HOUR;
    advance(Duration::from_secs(1)).await;
    let row = shown.row(PAYMENTS);
    assert_eq!(row["state"], "open");
    assert_eq!(shown.warnings(), Vec::<Value>::new());
    assert!(shown.board.at < before, "the page is told the new time");
}

#[tokio::test(start_paused = true)]
async fn what_lasts_is_measured_by_a_clock_that_does_not_step() {
    let bulkhead = Bulkhead::builder("reports")
        .max_concurrent(1)
        .build()
        .unwrap();
    let telemetry = Telemetry::new();
    telemetry.watch(&bulkhead);
    let mut shown = Shown::new(telemetry);
    shown.read();
    let _held = bulkhead.try_acquire().unwrap();
    shown.read();
    for (stepped, seconds, warnings) in [
        (HOUR, 1, 0),
        (-HOUR, 1, 0),
        (-HOUR, 4, 1),
        (HOUR, 1, 1),
        (-HOUR, 1, 1),
    ] {
        shown.stepped = stepped;
        advance(Duration::from_secs(seconds)).await;
        let row = shown.row("bulkhead/reports/1");
        assert_eq!(shown.warnings().len(), warnings, "{stepped} {seconds}");
        let since = row["since"].as_u64().unwrap();
        assert!(since <= shown.board.at && shown.board.at - since < 20_000);
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_comes_has_one_time_or_none() {
    let breaker = CircuitBreaker::builder("payments")
        .failure_threshold(1)
        .open_for(Duration::MAX)
        .build()
        .unwrap();
    let telemetry = Telemetry::new();
    telemetry.watch(&breaker);
    let mut shown = Shown::new(telemetry);
    call(&breaker, false);
    for forced in [false, true] {
        if forced {
            breaker.set_mode_for(Mode::ForcedOpen, "for good", Duration::MAX);
        }
        let first = shown.row(PAYMENTS);
        for _ in 0..3 {
            advance(Duration::from_secs(1)).await;
            let later = shown.row(PAYMENTS);
            for key in ["next_probe_at", "mode_expires_at"] {
                assert_eq!(later["facts"][key], first["facts"][key], "{key}");
                let at = later["facts"][key].as_u64();
                assert!(at.is_none_or(|at| at > shown.board.at + 1_000_000), "{key}");
            }
        }
    }
}
