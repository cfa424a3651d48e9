//! The metrics of retries.

use super::{ATTEMPT, OUTCOME};
use crate::attribute::Attribute;
use crate::instrument::Instrument;

/// Calls by [`OUTCOME`].
pub const RETRY_CALLS: Instrument = Instrument::counter(
    "resilience.retry.calls",
    "{call}",
    "Calls that ended, by outcome.",
)
.by(&[Attribute::one_of(
    OUTCOME,
    &[
        "first_try",
        "after_retry",
        "exhausted",
        "deadline",
        "budget",
        "not_retryable",
        "retry_after_too_long",
        "breaker",
        "abandoned",
        "panicked",
    ],
)])
.with_history();
/// Attempts by [`ATTEMPT`]: first ones of calls that have ended, and every retry when it begins.
pub const RETRY_ATTEMPTS: Instrument = Instrument::counter(
    "resilience.retry.attempts",
    "{attempt}",
    "Attempts: the first ones of calls that have ended, and the retries.",
)
.by(&[Attribute::one_of(ATTEMPT, &["first", "retry"])])
.with_history();
/// Time in backoffs; divided by the retries it is the mean wait.
pub const RETRY_DELAY: Instrument = Instrument::counter_f64(
    "resilience.retry.delay",
    "s",
    "The waits between attempts, each in full when it begins.",
);
/// Attempts that took too long.
pub const RETRY_ATTEMPT_TIMEOUTS: Instrument = Instrument::counter(
    "resilience.retry.attempt_timeouts",
    "{attempt}",
    "Attempts that were cut off by the attempt timeout.",
);
/// Calls in a backoff.
pub const RETRY_WAITING: Instrument = Instrument::up_down_counter(
    "resilience.retry.waiting",
    "{call}",
    "Calls that wait for their next attempt.",
);
/// Panics of observers.
pub const RETRY_OBSERVER_PANICS: Instrument = Instrument::counter(
    "resilience.retry.observer_panics",
    "{panic}",
    "Observers of the retry that panicked.",
);

/// The metrics of a retry.
pub const RETRY: &[Instrument] = &[
    RETRY_CALLS,
    RETRY_ATTEMPTS,
    RETRY_DELAY,
    RETRY_ATTEMPT_TIMEOUTS,
    RETRY_WAITING,
    RETRY_OBSERVER_PANICS,
];
