//! All rows as they were last read.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use tokio::time::Instant;

use super::health::{self, Health};
use super::meter::Meter;
use super::reading::Reading;
use super::row::{Row, Severity, id_of};
use super::taken::{Begun, Component, Taken};
use super::tally;
use super::turns::{Turns, Waiting};
use super::warnings::{self, Warning};
use super::{breaker, bulkhead, clients, facts, kinds, retries};
use crate::builder::Thresholds;
use crate::clock::{millis, whole_millis};

/// What is different from the reading before.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) rows: Vec<Arc<Row>>,
    pub(crate) removed: Vec<String>,
    /// All warnings, if any of them is new or gone; with a reading of everything only.
    pub(crate) warnings: Option<Vec<Warning>>,
}

/// The rows, and what is needed to tell how they change.
#[derive(Debug)]
pub(crate) struct Board {
    thresholds: Thresholds,
    rows: BTreeMap<String, Arc<Row>>,
    /// Of the latest reading of each row.
    tickets: BTreeMap<String, u64>,
    meters: BTreeMap<String, Meter>,
    waiting: Waiting,
    /// By the id of the row that they are of.
    warnings: BTreeMap<String, Warning>,
    /// What all streams were told of them.
    told: Vec<Warning>,
    /// Whether events were lost lately.
    loses: bool,
    pub(crate) health: Option<Health>,
    /// When all of it was last read.
    pub(crate) read_at: Option<Instant>,
    /// The time of day at the newest reading. It may be set back.
    pub(crate) at: u64,
    /// The ticket of that reading.
    newest: u64,
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
            tickets: BTreeMap::new(),
            meters: BTreeMap::new(),
            waiting: Waiting::default(),
            warnings: BTreeMap::new(),
            told: Vec::new(),
            loses: false,
            health: None,
            read_at: None,
            at: 0,
            newest: 0,
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

