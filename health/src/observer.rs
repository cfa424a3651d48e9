//! The seam for telemetry: what happens is pushed, what stands is read from a report.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::counts::Counts;
use crate::probe::Probe;
use crate::status::Status;

/// Hears of finished runs and of changes. Every method defaults to nothing.
///
/// Observers run after the monitor's lock is released, one event at a time and in the order in
/// which things happened, on a thread that just finished a run: keep them short. A panic in one is
/// caught and counted ([`Report::observer_panics`](crate::Report::observer_panics)). An observer
/// may call the monitor; what that causes is told after the event at hand. While one does not return, events
/// wait, and beyond a bound are dropped and counted
/// ([`Report::events_dropped`](crate::Report::events_dropped)); no check waits.
pub trait Observer: Send + Sync {
    /// A run of a check has finished.
    fn checked(&self, checked: &Checked) {
        let _ = checked;
    }

    /// A status has changed.
    fn changed(&self, changed: &Changed) {
        let _ = changed;
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn checked(&self, checked: &Checked) {
        (**self).checked(checked);
    }

    fn changed(&self, changed: &Changed) {
        (**self).changed(changed);
    }
}

/// A run of a check that has finished.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// The monitor's name.
    pub name: Arc<str>,
    /// The check's name.
    pub component: Arc<str>,
    /// What this run found.
    pub result: Status,
    /// The component's status now. It can differ from `result`: by damping, or because what the
    /// component depends on broke while it was run.
    pub status: Status,
    /// Why this run's result is not healthy.
    pub message: Option<Arc<str>>,
    /// How long the run took.
    pub duration: Duration,
    /// How the run ended.
    pub ending: Ending,
    /// How many components of the monitor have which status now.
    pub counts: Counts,
}

/// How a run of a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// It answered.
    Answered,
    /// It panicked, which counts as unhealthy.
    Panicked,
    /// It was dropped after its timeout, or answered only then, which counts as unhealthy.
    TimedOut,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Answered => "answered",
            Self::Panicked => "panicked",
            Self::TimedOut => "timed out",
        })
    }
}

/// A change of status, of one component or of a roll-up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changed {
    /// The monitor's name.
    pub name: Arc<str>,
    /// What changed.
    pub subject: Subject,
    /// The status before.
    pub from: Status,
    /// The status now.
    pub to: Status,
    /// The check for which a component waits that became unknown: the alarm, if one is due, is about
    /// that one.
    pub waits_for: Option<Arc<str>>,
}

/// What a [`Changed`] is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subject {
    /// The component of this name.
    Component(Arc<str>),
    /// The roll-up of the components that count for liveness.
    Liveness,
    /// The roll-up of all components.
    Readiness,
    /// Whether the service has come up.
    Startup,
}

impl From<Probe> for Subject {
    fn from(probe: Probe) -> Self {
        match probe {
            Probe::Liveness => Self::Liveness,
            Probe::Readiness => Self::Readiness,
            Probe::Startup => Self::Startup,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Component(name) => f.pad(name),
            Self::Liveness => Probe::Liveness.fmt(f),
            Self::Readiness => Probe::Readiness.fmt(f),
            Self::Startup => Probe::Startup.fmt(f),
        }
    }
}

/// What waits in the monitor's outbox to be told.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Checked(Checked),
    Changed(Changed),
}
