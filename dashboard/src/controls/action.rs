//! What a control can do, and what is asked of it.

use std::fmt;
use std::time::Duration;

/// What an operator can do to a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// Let a circuit breaker reject every call.
    ForceOpen,
    /// Let a circuit breaker reject nothing; it still counts.
    ForceClosed,
    /// Take a circuit breaker out: it neither rejects nor counts.
    Disable,
    /// Let a circuit breaker decide again.
    Automatic,
    /// Let a circuit breaker begin anew: automatic, closed, nothing in its window.
    Reset,
    /// Change how many calls a bulkhead has room for.
    SetLimit,
    /// Close an AMQP connection and connect it again.
    Reconnect,
    /// Run a health check now, after those that it depends on.
    CheckNow,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 8] = [
        Self::ForceOpen,
        Self::ForceClosed,
        Self::Disable,
        Self::Automatic,
        Self::Reset,
        Self::SetLimit,
        Self::Reconnect,
        Self::CheckNow,
    ];

    /// Its name in requests, rows and metrics: `force_open`, `force_closed`, `disable`, `automatic`, `reset`,
    /// `set_limit`, `reconnect`, `check_now`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ForceOpen => "force_open",
            Self::ForceClosed => "force_closed",
            Self::Disable => "disable",
            Self::Automatic => "automatic",
            Self::Reset => "reset",
            Self::SetLimit => "set_limit",
            Self::Reconnect => "reconnect",
            Self::CheckNow => "check_now",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == name)
    }

    /// Whether it sets a mode, which can end by itself.
    pub(crate) const fn can_end(self) -> bool {
        matches!(self, Self::ForceOpen | Self::ForceClosed | Self::Disable)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One request of an operator, as the [authoriser](super::Authorise) gets to see it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Action {
    /// What is to be done.
    pub verb: Verb,
    /// The id of the component's row: `circuit_breaker/payments/1`. It is the client's word: whether there is
    /// such a component is not known yet.
    pub component: String,
    /// Why, in the operator's words: one line of 3 to 200 characters.
    pub reason: String,
    /// For how long a mode is set; `None`: until it is changed.
    pub lasts: Option<Duration>,
    /// The new limit of a bulkhead; `Some` only with [`Verb::SetLimit`].
    pub max_concurrent: Option<usize>,
}