    /// How many rows wait for their turn.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn row(&self, id: &str) -> Option<&Arc<Row>> {
        self.rows.get(id)
    }

    /// The instances of this kind and name that have a row.
    pub(crate) fn instances(&self, kind: &str, name: &str) -> Vec<usize> {
        let rows = self.rows.values();
        let rows = rows.filter(|row| row.kind == kind && row.name == name);
        rows.map(|row| row.instance).collect()
    }

    /// Takes a reading, and says what it has changed.
    pub(crate) fn take(&mut self, taken: Taken) -> Change {
        let Begun { ticket, now, at } = taken.begun;
        let all = taken.all;
        let has_been_read = self.read_at.is_some();
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
            let id = id_of(&id.kind, &id.name, id.instance);
            if self.is_newest(&id, ticket) {
                let row = self.row_of(&component, at, now);
                self.put(row, at, now, &mut change);
            }
            alive.insert(id);
        }
        if let Some(report) = &taken.report {
            self.health = Some(Health::of(report));
            for check in &report.components {
                let mut row = health::row(check, report);
                alive.insert(row.id.clone());
                row.actions.clone_from(&taken.check_actions);
                if self.is_newest(&row.id, ticket) {
                    self.put(row, millis(report.at), now, &mut change);
                }
            }
        } else if all {
            self.health = None;
        }
        if all {
            self.remove_others(&alive, ticket, |_| true, &mut change);
            self.read_at = Some(now);
            self.take_turns(&mut change);
        } else if taken.report.is_some() {
            let is_check = |row: &Row| row.kind == kinds::HEALTH_CHECK;
            self.remove_others(&alive, ticket, is_check, &mut change);
        }
        if ticket >= self.newest {
            self.newest = ticket;
            self.at = at;
        }
        if taken.dropped > self.dropped {
            self.dropped = taken.dropped;
            // What was lost before the first reading may be long ago.
            self.dropped_at = has_been_read.then_some(now);
        }
        self.warn(all, now, &mut change);
        change
    }

    /// Not of those that are gone.
    fn take_turns(&mut self, change: &mut Change) {
        let mut turns = Turns::default();
        while !turns.are_over() {
            let Some(id) = self.waiting.pop() else {
                return;
            };
            if let Some(row) = self.rows.get(&id) {
                turns.take(row);
                change.rows.push(Arc::clone(row));
            }
        }
    }

    /// Whether no later reading has told of this row. If so, this one is the latest.
    fn is_newest(&mut self, id: &str, ticket: u64) -> bool {
        match self.tickets.get_mut(id) {
            Some(latest) if *latest > ticket => false,
            Some(latest) => {
                *latest = ticket;
                true
            }
            None => {
                self.tickets.insert(id.to_owned(), ticket);
                true
            }
        }
    }

    /// Removes those of the rows in question that are not alive, unless a later reading has met them.
    fn remove_others(
        &mut self,
        alive: &HashSet<String>,
        ticket: u64,
        in_question: impl Fn(&Row) -> bool,
        change: &mut Change,
    ) {
        let rows = self.rows.iter();
        let gone = rows.filter(|(id, row)| {
            let is_newer = self.tickets.get(*id).is_some_and(|latest| *latest > ticket);
            in_question(row) && !is_newer && !alive.contains(*id)
        });
        change.removed = gone.map(|(id, _)| id.clone()).collect();
        for id in &change.removed {
            self.rows.remove(id);
            self.tickets.remove(id);
            self.meters.remove(id);
        }
        if !change.removed.is_empty() {
            let rows = &self.rows;
            self.waiting.retain(|id| rows.contains_key(id));
        }
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

    fn put(&mut self, mut row: Row, at: u64, now: Instant, change: &mut Change) {
        let before = self.rows.get(&row.id);
        let mut is_news = true;
        if let Some(before) = before {
            settle(&mut row, before, at, now);
            if row == **before {
                return;
            }
            is_news = is_news_after(&row, before);
        } else if row.since.is_none() && row.severity > Severity::Ok {
            // It may have been so for longer; nobody knows.
            row.since = Some(at);
            row.begun = Some(now);
        }
        let row = Arc::new(row);
        self.rows.insert(row.id.clone(), Arc::clone(&row));
        if is_news {
            self.waiting.remove(&row.id);
            change.rows.push(row);
        } else {
            self.waiting.push(&row.id);
        }
    }

    /// All warnings, the worst first.
    pub(crate) fn warnings(&self) -> Vec<Warning> {
        let mut all: Vec<_> = self.warnings.values().cloned().collect();
        all.extend(self.loses.then(Warning::events_dropped));
        all.sort_by(|one, other| one.rank().cmp(&other.rank()));
        all
    }

    /// Streams are told with readings of everything only: if very many components change at once, a list of all warnings
    /// with each of them would be very much.
    fn warn(&mut self, all: bool, now: Instant, change: &mut Change) {
        let of = |row: &Row| warnings::of(row, &self.thresholds, self.at);
        if !all {
            for row in &change.rows {
                match of(row) {
                    Some(warning) => self.warnings.insert(row.id.clone(), warning),
                    None => self.warnings.remove(&row.id),
                };
            }
            for id in &change.removed {
                self.warnings.remove(id);
            }
            return;
        }
        let rows = self.rows.iter();
        let warned = rows.filter_map(|(id, row)| Some((id.clone(), of(row)?)));
        self.warnings = warned.collect();
        self.loses = self
            .dropped_at
            .is_some_and(|dropped_at| now.saturating_duration_since(dropped_at) < DROPS_MATTER_FOR);
        let warnings = self.warnings();
        if warnings != self.told {
            self.told.clone_from(&warnings);
            change.warnings = Some(warnings);
        }
    }
}

/// Whether more than its numbers are different.
fn is_news_after(row: &Row, before: &Row) -> bool {
    row.severity != before.severity
        || row.state != before.state
        || row.gist() != before.gist()
        || row.actions != before.actions
}

/// Whether both are ways of a bulkhead to be short of places, between which it goes back and forth.
fn are_both_short(state: &str, before: &str) -> bool {
    let is_short = |state| matches!(state, "busy" | "full");
    is_short(state) && is_short(before)
}

/// Times that are computed from how long ago something was differ a little from reading to reading. A state that the
/// component does not date itself has begun when it was first seen, by a clock that does not step.
fn settle(row: &mut Row, before: &Row, at: u64, now: Instant) {
    let is_same = row.state == before.state || are_both_short(&row.state, &before.state);
    row.since = match (row.since, before.since) {
        (Some(since), Some(was)) if is_same => Some(facts::steady(since, was)),
        (Some(since), _) => Some(since),
        (None, was) if is_same => {
            row.begun = before.begun;
            let lasted = |begun| whole_millis(now.saturating_duration_since(begun));
            let since = row.begun.map(|begun| at.saturating_sub(lasted(begun)));
            was.map(|was| since.map_or(was, |since| facts::steady(since, was)))
        }
        (None, _) => {
            row.begun = Some(now);
            Some(at)
        }
    };
    for key in [
        "next_probe_at",
        "mode_expires_at",
        "last_error_at",
        "last_run_at",
        "connected_since",
        "next_try_at",
    ] {
        row.facts.steady(key, &before.facts);
    }
}
