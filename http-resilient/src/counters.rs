//! The counters behind [`Totals`]. Relaxed throughout: no decision rests on them.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::authority::Counted;
use crate::error::Error;
use crate::snapshot::Totals;

/// A count that orders nothing, hence relaxed.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    in_flight: AtomicU64,
    requests: Counter,
    pub(crate) attempts: Counter,
    responses: Counter,
    invalid: Counter,
    circuit_open: Counter,
    bulkhead_full: Counter,
    timed_out: Counter,
    deadline_exceeded: Counter,
    failed: Counter,
    throttled: Counter,
    too_large: Counter,
    abandoned: Counter,
    pub(crate) drained: Counter,
    pub(crate) cut_off: Counter,
    pub(crate) fallbacks: Counter,
    pub(crate) coalesced: Counter,
    pub(crate) redirects: Counter,
    pub(crate) throttle_waits: Counter,
    pub(crate) rate_limit_waits: Counter,
}

impl Counters {
    /// Counts a request as in flight until it [ends](Ongoing::end) or is dropped.
    pub(crate) fn begin(&self) -> Ongoing<'_> {
        self.requests.add();
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Ongoing {
            counters: self,
            ended: false,
        }
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn totals(&self, authorities: &Counted, observer_panics: u64) -> Totals {
        let read = Counter::read;
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
            throttled: read(&self.throttled),
            too_large: read(&self.too_large),
            abandoned: read(&self.abandoned),
            drained: read(&self.drained),
            cut_off: read(&self.cut_off),
            fallbacks: read(&self.fallbacks),
            coalesced: read(&self.coalesced),
            redirects: read(&self.redirects),
            throttle_waits: read(&self.throttle_waits),
            rate_limit_waits: read(&self.rate_limit_waits),
            evicted: authorities.evicted,
            overflowed: authorities.overflowed,
            observer_panics,
        }
    }

    fn ending(&self, error: &Error) -> &Counter {
        match error {
            Error::InvalidRequest { .. } | Error::Config { .. } => &self.invalid,
            Error::CircuitOpen { .. } => &self.circuit_open,
            Error::BulkheadFull { .. } => &self.bulkhead_full,
            Error::AttemptTimeout { .. } => &self.timed_out,
            Error::DeadlineExceeded { .. } => &self.deadline_exceeded,
            Error::Throttled { .. } => &self.throttled,
            Error::BodyTooLarge { .. } => &self.too_large,
            Error::Coalesced { source } => self.ending(source),
            Error::Redirect { .. } | Error::Request { .. } | Error::Response { .. } => &self.failed,
            #[cfg(feature = "middleware")]
            Error::Middleware { .. } => &self.failed,
        }
    }
}

/// A request in flight. Dropped before it ends, it counts itself as abandoned.
#[derive(Debug)]
pub(crate) struct Ongoing<'c> {
    counters: &'c Counters,
    ended: bool,
}

impl Ongoing<'_> {
    /// It ends in a response, or in an error.
    pub(crate) fn end(mut self, error: Option<&Error>) {
        self.ended = true;
        let counters = self.counters;
        let ending = error.map_or(&counters.responses, |error| counters.ending(error));
        ending.add();
    }
}

impl Drop for Ongoing<'_> {
    fn drop(&mut self) {
        self.counters.in_flight.fetch_sub(1, Ordering::Relaxed);
        if !self.ended {
            self.counters.abandoned.add();
        }
    }
}
