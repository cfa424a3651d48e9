//! The four statuses and how those of many components roll up into one.

use std::fmt;

use crate::counts::Counts;

/// How a component, or the service as a whole, is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "fine, impaired, broken, or we cannot tell: the list is complete"
)]
pub enum Status {
    /// Works.
    Healthy,
    /// Works, but worse than it should.
    Degraded,
    /// Does not work.
    Unhealthy,
    /// Nobody can tell: not checked yet, or not lately.
    Unknown,
}

impl Status {
    /// The status as one lower-case word, as `Display` writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
            Self::Unknown => "unknown",
        }
    }

    /// The worst status of a roll-up wins: what is known to be broken outweighs what is unknown.
    const fn severity(self) -> u8 {
        match self {
            Self::Healthy => 0,
            Self::Degraded => 1,
            Self::Unknown => 2,
            Self::Unhealthy => 3,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether the service can do its work without the component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the service needs the component or it does not: the list is complete"
)]
pub enum Importance {
    /// It cannot: the component's status is the service's. The default.
    #[default]
    Required,
    /// It can, with less to offer: the component degrades the service at most.
    Optional,
}

impl Importance {
    /// The importance as one lower-case word, as `Display` writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Optional => "optional",
        }
    }
}

impl fmt::Display for Importance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The worst status that any has; [`Status::Healthy`] if there are none.
pub(crate) fn worst(counts: &Counts) -> Status {
    [
        Status::Healthy,
        Status::Degraded,
        Status::Unhealthy,
        Status::Unknown,
    ]
    .into_iter()
    .filter(|status| counts.of(*status) > 0)
    .max_by_key(|status| status.severity())
    .unwrap_or(Status::Healthy)
}

/// What one component says about the whole.
pub(crate) const fn contribution(importance: Importance, status: Status) -> Status {
    match (importance, status) {
        (Importance::Optional, Status::Unhealthy | Status::Unknown) => Status::Degraded,
        (_, status) => status,
    }
}
