//! Rows of circuit breakers.

use std::time::Duration;

use serde_json::json;
use steadfast_breaker::Mode;
use tokio::time::advance;

use super::{PAYMENTS, breaker, call};

#[tokio::test(start_paused = true)]
async fn a_breaker_says_how_far_it_is_from_opening_by_its_nearest_rule() {
    let (breaker, mut shown) = breaker();
    for (ok, rule, share) in [
        (false, "consecutive_failures", 0.2),
        (false, "consecutive_failures", 0.4),
        (true, "consecutive_failures", 0.0),
    ] {
        call(&breaker, ok);
        let facts = &shown.row(PAYMENTS)["facts"];
        assert_eq!(
            (&facts["trip_rule"], &facts["trip_share"]),
            (&json!(rule), &json!(share))
        );
    }
    // Three failures of eleven calls, of which half is the limit.
    (0..7).for_each(|_| call(&breaker, true));
    call(&breaker, false);
    let row = shown.row(PAYMENTS);
    assert_eq!(row["facts"]["trip_rule"], "failure_rate");
    assert_eq!(row["facts"]["trip_share"], json!(0.5455));
    assert_eq!(row["facts"]["failure_ratio_limit"], json!(0.5));
    assert_eq!(
        (&row["severity"], &row["state"]),
        (&json!(0), &json!("closed"))
    );
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_is_critical_and_says_why_since_when_and_when_it_probes() {
    let (breaker, mut shown) = breaker();
    (0..5).for_each(|_| call(&breaker, false));
    let row = shown.row(PAYMENTS);
    assert_eq!(
        (&row["severity"], &row["state"]),
        (&json!(3), &json!("open"))
    );
    assert_eq!(row["why"], "5 consecutive calls failed");
    let (since, probe) = (&row["since"], &row["facts"]["next_probe_at"]);
    let waits = probe.as_u64().unwrap() - since.as_u64().unwrap();
    assert!((29_990..=30_010).contains(&waits), "{waits}");
}

#[tokio::test(start_paused = true)]
async fn every_mode_is_said_loudly_with_its_reason() {
    let (breaker, mut shown) = breaker();
    for (mode, state, severity) in [
        (Mode::ForcedOpen, "forced_open", 2),
        (Mode::ForcedClosed, "forced_closed", 2),
        (Mode::Disabled, "disabled", 2),
        (Mode::Shadow, "shadow", 1),
    ] {
        breaker.set_mode(mode, "being moved");
        let row = shown.row(PAYMENTS);
        assert_eq!(
            (&row["state"], &row["severity"]),
            (&json!(state), &json!(severity))
        );
        assert!(
            row["why"].as_str().unwrap().ends_with(": being moved"),
            "{row}"
        );
        assert_eq!(row["facts"]["mode_reason"], "being moved");
        assert_eq!(
            shown.warnings().len(),
            usize::from(severity == 2),
            "{state}"
        );
    }
    breaker.reset();
    assert_eq!(shown.row(PAYMENTS)["state"], "closed");
    assert_eq!(shown.warnings().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_is_open_for_long_is_a_warning() {
    let (breaker, mut shown) = breaker();
    (0..5).for_each(|_| call(&breaker, false));
    shown.read();
    assert_eq!(shown.warnings().len(), 0);
    advance(Duration::from_secs(301)).await;
    let change = shown.read();
    assert!(change.warnings.is_some());
    let warnings = shown.warnings();
    assert_eq!(warnings[0]["id"], "breaker_open/circuit_breaker/payments/1");
    assert_eq!(warnings[0]["severity"], 3);
    let text = "circuit breaker payments has been open for more than 5 min";
    assert_eq!(warnings[0]["text"], text);
    advance(Duration::from_secs(1)).await;
    assert!(shown.read().warnings.is_none(), "it is the same warning");
}
