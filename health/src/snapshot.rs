//! What the monitor knows, as plain data.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::about::About;
use crate::component::Component;
use crate::counts::Counts;
use crate::probe::Probe;
use crate::standing::Standing;
use crate::status::{Importance, Status};
use crate::wiring::View;

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
/// is nothing that could fail. What a required component [depends on](crate::Check::depends_on)
/// counts as required.
///
/// # Startup
/// The service has come up when every component that [counts for it](crate::Check::startup) was healthy
/// or degraded once; not at the same time, as each can fail again while another is still coming up. From then
/// on the startup is healthy for as long as the monitor lives, whatever fails, comes or goes. Until
/// then it is the worst of the components that have not been there yet, optional ones like any other:
/// unknown or unhealthy. Nothing to wait for is healthy, so register the checks before you serve the
/// endpoints, and before you start the runner.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The monitor's name.
    pub name: Arc<str>,
    /// What the service says of itself, for the JSON.
    pub about: Arc<About>,
    /// The status of the whole; the same as [`readiness`](Self::readiness).
    pub status: Status,
    /// Whether the process should go on: the roll-up of the components that count for liveness.
    pub liveness: Status,
    /// Whether the service can do its work: the roll-up of all components.
    pub readiness: Status,
    /// Whether the service has come up: healthy once it has, and from then on.
    pub startup: Status,
    /// The components in the order of their registration.
    pub components: Vec<ComponentReport>,
    /// Observer calls that panicked since the monitor was built.
    pub observer_panics: u64,
    /// Events that no observer heard of since the monitor was built, because one that did not return held up
    /// more than there is room for: 16384, and four for each component.
    pub events_dropped: u64,
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

    /// How many components have which status.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.components.iter().map(|each| each.status).sum()
    }

    /// The roll-up that answers this probe.
    #[must_use]
    pub fn status_of(&self, probe: Probe) -> Status {
        match probe {
            Probe::Liveness => self.liveness,
            Probe::Readiness => self.readiness,
            Probe::Startup => self.startup,
        }
    }

    /// The HTTP status that answers this probe.
    ///
    /// | status of the whole | liveness | readiness | startup |
    /// |---|---|---|---|
    /// | healthy | 200 | 200 | 200 |
    /// | degraded | 200 | 200 | |
    /// | unknown | 200 | 503 | 503 |
    /// | unhealthy | 503 | 503 | 503 |
    #[must_use]
    pub fn http_status_of(&self, probe: Probe) -> u16 {
        probe.http_status(self.status_of(probe))
    }

    /// The HTTP status for a readiness endpoint: 200 while healthy or degraded, 503 while unhealthy
    /// or unknown, so that no traffic comes before the first results.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        self.http_status_of(Probe::Readiness)
    }

    /// The HTTP status for a liveness endpoint: 503 only while unhealthy, 200 otherwise. Not to
    /// know is no reason to restart a process.
    #[must_use]
    pub fn liveness_http_status(&self) -> u16 {
        self.http_status_of(Probe::Liveness)
    }

    /// The HTTP status for a startup endpoint: 503 until the service has come up, 200 from then on.
    #[must_use]
    pub fn startup_http_status(&self) -> u16 {
        self.http_status_of(Probe::Startup)
    }
}

/// What is known of one component.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ComponentReport {
    /// The check's name.
    pub name: Arc<str>,
    /// The status, after damping; unknown without a result that is recent enough, and while the
    /// component waits for another.
    pub status: Status,
    /// Whether the service can work without it: required if the check is, or if one that is required
    /// depends on it.
    pub importance: Importance,
    /// Whether it counts for liveness as well.
    pub liveness: bool,
    /// Whether it counts for startup.
    pub startup: bool,
    /// Whether it was healthy or degraded once.
    pub has_started: bool,
    /// The checks without which this one makes no sense.
    pub depends_on: Arc<[Arc<str>]>,
    /// The check that keeps this one from being run: where the trouble began, which may be several
    /// steps away.
    pub waits_for: Option<Arc<str>>,
    /// What the latest result said, even where damping keeps it from changing the status; while the
    /// component waits for another, that.
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
    pub(crate) fn new(
        component: &Component,
        standing: &Standing,
        view: View,
        importance: Importance,
        has_started: bool,
        now: Instant,
    ) -> Self {
        let rules = &*component.rules();
        let last = standing.last();
        Self {
            name: Arc::clone(&component.name),
            status: view.status,
            importance,
            liveness: rules.liveness,
            startup: rules.startup,
            has_started,
            depends_on: Arc::clone(&rules.depends_on),
            message: match &view.waits_for {
                Some(waits_for) => Some(waits_for.message().into()),
                None => standing.message(now),
            },
            waits_for: view.waits_for.map(|waits_for| waits_for.name),
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
