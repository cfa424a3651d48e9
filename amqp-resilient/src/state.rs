//! Where a connection stands.

use std::fmt;

use crate::error::RefusedKind;

/// Counts the connections that one [`ResilientConnection`](crate::ResilientConnection) has had:
/// the first is epoch 1. The one for [consuming](crate::ResilientConnection::consuming) has a count of its own:
/// compare epochs of the same connection only. A channel belongs to the epoch in which it was opened and dies with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u64);

impl Epoch {
    pub(crate) fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number, from 1.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The state of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionState {
    /// Down, and waiting for the next attempt.
    Disconnected,
    /// Down, with an attempt under way. The topology is declared before it has succeeded.
    Connecting {
        /// The number of this attempt since the connection last was stable, from 1.
        attempt: u32,
    },
    /// Up.
    Connected {
        /// Which connection this is.
        epoch: Epoch,
    },
    /// Up, but the broker takes nothing: it is short of memory or disk.
    Blocked {
        /// Which connection this is.
        epoch: Epoch,
        /// The broker's reason.
        reason: String,
    },
    /// Down, because the broker said no to this client. Tried again once per longest backoff.
    Refused {
        /// What it objected to.
        kind: RefusedKind,
    },
    /// Closing: nothing new is begun, and what is in flight may finish.
    Draining,
    /// Closed for good.
    Closed,
}

impl ConnectionState {
    /// Whether there is a connection on which things can be done: up and not blocked.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }

    /// Whether the connection is up, and blocked by the broker.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        matches!(self, Self::Blocked { .. })
    }

    /// Whether the connection has been closed for good.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }

    /// The epoch, while the connection is up.
    #[must_use]
    pub fn epoch(&self) -> Option<Epoch> {
        match self {
            Self::Connected { epoch } | Self::Blocked { epoch, .. } => Some(*epoch),
            _ => None,
        }
    }

    /// The state in one word, for metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Disconnected => "disconnected",
            Self::Connecting { .. } => "connecting",
            Self::Connected { .. } => "connected",
            Self::Blocked { .. } => "blocked",
            Self::Refused { .. } => "refused",
            Self::Draining => "draining",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
