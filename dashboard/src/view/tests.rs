//! Rows of real components, in virtual time.

mod board;
mod breakers;
mod errors;
mod model;
mod others;
mod time;

use std::time::Duration;

use serde_json::Value;
use steadfast_breaker::CircuitBreaker;
use steadfast_health::Monitor;
use steadfast_telemetry::Telemetry;

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
