//! The metrics of health monitors.

use super::{COMPONENT, OUTCOME, PROBE, STATE};
use crate::attribute::Attribute;
use crate::instrument::Instrument;

const STATUSES: [&str; 4] = ["healthy", "degraded", "unhealthy", "unknown"];

/// One-hot by [`STATE`] for each [`PROBE`].
pub const HEALTH_STATUS: Instrument = Instrument::gauge(
    "resilience.health.status",
    "{monitor}",
    "1 for the status that all checks roll up to, 0 for the others.",
)
.by(&[
    Attribute::one_of(PROBE, &["liveness", "readiness"]),
    Attribute::one_of(STATE, &STATUSES),
])
.with_history();
/// One-hot by [`STATE`] for each [`COMPONENT`].
pub const HEALTH_COMPONENT_STATUS: Instrument = Instrument::gauge(
    "resilience.health.component.status",
    "{check}",
    "1 for the status the health check found, 0 for the others.",
)
.by(&[
    Attribute::any(COMPONENT),
    Attribute::one_of(STATE, &STATUSES),
]);
/// Runs of checks by [`COMPONENT`] and [`OUTCOME`].
pub const HEALTH_CHECKS: Instrument = Instrument::counter(
    "resilience.health.checks",
    "{check}",
    "Runs of health checks, by how they ended.",
)
.by(&[
    Attribute::any(COMPONENT),
    Attribute::one_of(OUTCOME, &["answered", "timed_out", "panicked", "abandoned"]),
]);
/// How long the last run took, by [`COMPONENT`]. Absent until there was one.
pub const HEALTH_CHECK_LAST_DURATION: Instrument = Instrument::gauge_f64(
    "resilience.health.check.last_duration",
    "s",
    "How long the last run of the health check took.",
)
.by(&[Attribute::any(COMPONENT)]);
/// Panics of observers.
pub const HEALTH_OBSERVER_PANICS: Instrument = Instrument::counter(
    "resilience.health.observer_panics",
    "{panic}",
    "Observers of the health monitor that panicked.",
);

/// The metrics of a health monitor.
pub const HEALTH: &[Instrument] = &[
    HEALTH_STATUS,
    HEALTH_COMPONENT_STATUS,
    HEALTH_CHECKS,
    HEALTH_CHECK_LAST_DURATION,
    HEALTH_OBSERVER_PANICS,
];
