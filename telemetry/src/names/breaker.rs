//! The metrics of circuit breakers.

use super::{MODE, OUTCOME, STATE};
use crate::attribute::Attribute;
use crate::instrument::Instrument;

/// Calls by [`OUTCOME`].
pub const BREAKER_CALLS: Instrument = Instrument::counter(
    "resilience.circuit_breaker.calls",
    "{call}",
    "Calls that ended or were rejected, by outcome; a panic is a failure.",
)
.by(&[Attribute::one_of(
    OUTCOME,
    &["success", "failure", "ignored", "abandoned", "rejected"],
)])
.with_history();
/// One-hot by [`STATE`].
pub const BREAKER_STATE: Instrument = Instrument::gauge(
    "resilience.circuit_breaker.state",
    "{circuit_breaker}",
    "1 for the state the circuit breaker is in, 0 for the others.",
)
.by(&[Attribute::one_of(STATE, &["closed", "open", "half_open"])])
.with_history();
/// Transitions by the [`STATE`] that was entered.
pub const BREAKER_TRANSITIONS: Instrument = Instrument::counter(
    "resilience.circuit_breaker.transitions",
    "{transition}",
    "Transitions, by the state that was entered.",
)
.by(&[Attribute::one_of(STATE, &["closed", "open", "half_open"])]);
/// When the next probe can pass. Absent unless the breaker is open, and while nobody knows.
pub const BREAKER_RETRY_AFTER: Instrument = Instrument::gauge_f64(
    "resilience.circuit_breaker.retry_after",
    "s",
    "In how long the open circuit breaker lets the next call through.",
);
/// The share of calls that pass. Absent unless the breaker ramps up after it has closed.
pub const BREAKER_RAMP_UP_RATIO: Instrument = Instrument::gauge_f64(
    "resilience.circuit_breaker.ramp_up.ratio",
    "1",
    "The share of calls let through while the circuit breaker ramps up.",
);
/// One-hot by [`MODE`].
pub const BREAKER_MODE: Instrument = Instrument::gauge(
    "resilience.circuit_breaker.mode",
    "{circuit_breaker}",
    "1 for the mode the circuit breaker is in, 0 for the others.",
)
.by(&[Attribute::one_of(
    MODE,
    &[
        "automatic",
        "forced_open",
        "forced_closed",
        "disabled",
        "shadow",
    ],
)]);
/// When the mode ends. Absent unless it ends by itself.
pub const BREAKER_MODE_REMAINING: Instrument = Instrument::gauge_f64(
    "resilience.circuit_breaker.mode.remaining",
    "s",
    "In how long the mode ends by itself.",
);
/// Calls in flight.
pub const BREAKER_IN_FLIGHT: Instrument = Instrument::up_down_counter(
    "resilience.circuit_breaker.in_flight",
    "{call}",
    "Calls that were let through and have not ended.",
)
.with_history();
/// The run of failures that may open the breaker.
pub const BREAKER_CONSECUTIVE_FAILURES: Instrument = Instrument::gauge(
    "resilience.circuit_breaker.consecutive_failures",
    "{failure}",
    "Failures in a row that still count.",
);
/// Calls of a window, by which the rates are taken. Absent without a rule that needs a window, as are
/// the three that follow.
pub const BREAKER_WINDOW_CALLS: Instrument = Instrument::gauge(
    "resilience.circuit_breaker.window.calls",
    "{call}",
    "Calls in the window that the rates are taken of.",
);
/// The share of failures in the window. Absent without such a rule, and with too few calls to tell.
pub const BREAKER_FAILURE_RATIO: Instrument = Instrument::gauge_f64(
    "resilience.circuit_breaker.failure.ratio",
    "1",
    "The share of the calls in the window that failed.",
)
.with_history();
/// The share of slow calls. Absent without such a rule, and with too few calls to tell.
pub const BREAKER_SLOW_CALL_RATIO: Instrument = Instrument::gauge_f64(
    "resilience.circuit_breaker.slow_call.ratio",
    "1",
    "The share of slow calls in the window, with those in flight that are slow by now.",
);
/// Calls in flight that are slow already.
pub const BREAKER_SLOW_IN_FLIGHT: Instrument = Instrument::up_down_counter(
    "resilience.circuit_breaker.slow_in_flight",
    "{call}",
    "Calls in flight that are slow by now.",
);
/// Slow calls.
pub const BREAKER_SLOW_CALLS: Instrument = Instrument::counter(
    "resilience.circuit_breaker.slow_calls",
    "{call}",
    "Calls that ended and were slow, whatever their outcome.",
);
/// Calls that only the shadow mode let through.
pub const BREAKER_WOULD_REJECT: Instrument = Instrument::counter(
    "resilience.circuit_breaker.would_reject",
    "{call}",
    "Calls let through in shadow mode that would have been rejected otherwise.",
);
/// Panics of calls.
pub const BREAKER_PANICS: Instrument = Instrument::counter(
    "resilience.circuit_breaker.panics",
    "{panic}",
    "Calls that panicked; they count as failures too.",
);
/// Late results.
pub const BREAKER_STALE: Instrument = Instrument::counter(
    "resilience.circuit_breaker.stale_results",
    "{call}",
    "Results of calls from before the last transition; they moved no state.",
);
/// Panics of observers.
pub const BREAKER_OBSERVER_PANICS: Instrument = Instrument::counter(
    "resilience.circuit_breaker.observer_panics",
    "{panic}",
    "Observers of the circuit breaker that panicked.",
);

/// The metrics of a circuit breaker.
pub const BREAKER: &[Instrument] = &[
    BREAKER_CALLS,
    BREAKER_STATE,
    BREAKER_TRANSITIONS,
    BREAKER_RETRY_AFTER,
    BREAKER_RAMP_UP_RATIO,
    BREAKER_MODE,
    BREAKER_MODE_REMAINING,
    BREAKER_IN_FLIGHT,
    BREAKER_CONSECUTIVE_FAILURES,
    BREAKER_WINDOW_CALLS,
    BREAKER_FAILURE_RATIO,
    BREAKER_SLOW_CALL_RATIO,
    BREAKER_SLOW_IN_FLIGHT,
    BREAKER_SLOW_CALLS,
    BREAKER_WOULD_REJECT,
    BREAKER_PANICS,
    BREAKER_STALE,
    BREAKER_OBSERVER_PANICS,
];
