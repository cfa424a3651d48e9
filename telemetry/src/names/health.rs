//! The metrics of health monitors.

use crate::instrument::Instrument;

/// One-hot by [`STATE`](super::STATE) for each [`PROBE`](super::PROBE): `healthy`, `degraded`, `unhealthy`, `unknown`.
pub const HEALTH_STATUS: Instrument = Instrument::gauge(
    "resilience.health.status",
    "{monitor}",
    "1 for the status that all checks roll up to, 0 for the others.",
);
/// One-hot by [`STATE`](super::STATE) for each [`COMPONENT`](super::COMPONENT): `healthy`, `degraded`, `unhealthy`, `unknown`.
pub const HEALTH_COMPONENT_STATUS: Instrument = Instrument::gauge(
    "resilience.health.component.status",
    "{check}",
    "1 for the status the health check found, 0 for the others.",
);
/// Runs of checks by [`COMPONENT`](super::COMPONENT) and [`OUTCOME`](super::OUTCOME): `answered`, `timed_out`, `panicked`,
/// `abandoned`.
pub const HEALTH_CHECKS: Instrument = Instrument::counter(
    "resilience.health.checks",
    "{check}",
    "Runs of health checks, by how they ended.",
);
/// How long the last run took, by [`COMPONENT`](super::COMPONENT). Absent until there was one.
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

/// The metrics of a health monitor.
pub const HEALTH: &[Instrument] = &[
    HEALTH_STATUS,
    HEALTH_COMPONENT_STATUS,
    HEALTH_CHECKS,
    HEALTH_CHECK_LAST_DURATION,
    HEALTH_OBSERVER_PANICS,
];
