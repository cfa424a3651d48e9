//! The rows together: their order, their turns, what is gone.

use std::time::Duration;

use steadfast_breaker::CircuitBreaker;
use steadfast_bulkhead::Bulkhead;
use steadfast_telemetry::Telemetry;
use tokio::time::advance;

use super::{PAYMENTS, Shown, breaker, call};

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
    let mut instances = shown.board.instances("circuit_breaker", "payments");
    instances.sort_unstable();
    assert_eq!(instances, [1, 2]);
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
