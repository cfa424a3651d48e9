//! The event of an AMQP connection.

use std::fmt;
use std::sync::Arc;

/// An AMQP connection changed its state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AmqpConnection {
    /// The connection's name.
    pub name: Arc<str>,
    /// The state it is in now.
    pub state: AmqpState,
    /// The broker's host and port, without credentials, if one is chosen.
    pub endpoint: Option<Arc<str>>,
    /// Why it changed, if that is known.
    pub reason: Option<Arc<str>>,
}

impl AmqpConnection {
    /// A connection that is now in `state`, for now without endpoint and reason.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, state: AmqpState) -> Self {
        Self {
            name: name.into(),
            state,
            endpoint: None,
            reason: None,
        }
    }

    /// Sets the broker's host and port. Leave the credentials out.
    #[must_use]
    pub fn endpoint(mut self, endpoint: impl Into<Arc<str>>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// Sets why the state changed.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<Arc<str>>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

impl fmt::Display for AmqpConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            state,
            endpoint,
            reason,
        } = self;
        write!(f, "amqp connection {name}: {state}")?;
        if let Some(endpoint) = endpoint {
            write!(f, " ({endpoint})")?;
        }
        if let Some(reason) = reason {
            write!(f, ": {reason}")?;
        }
        Ok(())
    }
}

/// The states of an AMQP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AmqpState {
    /// An attempt to connect is under way.
    Connecting,
    /// It can be used, for the first time or again, or it is no longer blocked.
    Connected,
    /// The broker asked publishers to pause (`connection.blocked`).
    Blocked,
    /// It was lost and will be connected again.
    Disconnected,
    /// It is closed for good.
    Closed,
}

impl AmqpState {
    /// The state's name in metrics: `connecting`, `connected`, `blocked`, `disconnected`, `closed`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Blocked => "blocked",
            Self::Disconnected => "disconnected",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for AmqpState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
