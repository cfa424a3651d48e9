//! Rows of real components, in virtual time.

mod errors;
mod model;
mod time;

use std::time::Duration;

use serde_json::{Value, json};
use steadfast_breaker::{CircuitBreaker, Mode};
use steadfast_bulkhead::Bulkhead;
use steadfast_health::{Check, Monitor, Outcome};
use steadfast_retry::Retry;
use steadfast_telemetry::Telemetry;
use tokio::time::advance;

use super::taken::{Begun, Component, Taken};
use super::*;
use crate::builder::Thresholds;
use crate::clock;

/// A board, and what it is a board of.
struct Shown {
    telemetry: Telemetry,
    monitor: Option<Monitor>,
    dropped: u64,
    ticket: u64,
    /// How far the time of day has been set ahead, in milliseconds.
    stepped: i64,
    board: Board,
}

impl Shown {
    fn new(telemetry: Telemetry) -> Self {
        Self {
            telemetry,
            monitor: None,
            dropped: 0,
            ticket: 0,
            stepped: 0,
            board: Board::new(Thresholds::default()),
        }
    }

    fn read(&mut self) -> Change {
        let taken = self.taken();
        self.board.take(taken)
    }

    fn taken(&mut self) -> Taken {
        self.ticket += 1;
        let begun = Begun {
            ticket: self.ticket,
            now: clock::now(),
            at: clock::millis(clock::wall()).saturating_add_signed(self.stepped),
        };
        let components = self.telemetry.snapshot().components.into_iter();
        let components = components.map(|snapshot| Component {
            snapshot,
            actions: Vec::new(),
            by: None,
            grew: Vec::new(),
        });
        Taken {
            begun,
            components: components.collect(),
            report: self.monitor.as_ref().map(Monitor::get_health),
            check_actions: vec!["check_now"],
            all: true,
            dropped: self.dropped,
        }
    }

    /// The row of this id, read now.
    fn row(&mut self, id: &str) -> Value {
        self.read();
        let row = self.board.row(id);
        serde_json::to_value(&**row.unwrap_or_else(|| panic!("{id}"))).unwrap()
    }

    fn warnings(&self) -> Vec<Value> {
        let warnings = self.board.warnings().into_iter();
        warnings
            .map(|one| serde_json::to_value(&one).unwrap())
            .collect()
    }
}

fn breaker() -> (CircuitBreaker, Shown) {
    let breaker = CircuitBreaker::builder("payments")
        .failure_threshold(5)
        .failure_rate(0.5)
        .min_calls(10)
        .open_for(Duration::from_secs(30))
        .build()
        .unwrap();
    let telemetry = Telemetry::new();
    telemetry.watch(&breaker);
    (breaker, Shown::new(telemetry))
}

const PAYMENTS: &str = "circuit_breaker/payments/1";

fn call(breaker: &CircuitBreaker, ok: bool) {
    let _ = breaker.call_blocking(|| if ok { Ok(()) } else { Err("refused") });
}

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

#[tokio::test(start_paused = true)]
async fn the_worst_come_first_then_by_kind_and_name() {
    let telemetry = Telemetry::new();
    let make = |name: &str| {
        let breaker = CircuitBreaker::builder(name)
            .failure_threshold(1)
            .build()
            .unwrap();
        telemetry.watch(&breaker);
        breaker
    };
    let (_b, c, _a) = (make("b"), make("c"), make("a"));
    let bulkhead = Bulkhead::builder("z").build().unwrap();
    telemetry.watch(&bulkhead);
    call(&c, false);
    let mut shown = Shown::new(telemetry.clone());
    shown.read();
    let names: Vec<_> = shown
        .board
        .sorted()
        .iter()
        .map(|row| row.name.clone())
        .collect();
    assert_eq!(names, ["c", "z", "a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_comes_late_does_not_undo_what_is_newer() {
    let (breaker, mut shown) = breaker();
    shown.read();
    let old = shown.taken();
    (0..5).for_each(|_| call(&breaker, false));
    let met = CircuitBreaker::builder("met").build().unwrap();
    shown.telemetry.watch(&met);
    advance(Duration::from_secs(1)).await;
    shown.read();
    let at = shown.board.at;
    let change = shown.board.take(old);
    assert_eq!(shown.board.at, at);
    assert!(
        change.rows.is_empty() && change.removed.is_empty(),
        "{change:?}"
    );
    assert_eq!(shown.board.row(PAYMENTS).unwrap().state, "open");
    drop(met);
    assert_eq!(shown.read().removed, ["circuit_breaker/met/1"]);
}

#[tokio::test(start_paused = true)]
async fn two_of_one_name_have_two_rows() {
    let telemetry = Telemetry::new();
    let make = || CircuitBreaker::builder("payments").build().unwrap();
    let (one, other) = (make(), make());
    telemetry.watch(&one);
    telemetry.watch(&other);
    call(&other, true);
    let mut shown = Shown::new(telemetry);
    assert_eq!(shown.row(PAYMENTS)["facts"]["total_success"], 0);
    assert_eq!(
        shown.row("circuit_breaker/payments/2")["facts"]["total_success"],
        1
    );
    assert_eq!(shown.board.count("circuit_breaker", "payments"), 2);
}

#[tokio::test(start_paused = true)]
async fn events_that_are_lost_are_a_warning_for_a_minute() {
    let (_breaker, mut shown) = breaker();
    for (dropped, seconds, warnings) in [
        (5, 0, 0), // before anybody looked
        (5, 1, 0),
        (6, 1, 1),
        (6, 59, 1),
        (6, 1, 0),
    ] {
        advance(Duration::from_secs(seconds)).await;
        shown.dropped = dropped;
        shown.read();
        assert_eq!(shown.warnings().len(), warnings, "{dropped} {seconds}");
        assert_eq!(shown.board.dropped, dropped);
    }
}

#[tokio::test(start_paused = true)]
async fn rows_that_are_gone_wait_for_no_turn() {
    let telemetry = Telemetry::new();
    let mut shown = Shown::new(telemetry.clone());
    for round in 0..20 {
        let breakers: Vec<_> = (0..200)
            .map(|number| {
                CircuitBreaker::builder(format!("{round}-{number}"))
                    .build()
                    .unwrap()
            })
            .collect();
        breakers.iter().for_each(|one| telemetry.watch(one));
        shown.read();
        breakers.iter().for_each(|one| call(one, true));
        shown.read();
        drop(breakers);
        shown.read();
        assert_eq!(shown.board.waiting(), 0);
    }
}

#[test]
fn the_metrics_of_the_adapters_have_the_names_that_are_looked_for() {
    let known = steadfast_http::metrics::ALL
        .iter()
        .chain(steadfast_amqp::metrics::ALL);
    let known: Vec<_> = known.map(|instrument| instrument.name()).collect();
    let sources = [
        include_str!("clients.rs"),
        include_str!("series.rs"),
        include_str!("tally.rs"),
    ];
    let mut found = 0;
    for quoted in sources.iter().flat_map(|source| source.split('"')) {
        let is_metric = quoted.starts_with("resilience.") || quoted.starts_with("amqp_resilient.");
        if is_metric {
            assert!(known.contains(&quoted), "{quoted}");
            found += 1;
        }
    }
    assert!(found > 20, "{found}");
}
