use std::{error, fmt, sync::Arc, time::Duration};

use crate::name::Name;

/// Why a bulkhead gave no place.
///
/// Cheap to clone. `Display` is one line: ``bulkhead payments is full: 20 running, 100 waiting``, and
/// where it is known when to try again, it ends with ``; retry after 150ms``.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    name: Name,
    reason: Reason,
    /// In nanoseconds, enough for 584 years: a refusal of fewer words moves faster through results.
    waited: u64,
    /// In nanoseconds; 0 if it is not known.
    retry_after: u64,
}

impl Rejected {
    pub(crate) fn new(name: Name, reason: Reason, waited: Duration) -> Self {
        Self {
            name,
            reason,
            waited: nanos(waited),
            retry_after: 0,
        }
    }

    /// Trying again sooner makes no sense.
    pub(crate) fn retry_after_nanos(mut self, nanos: u64) -> Self {
        self.retry_after = nanos;
        self
    }

    pub(crate) fn shared_name(&self) -> &Arc<str> {
        self.name.as_arc()
    }

    /// The bulkhead's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.shared_name()
    }

    /// Why there was no place.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The time spent in line before the refusal; zero if it came at once.
    #[must_use]
    pub fn waited(&self) -> Duration {
        Duration::from_nanos(self.waited)
    }

    /// Callers in line at the time of the refusal, this one not among them.
    #[must_use]
    pub fn waiting(&self) -> usize {
        match self.reason {
            Reason::Full { waiting, .. } | Reason::Timeout { waiting, .. } => waiting,
            Reason::Closed | Reason::TooMany { .. } => 0,
        }
    }

    /// When it makes sense to try again: about the time that it takes until as many places have come
    /// back as those in line and this caller want. `None` unless the bulkhead
    /// [measures hold times](crate::Builder::hold_times) and a place has come back since it was
    /// built, and when trying again does not help.
    ///
    /// It is an estimate, the recent mean hold time divided by the number of places, for each place
    /// wanted (Little's law). The mean follows the last dozen or so of holds; a dependency that hangs
    /// gives no place back, and so is not noticed.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        (self.retry_after > 0).then(|| Duration::from_nanos(self.retry_after))
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self.reason {
            Reason::Full {
                concurrent,
                waiting,
            } => write!(
                f,
                "bulkhead {name} is full: {concurrent} running, {waiting} waiting"
            )?,
            Reason::Timeout { waited, waiting } => write!(
                f,
                "bulkhead {name} had no free place within {waited:?}: {waiting} waiting"
            )?,
            Reason::Closed => write!(f, "bulkhead {name} is closed")?,
            Reason::TooMany { wanted, limit } => write!(
                f,
                "bulkhead {name} cannot give {wanted} places at a time: it has {limit}"
            )?,
        }
        match self.retry_after() {
            Some(retry_after) => write!(f, "; retry after {retry_after:?}"),
            None => Ok(()),
        }
    }
}

impl error::Error for Rejected {}

/// The ways to be refused. They call for different answers: `Full` means shed load now (HTTP
/// 503 or 429), `Timeout` means the work ahead is slow (504), `Closed` means shutting down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// All places were busy, and nobody more may wait. Decided at once, without a timer; or later, for
    /// one whose place in line belongs to [another priority](crate::Priority).
    Full {
        /// Places busy at that moment.
        concurrent: usize,
        /// Callers in line at that moment.
        waiting: usize,
    },
    /// The caller waited in line for the whole checkout timeout.
    Timeout {
        /// The time it waited.
        waited: Duration,
        /// Callers left in line.
        waiting: usize,
    },
    /// The bulkhead was closed, before the caller came or while it waited.
    Closed,
    /// More places were asked for than there are, or none: no wait would help.
    TooMany {
        /// Places asked for.
        wanted: usize,
        /// Places there are.
        limit: usize,
    },
}

pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
