//! Every metric and attribute name, in one place. The README has the same as tables.
//!
//! The names are OpenTelemetry's, with dots; Prometheus sees `resilience.retry.calls` as
//! `resilience_retry_calls_total`. Every series carries [`NAME`], except those about telemetry
//! itself and those of OpenTelemetry's own conventions.

mod http;
mod messaging;

pub use self::http::*;
pub use self::messaging::*;
use crate::instrument::Instrument;

/// `resilience.name`: the component's name.
pub const NAME: &str = "resilience.name";
/// `resilience.instance`: `2` for a second live component of the same kind and name, and so on.
/// Absent on the first.
pub const INSTANCE: &str = "resilience.instance";
/// `resilience.outcome`: how a call, a checkout, a check or an event ended.
pub const OUTCOME: &str = "resilience.outcome";
/// `resilience.state`: a state or a status.
pub const STATE: &str = "resilience.state";
/// `resilience.mode`: who decides in a circuit breaker, it or an operator.
pub const MODE: &str = "resilience.mode";
/// `resilience.attempt`: `first` or `retry`.
pub const ATTEMPT: &str = "resilience.attempt";
/// `resilience.component`: a health check's name.
pub const COMPONENT: &str = "resilience.component";
/// `resilience.probe`: `liveness` or `readiness`.
pub const PROBE: &str = "resilience.probe";
/// `resilience.event`: an [`EventKind`](crate::EventKind).
pub const EVENT: &str = "resilience.event";
/// `resilience.handler`: the id of an event handler.
pub const HANDLER: &str = "resilience.handler";
/// `error.type`: OpenTelemetry's own attribute; what kind of failure it was.
pub const ERROR_TYPE: &str = "error.type";

/// Calls by [`OUTCOME`]: `success`, `failure`, `ignored`, `abandoned`, `rejected`.
pub const BREAKER_CALLS: Instrument = Instrument::counter(
    "resilience.circuit_breaker.calls",
    "{call}",
    "Calls that ended or were rejected, by outcome; a panic is a failure.",
);
/// One-hot by [`STATE`]: `closed`, `open`, `half_open`.
pub const BREAKER_STATE: Instrument = Instrument::gauge(
    "resilience.circuit_breaker.state",
    "{circuit_breaker}",
    "1 for the state the circuit breaker is in, 0 for the others.",
);
/// Transitions by the [`STATE`] that was entered.
pub const BREAKER_TRANSITIONS: Instrument = Instrument::counter(
    "resilience.circuit_breaker.transitions",
    "{transition}",
    "Transitions, by the state that was entered.",
);
/// One-hot by [`MODE`]: `automatic`, `forced_open`, `forced_closed`, `disabled`, `shadow`.
pub const BREAKER_MODE: Instrument = Instrument::gauge(
    "resilience.circuit_breaker.mode",
    "{circuit_breaker}",
    "1 for the mode the circuit breaker is in, 0 for the others.",
);
/// Calls in flight.
pub const BREAKER_IN_FLIGHT: Instrument = Instrument::up_down_counter(
    "resilience.circuit_breaker.in_flight",
    "{call}",
    "Calls that were let through and have not ended.",
);
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
);
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

