//! The counters behind [`Totals`]. Relaxed throughout: no decision rests on them.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Error;
use crate::snapshot::Totals;

#[derive(Debug, Default)]
pub(crate) struct Counters {
    in_flight: AtomicU64,
    requests: AtomicU64,
    pub(crate) attempts: AtomicU64,
    responses: AtomicU64,
    invalid: AtomicU64,
    circuit_open: AtomicU64,
    bulkhead_full: AtomicU64,
    timed_out: AtomicU64,
    deadline_exceeded: AtomicU64,
    failed: AtomicU64,
    abandoned: AtomicU64,
    pub(crate) drained: AtomicU64,
    pub(crate) cut_off: AtomicU64,
}

impl Counters {
    /// Counts a request as in flight until it [ends](Ongoing::end) or is dropped.
    pub(crate) fn begin(&self) -> Ongoing<'_> {
        add_one(&self.requests);
        add_one(&self.in_flight);
        Ongoing {
            counters: self,
            ended: false,
        }
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn totals(&self, evicted: u64, observer_panics: u64) -> Totals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            requests: read(&self.requests),
            attempts: read(&self.attempts),
            responses: read(&self.responses),
            invalid: read(&self.invalid),
            circuit_open: read(&self.circuit_open),
            bulkhead_full: read(&self.bulkhead_full),
            timed_out: read(&self.timed_out),
            deadline_exceeded: read(&self.deadline_exceeded),
            failed: read(&self.failed),
            abandoned: read(&self.abandoned),
            drained: read(&self.drained),
            cut_off: read(&self.cut_off),
            evicted,
            observer_panics,
        }
    }

    fn ending(&self, error: &Error) -> &AtomicU64 {
        match error {
            Error::InvalidRequest { .. } => &self.invalid,
            Error::CircuitOpen { .. } => &self.circuit_open,
            Error::BulkheadFull { .. } => &self.bulkhead_full,
            Error::AttemptTimeout { .. } => &self.timed_out,
            Error::DeadlineExceeded { .. } => &self.deadline_exceeded,
            Error::Request { .. } => &self.failed,
        }
    }
}

pub(crate) fn add_one(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// A request in flight. Dropped before it ends, it counts itself as abandoned.
#[derive(Debug)]
pub(crate) struct Ongoing<'c> {
    counters: &'c Counters,
    ended: bool,
}

impl Ongoing<'_> {
    pub(crate) fn end<T>(self, result: Result<T, Error>) -> Result<T, Error> {
        match result {
            Ok(value) => {
                let counters = self.counters;
                self.count(&counters.responses);
                Ok(value)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    pub(crate) fn fail(self, error: Error) -> Error {
        let counters = self.counters;
        self.count(counters.ending(&error));
        error
    }

    fn count(mut self, ending: &AtomicU64) {
        self.ended = true;
        add_one(ending);
    }
}

impl Drop for Ongoing<'_> {
    fn drop(&mut self) {
        self.counters.in_flight.fetch_sub(1, Ordering::Relaxed);
        if !self.ended {
            add_one(&self.counters.abandoned);
        }
    }
}
