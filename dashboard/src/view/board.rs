//! All rows as they were last read.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use steadfast_health::Report;
use steadfast_telemetry::ComponentSnapshot;
use tokio::time::Instant;

use super::health::{self, Health};
use super::meter::Meter;
use super::reading::Reading;
use super::row::{Row, Severity};
use super::tally::{self, MOST};
use super::warnings::{self, Warning};
use super::{breaker, bulkhead, clients, facts, kinds, retries};
use crate::builder::Thresholds;
use crate::clock::millis;

/// What was read, outside of any lock.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) now: Instant,
    /// In milliseconds since 1970.
    pub(crate) at: u64,
    pub(crate) components: Vec<Component>,
    pub(crate) report: Option<Report>,
    /// What may be done to each health check.
    pub(crate) check_actions: Vec<&'static str>,
    /// Whether these are all components there are: those that are missing are gone.
    pub(crate) all: bool,
    /// Events that nobody heard of so far.
    pub(crate) dropped: u64,
}

/// A component as it was read, and what the controls know of it.
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) snapshot: ComponentSnapshot,
    pub(crate) actions: Vec<&'static str>,
    /// Who has set its mode.
    pub(crate) by: Option<Arc<str>>,
    /// How much its counters grew in the seconds before, if it was not read in them.
    pub(crate) grew: Vec<[f64; MOST]>,
}

/// What is different from the reading before.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) rows: Vec<Arc<Row>>,
    pub(crate) removed: Vec<String>,
    /// All warnings, if any of them is new or gone.
    pub(crate) warnings: Option<Vec<Warning>>,
}

/// The rows, and what is needed to tell how they change.
#[derive(Debug)]
pub(crate) struct Board {
    thresholds: Thresholds,
    rows: BTreeMap<String, Arc<Row>>,
    meters: BTreeMap<String, Meter>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) health: Option<Health>,
    /// When all of it was last read.
    pub(crate) read_at: Option<Instant>,
    pub(crate) at: u64,
    pub(crate) dropped: u64,
    /// When the count of dropped events last grew.
    dropped_at: Option<Instant>,
}

/// How long a loss of events is worth a warning.
const DROPS_MATTER_FOR: std::time::Duration = std::time::Duration::from_secs(60);

impl Board {
    pub(crate) fn new(thresholds: Thresholds) -> Self {
        Self {
            thresholds,
            rows: BTreeMap::new(),
            meters: BTreeMap::new(),
            warnings: Vec::new(),
            health: None,
            read_at: None,
            at: 0,
            dropped: 0,
            dropped_at: None,
        }
    }

    /// The rows, worst first, then by kind and name.
    pub(crate) fn sorted(&self) -> Vec<Arc<Row>> {
        let mut rows: Vec<_> = self.rows.values().map(Arc::clone).collect();
        rows.sort_by(|a, b| {
            let worse = b.severity.cmp(&a.severity);
            worse.then_with(|| (&a.kind, &a.name, a.instance).cmp(&(&b.kind, &b.name, b.instance)))
        });
        rows
    }

    pub(crate) fn row(&self, id: &str) -> Option<&Arc<Row>> {
        self.rows.get(id)
    }

    /// How many rows are of this kind and name.
    pub(crate) fn count(&self, kind: &str, name: &str) -> usize {
        let rows = self.rows.values();
        rows.filter(|row| row.kind == kind && row.name == name)
            .count()
    }

    /// Takes a reading, and says what it has changed.
    pub(crate) fn take(&mut self, taken: Taken) -> Change {
        let (at, now, all) = (taken.at, taken.now, taken.all);
        let shown_monitor = taken.report.as_ref().map(|report| Arc::clone(&report.name));
        let mut change = Change::default();
        let mut alive = HashSet::new();
        for component in taken.components {
            let id = &component.snapshot.id;
            let is_shown_monitor =
                id.kind == kinds::HEALTH_MONITOR && shown_monitor.as_deref() == Some(&id.name);
            if id.kind == kinds::DASHBOARD || is_shown_monitor {
                continue;
            }
            let row = self.row_of(&component, at, now);
            self.put(row, at, &mut alive, &mut change);
        }
        if let Some(report) = &taken.report {
            self.health = Some(Health::of(report));
            for check in &report.components {
                let mut row = health::row(check, report);
                row.actions.clone_from(&taken.check_actions);
                self.put(row, millis(report.at), &mut alive, &mut change);
            }
        } else if all {
            self.health = None;
        }
        if all {
            let gone = self.rows.keys().filter(|id| !alive.contains(*id));
            change.removed = gone.cloned().collect();
            for id in &change.removed {
                self.rows.remove(id);
                self.meters.remove(id);
            }
            self.read_at = Some(now);
        } else if taken.report.is_some() {
            self.drop_checks(&alive, &mut change);
        }
        self.at = self.at.max(at);
        if taken.dropped > self.dropped {
            self.dropped = taken.dropped;
            self.dropped_at = Some(now);
        }
        let warnings = self.warn(now);
        if warnings != self.warnings {
            self.warnings.clone_from(&warnings);
            change.warnings = Some(warnings);
        }
        change
    }

