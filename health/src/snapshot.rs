//! What the monitor knows, as plain data.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::component::Component;
use crate::standing::Standing;
use crate::status::{Importance, Status};

/// A consistent reading of a whole monitor, taken under its lock.
///
/// # How components roll up
/// | a component that is | contributes if required | contributes if optional |
/// |---|---|---|
/// | healthy | healthy | healthy |
/// | degraded | degraded | degraded |
/// | unknown | unknown | degraded |
/// | unhealthy | unhealthy | degraded |
///
/// The worst contribution is the status of the whole; from best to worst: healthy, degraded,
/// unknown, unhealthy. Readiness looks at all components, liveness at those registered with
/// [`Check::liveness(true)`](crate::Check::liveness) only. No components at all are healthy: there
/// is nothing that could fail.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The monitor's name.
    pub name: Arc<str>,
    /// The status of the whole; the same as [`readiness`](Self::readiness).
    pub status: Status,
    /// Whether the process should go on: the roll-up of the components that count for liveness.
    pub liveness: Status,
    /// Whether the service can do its work: the roll-up of all components.
    pub readiness: Status,
    /// The components in the order of their registration.
    pub components: Vec<ComponentReport>,
    /// Observer calls that panicked since the monitor was built.
    pub observer_panics: u64,
    /// The time of day when the report was made.
    pub at: SystemTime,
}

impl Report {
    /// The component of that name.
    #[must_use]
    pub fn component(&self, name: &str) -> Option<&ComponentReport> {
        self.components
            .iter()
            .find(|component| *component.name == *name)
    }
}

/// What is known of one component.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ComponentReport {
    /// The check's name.
    pub name: Arc<str>,
    /// The status, after damping; unknown without a result that is recent enough.
    pub status: Status,
    /// Whether the service can work without it.
    pub importance: Importance,
    /// Whether it counts for liveness as well.
    pub liveness: bool,
    /// What the latest result said, even where damping keeps it from changing the status.
    pub message: Option<Arc<str>>,
    /// The details of the latest result.
    pub details: BTreeMap<String, String>,
    /// How long ago the latest result came; `None` if there was none yet.
    pub checked_ago: Option<Duration>,
    /// How long the latest run took.
    pub duration: Option<Duration>,
    /// Unhealthy results in a row, up to the latest.
    pub consecutive_bad: u32,
    /// Runs that ended with a result, timeouts and panics included.
    pub checks: u64,
    /// Runs that did not answer within their timeout.
    pub timeouts: u64,
    /// Runs that panicked.
    pub panics: u64,
    /// Runs that were dropped before they ended, with their runner or their `check_now`.
    pub abandoned: u64,
}

impl ComponentReport {
    pub(crate) fn new(component: &Component, standing: &Standing, now: Instant) -> Self {
        let rules = &component.rules;
        let last = standing.last();
        Self {
            name: Arc::clone(&component.name),
            status: standing.status(rules, now),
            importance: rules.importance,
            liveness: rules.liveness,
            message: standing.message(rules, now),
            details: last.map(|last| last.details.clone()).unwrap_or_default(),
            checked_ago: last.map(|last| now.saturating_duration_since(last.at)),
            duration: last.map(|last| last.duration),
            consecutive_bad: standing.consecutive_bad,
            checks: standing.checks,
            timeouts: standing.timeouts,
            panics: standing.panics,
            abandoned: component.abandoned(),
        }
    }
}
