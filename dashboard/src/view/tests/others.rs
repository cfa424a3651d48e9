//! Rows of bulkheads, retries and health checks.

use std::time::Duration;

use serde_json::json;
use steadfast_bulkhead::Bulkhead;
use steadfast_health::{Check, Monitor, Outcome};
use steadfast_retry::Retry;
use steadfast_telemetry::Telemetry;
use tokio::time::advance;

use super::Shown;

#[tokio::test(start_paused = true)]
async fn a_bulkhead_says_how_full_it_is_and_whether_it_rejects() {
    let bulkhead = Bulkhead::builder("reports")
        .max_concurrent(20)
        .max_waiting(0)
        .build()
        .unwrap();
    let telemetry = Telemetry::new();
    telemetry.watch(&bulkhead);
    let mut shown = Shown::new(telemetry);
    const REPORTS: &str = "bulkhead/reports/1";
    let mut held: Vec<_> = (0..18).map(|_| bulkhead.try_acquire().unwrap()).collect();
    let row = shown.row(REPORTS);
    assert_eq!(
        (&row["state"], &row["facts"]["use_share"]),
        (&json!("ok"), &json!(0.9))
    );

    held.push(bulkhead.try_acquire().unwrap());
    assert_eq!(shown.row(REPORTS)["state"], "busy");
    held.push(bulkhead.try_acquire().unwrap());
    bulkhead.try_acquire().unwrap_err();
    advance(Duration::from_secs(1)).await;
    let row = shown.row(REPORTS);
    assert_eq!(
        (&row["state"], &row["severity"]),
        (&json!("full"), &json!(2))
    );
    assert_eq!(row["facts"]["rejected_per_second"], json!(1.0));
    assert_eq!(row["facts"]["total_rejected"], json!(1));

    held.clear();
    advance(Duration::from_secs(10)).await;
    shown.read();
    advance(Duration::from_secs(10)).await;
    assert_eq!(shown.row(REPORTS)["state"], "ok");
}

#[tokio::test(start_paused = true)]
async fn a_bulkhead_that_is_now_busy_and_now_full_is_short_of_places_all_the_time() {
    let bulkhead = Bulkhead::builder("reports")
        .max_concurrent(2)
        .max_waiting(0)
        .build()
        .unwrap();
    let telemetry = Telemetry::new();
    telemetry.watch(&bulkhead);
    let mut shown = Shown::new(telemetry);
    shown.read();
    let _held: Vec<_> = (0..2).map(|_| bulkhead.try_acquire().unwrap()).collect();
    let mut states = std::collections::HashSet::new();
    for second in 0..40 {
        if second % 12 == 0 {
            bulkhead.try_acquire().unwrap_err();
        }
        advance(Duration::from_secs(1)).await;
        let row = shown.row("bulkhead/reports/1");
        states.insert(row["state"].as_str().unwrap().to_owned());
        assert_eq!(shown.warnings().len(), usize::from(second >= 5), "{second}");
    }
    assert_eq!(states.len(), 2, "{states:?}");
}

#[tokio::test(start_paused = true)]
async fn many_retries_are_a_warning_for_as_long_as_a_minute() {
    let retry = Retry::builder("orders").max_attempts(2).build().unwrap();
    let telemetry = Telemetry::new();
    telemetry.watch(&retry);
    let mut shown = Shown::new(telemetry);
    shown.read();
    for turn in 0..10 {
        let failing = turn < 5;
        let _ = retry
            .call(|attempt| async move {
                if failing && !attempt.is_retry() {
                    Err("refused")
                } else {
                    Ok(())
                }
            })
            .await;
    }
    advance(Duration::from_secs(1)).await;
    let row = shown.row("retry/orders/1");
    assert_eq!(
        (&row["state"], &row["severity"]),
        (&json!("retrying"), &json!(2))
    );
    assert_eq!(row["facts"]["retry_share"], json!(0.5));
    let text = "retry orders: more than 10 retries for 100 calls in the last minute";
    assert_eq!(shown.warnings()[0]["text"], text);

    for _ in 0..70 {
        advance(Duration::from_secs(1)).await;
        shown.read();
    }
    assert_eq!(shown.row("retry/orders/1")["state"], "ok");
    assert_eq!(shown.warnings().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn health_checks_have_rows_and_the_needed_ones_are_warned_of() {
    let monitor = Monitor::builder("orders").build().unwrap();
    let check = |name: &str| Check::new(name, || async { Outcome::unhealthy("refused") });
    monitor.register(check("database")).unwrap();
    monitor.register(check("cache").optional()).unwrap();
    let telemetry = Telemetry::new();
    telemetry.watch(&monitor);
    let mut shown = Shown::new(telemetry);
    shown.monitor = Some(monitor.clone());
    let row = shown.row("health_check/database/1");
    assert_eq!(
        (&row["state"], &row["severity"]),
        (&json!("unknown"), &json!(2))
    );

    monitor.check_now().await;
    let row = shown.row("health_check/database/1");
    assert_eq!(
        (&row["state"], &row["severity"]),
        (&json!("unhealthy"), &json!(3))
    );
    assert_eq!(
        (&row["why"], &row["facts"]["required"]),
        (&json!("refused"), &json!(true))
    );
    assert_eq!(row["actions"], json!(["check_now"]));
    assert_eq!(shown.row("health_check/cache/1")["severity"], 2);
    let warnings = shown.warnings();
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0]["id"], "health/health_check/database/1");
    // The monitor's own row would say the same once more.
    assert_eq!(shown.board.sorted().len(), 2);

    monitor.deregister("cache");
    assert_eq!(shown.read().removed, ["health_check/cache/1"]);
}