/// Calls by [`OUTCOME`]: `first_try`, `after_retry`, `exhausted`, `deadline`, `budget`,
/// `not_retryable`, `retry_after_too_long`, `breaker`, `abandoned`, `panicked`.
pub const RETRY_CALLS: Instrument = Instrument::counter(
    "resilience.retry.calls",
    "{call}",
    "Calls that ended, by outcome.",
);
/// Attempts by [`ATTEMPT`]: `first` of calls that have ended, and every `retry` when it begins.
pub const RETRY_ATTEMPTS: Instrument = Instrument::counter(
    "resilience.retry.attempts",
    "{attempt}",
    "Attempts: the first ones of calls that have ended, and the retries.",
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

/// Places taken.
pub const BULKHEAD_IN_FLIGHT: Instrument = Instrument::up_down_counter(
    "resilience.bulkhead.in_flight",
    "{call}",
    "Places of the bulkhead that are taken.",
);
/// Callers in line.
pub const BULKHEAD_QUEUED: Instrument = Instrument::up_down_counter(
    "resilience.bulkhead.queued",
    "{call}",
    "Callers that wait for a place.",
);
/// Places there are.
pub const BULKHEAD_LIMIT: Instrument = Instrument::up_down_counter(
    "resilience.bulkhead.limit",
    "{call}",
    "Places the bulkhead has.",
);
/// Callers that may wait.
pub const BULKHEAD_QUEUE_LIMIT: Instrument = Instrument::up_down_counter(
    "resilience.bulkhead.queue.limit",
    "{call}",
    "Callers that may wait for a place at a time.",
);
/// Permits given out by [`OUTCOME`]: `at_once`, `after_wait`.
pub const BULKHEAD_ACQUIRED: Instrument = Instrument::counter(
    "resilience.bulkhead.acquired",
    "{call}",
    "Places given out, at once or after a wait.",
);
/// Refusals by [`ERROR_TYPE`]: `full`, `timeout`, `closed`, `too_many`.
pub const BULKHEAD_REJECTED: Instrument = Instrument::counter(
    "resilience.bulkhead.rejected",
    "{call}",
    "Callers that were rejected, by reason.",
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

/// Resources by [`STATE`]: `idle`, `lent`.
pub const POOL_RESOURCES: Instrument = Instrument::up_down_counter(
    "resilience.pool.resources",
    "{resource}",
    "Resources of the pool, idle or lent out.",
);
/// Checkouts by [`OUTCOME`]: `recycled`, `created`.
pub const POOL_SERVED: Instrument = Instrument::counter(
    "resilience.pool.served",
    "{resource}",
    "Resources provided, used before or newly created.",
);
/// Resources gone.
pub const POOL_DISCARDED: Instrument = Instrument::counter(
    "resilience.pool.discarded",
    "{resource}",
    "Resources that left the pool.",
);
/// Failures to create by [`ERROR_TYPE`]: `error`, `timeout`, `abandoned`.
pub const POOL_CREATE_FAILURES: Instrument = Instrument::counter(
    "resilience.pool.create_failures",
    "{failure}",
    "Attempts to create a resource that brought none.",
);

/// One-hot by [`STATE`] for each [`PROBE`]: `healthy`, `degraded`, `unhealthy`, `unknown`.
pub const HEALTH_STATUS: Instrument = Instrument::gauge(
    "resilience.health.status",
    "{monitor}",
    "1 for the status that all checks roll up to, 0 for the others.",
);
/// One-hot by [`STATE`] for each [`COMPONENT`]: `healthy`, `degraded`, `unhealthy`, `unknown`.
pub const HEALTH_COMPONENT_STATUS: Instrument = Instrument::gauge(
    "resilience.health.component.status",
    "{check}",
    "1 for the status the health check found, 0 for the others.",
);
/// Runs of checks by [`COMPONENT`] and [`OUTCOME`]: `answered`, `timed_out`, `panicked`,
/// `abandoned`.
pub const HEALTH_CHECKS: Instrument = Instrument::counter(
    "resilience.health.checks",
    "{check}",
    "Runs of health checks, by how they ended.",
);
/// How long the last run took, by [`COMPONENT`]. Absent until there was one.
pub const HEALTH_CHECK_LAST_DURATION: Instrument = Instrument::gauge_f64(
    "resilience.health.check.last_duration",
    "s",
    "How long the last run of the health check took.",
);
/// Panics of observers.
pub const HEALTH_OBSERVER_PANICS: Instrument = Instrument::counter(
    "resilience.health.observer_panics",
    "{panic}",
    "Observers of the health monitor that panicked.",
);

/// Events that some handler wanted, by [`EVENT`] and [`OUTCOME`]: `queued`, `dropped`.
pub const EVENTS: Instrument = Instrument::counter(
    "resilience.telemetry.events",
    "{event}",
    "Events that some handler wanted: queued, or dropped because the queue was full.",
);
/// Panics of event handlers by [`HANDLER`].
pub const HANDLER_PANICS: Instrument = Instrument::counter(
    "resilience.telemetry.handler_panics",
    "{panic}",
    "Calls of the event handler that panicked.",
);
/// Panics of sources.
pub const SOURCE_PANICS: Instrument = Instrument::counter(
    "resilience.telemetry.source_panics",
    "{panic}",
    "Collections of a source that panicked; its samples were left out.",
);

/// The metrics of a circuit breaker.
pub const BREAKER: &[Instrument] = &[
    BREAKER_CALLS,
    BREAKER_STATE,
    BREAKER_TRANSITIONS,
    BREAKER_MODE,
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

/// The metrics of a retry.
pub const RETRY: &[Instrument] = &[
    RETRY_CALLS,
    RETRY_ATTEMPTS,
    RETRY_WAITING,
    RETRY_OBSERVER_PANICS,
];

/// The metrics of a bulkhead.
pub const BULKHEAD: &[Instrument] = &[
    BULKHEAD_IN_FLIGHT,
    BULKHEAD_QUEUED,
    BULKHEAD_LIMIT,
    BULKHEAD_QUEUE_LIMIT,
    BULKHEAD_ACQUIRED,
    BULKHEAD_REJECTED,
    BULKHEAD_ABANDONED,
    BULKHEAD_QUEUE_TIME,
    BULKHEAD_PEAK_IN_FLIGHT,
    BULKHEAD_PEAK_QUEUED,
    BULKHEAD_OBSERVER_PANICS,
];

/// The metrics that a pool has besides those of its bulkhead.
pub const POOL: &[Instrument] = &[
    POOL_RESOURCES,
    POOL_SERVED,
    POOL_DISCARDED,
    POOL_CREATE_FAILURES,
];

/// The metrics of a health monitor.
pub const HEALTH: &[Instrument] = &[
    HEALTH_STATUS,
    HEALTH_COMPONENT_STATUS,
    HEALTH_CHECKS,
    HEALTH_CHECK_LAST_DURATION,
    HEALTH_OBSERVER_PANICS,
];

/// The metrics about telemetry itself.
pub const TELEMETRY: &[Instrument] = &[EVENTS, HANDLER_PANICS, SOURCE_PANICS];

/// The metrics of everything that the enabled features can watch. They are created with the
/// telemetry object, so that watching a component later never has to wait for a collection.
pub(crate) const PRESENT: &[&[Instrument]] = &[
    #[cfg(feature = "breaker")]
    BREAKER,
    #[cfg(feature = "retry")]
    RETRY,
    #[cfg(feature = "bulkhead")]
    BULKHEAD,
    #[cfg(feature = "pool")]
    POOL,
    #[cfg(feature = "health")]
    HEALTH,
    TELEMETRY,
];
