//! The metrics of bulkheads.

use super::{ERROR_TYPE, OUTCOME, PRIORITY};
use crate::attribute::Attribute;
use crate::instrument::Instrument;

/// Places taken.
pub const BULKHEAD_IN_FLIGHT: Instrument = Instrument::up_down_counter(
    "resilience.bulkhead.in_flight",
    "{call}",
    "Places of the bulkhead that are taken.",
)
.with_history();
/// Callers in line.
pub const BULKHEAD_QUEUED: Instrument = Instrument::up_down_counter(
    "resilience.bulkhead.queued",
    "{call}",
    "Callers that wait for a place.",
)
.with_history();
/// Callers in line by [`PRIORITY`].
pub const BULKHEAD_QUEUED_BY_PRIORITY: Instrument = Instrument::up_down_counter(
    "resilience.bulkhead.queued_by_priority",
    "{call}",
    "Callers that wait for a place, by their priority.",
)
.by(&[Attribute::one_of(PRIORITY, &["high", "normal", "low"])]);
/// Places there are.
pub const BULKHEAD_LIMIT: Instrument = Instrument::up_down_counter(
    "resilience.bulkhead.limit",
    "{call}",
    "Places the bulkhead has.",
)
.with_history();
/// Callers that may wait.
pub const BULKHEAD_QUEUE_LIMIT: Instrument = Instrument::up_down_counter(
    "resilience.bulkhead.queue.limit",
    "{call}",
    "Callers that may wait for a place at a time.",
);
/// Permits given out by [`OUTCOME`].
pub const BULKHEAD_ACQUIRED: Instrument = Instrument::counter(
    "resilience.bulkhead.acquired",
    "{call}",
    "Places given out, at once or after a wait.",
)
.by(&[Attribute::one_of(OUTCOME, &["at_once", "after_wait"])])
.with_history();
/// Refusals by [`ERROR_TYPE`].
pub const BULKHEAD_REJECTED: Instrument = Instrument::counter(
    "resilience.bulkhead.rejected",
    "{call}",
    "Callers that were rejected, by reason.",
)
.by(&[Attribute::one_of(
    ERROR_TYPE,
    &["full", "timeout", "closed", "too_many"],
)])
.with_history();
/// Callers who were in line already. They are among the `full` of [`BULKHEAD_REJECTED`].
pub const BULKHEAD_DISPLACED: Instrument = Instrument::counter(
    "resilience.bulkhead.displaced",
    "{call}",
    "Callers rejected as full that had waited on a place of another priority.",
);
/// Callers dropped in line.
pub const BULKHEAD_ABANDONED: Instrument = Instrument::counter(
    "resilience.bulkhead.abandoned",
    "{call}",
    "Callers that were dropped while they waited for a place.",
);
/// Time in line; divided by the `after_wait` of [`BULKHEAD_ACQUIRED`] it is the mean wait.
pub const BULKHEAD_QUEUE_TIME: Instrument = Instrument::counter_f64(
    "resilience.bulkhead.queue.time",
    "s",
    "Time spent waiting by those who got a place.",
);
/// Places that came back.
pub const BULKHEAD_COMPLETED: Instrument = Instrument::counter(
    "resilience.bulkhead.completed",
    "{call}",
    "Places given out that came back.",
);
/// Time that places were taken; divided by [`BULKHEAD_COMPLETED`] it is the mean. Absent unless the
/// bulkhead measures it, and until the first place has come back.
pub const BULKHEAD_HOLD_TIME: Instrument = Instrument::counter_f64(
    "resilience.bulkhead.hold.time",
    "s",
    "Time for which the places that came back were taken.",
);
/// The most places taken at a time.
pub const BULKHEAD_PEAK_IN_FLIGHT: Instrument = Instrument::gauge(
    "resilience.bulkhead.peak.in_flight",
    "{call}",
    "The most places ever taken at a time.",
);
/// The most callers in line at a time.
pub const BULKHEAD_PEAK_QUEUED: Instrument = Instrument::gauge(
    "resilience.bulkhead.peak.queued",
    "{call}",
    "The most callers that ever waited at a time.",
);
/// Panics of observers.
pub const BULKHEAD_OBSERVER_PANICS: Instrument = Instrument::counter(
    "resilience.bulkhead.observer_panics",
    "{panic}",
    "Observers of the bulkhead that panicked.",
);

/// The metrics of a bulkhead.
pub const BULKHEAD: &[Instrument] = &[
    BULKHEAD_IN_FLIGHT,
    BULKHEAD_QUEUED,
    BULKHEAD_QUEUED_BY_PRIORITY,
    BULKHEAD_LIMIT,
    BULKHEAD_QUEUE_LIMIT,
    BULKHEAD_ACQUIRED,
    BULKHEAD_REJECTED,
    BULKHEAD_DISPLACED,
    BULKHEAD_ABANDONED,
    BULKHEAD_QUEUE_TIME,
    BULKHEAD_COMPLETED,
    BULKHEAD_HOLD_TIME,
    BULKHEAD_PEAK_IN_FLIGHT,
    BULKHEAD_PEAK_QUEUED,
    BULKHEAD_OBSERVER_PANICS,
];
