//! The three questions that an orchestrator asks.

use std::fmt;

use crate::status::Status;

/// A question about the whole, as Kubernetes knows them: each has its own roll-up in a
/// [`Report`](crate::Report), and its own HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the list is the orchestrators', and complete"
)]
pub enum Probe {
    /// Should this process go on, or be restarted?
    Liveness,
    /// Can the service do its work, and should it get traffic?
    Readiness,
    /// Has the service come up? Until it has, nobody should ask the other two.
    Startup,
}

impl Probe {
    /// All of them, in the order of the alphabet.
    pub const ALL: [Self; 3] = [Self::Liveness, Self::Readiness, Self::Startup];

    /// The probe as one lower-case word, as `Display` writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Liveness => "liveness",
            Self::Readiness => "readiness",
            Self::Startup => "startup",
        }
    }

    /// 200 where the orchestrator should leave things as they are, 503 where it should act. What
    /// nobody can tell is no reason to restart a process, and none to send it traffic either.
    pub(crate) const fn http_status(self, status: Status) -> u16 {
        match (self, status) {
            (_, Status::Healthy)
            | (Self::Liveness, Status::Degraded | Status::Unknown)
            | (Self::Readiness, Status::Degraded) => 200,
            (Self::Liveness, Status::Unhealthy)
            | (Self::Readiness, Status::Unhealthy | Status::Unknown)
            | (Self::Startup, Status::Degraded | Status::Unhealthy | Status::Unknown) => 503,
        }
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