    /// Checks that the monitor no longer has.
    fn drop_checks(&mut self, alive: &HashSet<String>, change: &mut Change) {
        let rows = &mut self.rows;
        rows.retain(|id, row| {
            let gone = row.kind == kinds::HEALTH_CHECK && !alive.contains(id);
            if gone {
                change.removed.push(id.clone());
            }
            !gone
        });
    }

    fn row_of(&mut self, component: &Component, at: u64, now: Instant) -> Row {
        let snapshot = &component.snapshot;
        let mut row = Row::new(&snapshot.id);
        row.group.clone_from(&snapshot.group);
        row.actions.clone_from(&component.actions);
        let meter = self.meters.entry(row.id.clone()).or_default();
        let counts = tally::read(snapshot);
        if meter.is_stale(now) {
            meter.seed(now, counts, &component.grew);
        }
        meter.read(now, counts);
        let reading = Reading {
            component: snapshot,
            at,
        };
        let reading = &reading;
        match snapshot.id.kind.as_ref() {
            kinds::BREAKER => breaker::fill(&mut row, reading, meter, component.by.as_deref()),
            kinds::BULKHEAD => bulkhead::fill(&mut row, reading, meter),
            kinds::POOL => bulkhead::fill_pool(&mut row, reading, meter),
            kinds::RETRY => {
                retries::fill(&mut row, reading, meter, self.thresholds.retry_share);
            }
            kinds::BUDGET => retries::fill_budget(&mut row, reading, meter),
            kinds::HEDGE => retries::fill_hedge(&mut row, reading, meter),
            kinds::HTTP => clients::fill_http(&mut row, reading, meter),
            kinds::AMQP => clients::fill_amqp(&mut row, reading, meter),
            _ => clients::fill_other(&mut row, reading),
        }
        row
    }

    fn put(&mut self, mut row: Row, at: u64, alive: &mut HashSet<String>, change: &mut Change) {
        alive.insert(row.id.clone());
        if let Some(before) = self.rows.get(&row.id) {
            settle(&mut row, before, at);
            if row == **before {
                return;
            }
        } else if row.since.is_none() && row.severity > Severity::Ok {
            // It may have been so for longer; nobody knows.
            row.since = Some(at);
        }
        let row = Arc::new(row);
        self.rows.insert(row.id.clone(), Arc::clone(&row));
        change.rows.push(row);
    }

    fn warn(&self, now: Instant) -> Vec<Warning> {
        let rows = self.rows.values();
        let mut all: Vec<_> = rows
            .filter_map(|row| warnings::of(row, &self.thresholds, self.at))
            .collect();
        let lost = self
            .dropped_at
            .is_some_and(|dropped_at| now.saturating_duration_since(dropped_at) < DROPS_MATTER_FOR);
        if lost {
            all.push(Warning::events_dropped());
        }
        all.sort_by(|one, other| one.rank().cmp(&other.rank()));
        all
    }
}

/// Times that are computed from how long ago something was differ a little from reading to reading. A state that the
/// component does not date itself has begun when it was first seen.
fn settle(row: &mut Row, before: &Row, at: u64) {
    row.since = match (row.since, before.since) {
        (Some(since), Some(was)) if row.state == before.state => Some(facts::steady(since, was)),
        (Some(since), _) => Some(since),
        (None, was) if row.state == before.state => was,
        (None, _) => Some(at),
    };
    for key in [
        "next_probe_at",
        "mode_expires_at",
        "last_run_at",
        "connected_since",
        "next_try_at",
    ] {
        row.facts.steady(key, &before.facts);
    }
}
