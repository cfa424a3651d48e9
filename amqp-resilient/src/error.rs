//! What can go wrong with a connection or a channel.

mod display;
mod kinds;

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

pub use self::kinds::{ConnectStep, RefusedKind};
use crate::config_error::ConfigError;
use crate::endpoint::Endpoint;
use crate::hook::HookFailure;
use crate::purpose::Purpose;
use crate::topology::TopologyReport;

/// Why a connection or a channel could not be had. Cheap to clone.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum AmqpError {
    /// The settings break their rules. Permanent.
    Config(ConfigError),
    /// The connection is down and its circuit breaker is not closed: several attempts in a row have
    /// failed, so callers are not made to wait.
    CircuitOpen {
        /// When the next attempt to connect is due; while one is under way, when to ask again.
        retry_after: Duration,
        /// Why the last attempt failed.
        last: Option<Arc<Self>>,
    },
    /// Every channel of the purpose is checked out and the queue in front of them is full.
    PoolFull {
        /// Channels checked out.
        concurrent: usize,
        /// Callers waiting in line.
        waiting: usize,
    },
    /// No channel became free within the checkout timeout.
    CheckoutTimeout {
        /// How long the caller waited.
        waited: Duration,
    },
    /// The connection was down, and stayed down for as long as the caller could wait.
    Disconnected {
        /// How long it has been down.
        since: Duration,
        /// Why it went down, or why the last attempt to connect failed.
        last: Option<Arc<Self>>,
    },
    /// The broker did not come as far as a finished handshake within the connect timeout.
    ConnectTimeout {
        /// The broker.
        endpoint: Endpoint,
        /// The step that was waited for.
        step: ConnectStep,
        /// How the other endpoints failed that the same attempt had tried, in their order.
        others: Arc<[Self]>,
    },
    /// The broker could not be reached.
    Connect {
        /// The broker.
        endpoint: Endpoint,
        /// What happened.
        source: lapin::Error,
        /// How the other endpoints failed that the same attempt had tried, in their order.
        others: Arc<[Self]>,
    },
    /// The broker answered, and said no in a way that trying again does not change. Of several endpoints,
    /// every one did.
    Refused {
        /// The broker.
        endpoint: Endpoint,
        /// What it objected to.
        kind: RefusedKind,
        /// Its answer.
        source: lapin::Error,
        /// How the other endpoints refused that the same attempt had tried, in their order.
        others: Arc<[Self]>,
    },
    /// The [`resolver`](crate::Builder::resolver) named no endpoints, and there are none from before. An
    /// answer that cannot be used is a failure too, with a [`ConfigError`] that says what is wrong with it.
    Resolver {
        /// What happened.
        failure: HookFailure,
    },
    /// The [`credentials`](crate::Builder::credentials) could not be had.
    Credentials {
        /// What happened.
        failure: HookFailure,
    },
    /// The broker did not answer in time to a new secret, given to it before the old one runs out.
    SecretTimeout {
        /// How long it was given.
        waited: Duration,
    },
    /// The broker closed the channel because of what was asked of it.
    ChannelClosed {
        /// The AMQP reply code, such as 404.
        code: u16,
        /// The broker's words.
        text: String,
    },
    /// The broker did not open a channel in time.
    ChannelTimeout {
        /// How long it was given.
        waited: Duration,
    },
    /// The code that sets up each new channel, [`on_channel`](crate::Builder::on_channel), failed. The
    /// channel was closed.
    ChannelHook {
        /// What the channel was for.
        purpose: Purpose,
        /// What happened.
        failure: HookFailure,
    },
    /// The connection has as many channels as the broker allows.
    ChannelLimit,
    /// The broker did not answer a declaration in time. It may carry it out all the same.
    DeclareTimeout {
        /// How long it was given.
        waited: Duration,
    },
    /// Some of a topology was not declared; the report says what, and why.
    Topology(Arc<TopologyReport>),
    /// The broker has blocked the connection (memory or disk alarm), and it stayed blocked for as
    /// long as the caller could wait.
    Blocked {
        /// The broker's reason.
        reason: String,
        /// How long it has been blocked.
        since: Duration,
    },
    /// The connection was ended to make it anew, because this program has
    /// [asked for that](crate::ResilientConnection::reconnect).
    Reconnect {
        /// The reason that was given.
        reason: Arc<str>,
    },
    /// The connection was closed by this program.
    Closed,
    /// Any other error of the connection, as lapin reports it.
    Lapin(lapin::Error),
}

impl AmqpError {
    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Config(_)
            | Self::Refused { .. }
            | Self::ChannelClosed { .. }
            | Self::ChannelLimit
            | Self::Closed => false,
            Self::CircuitOpen { .. }
            | Self::PoolFull { .. }
            | Self::CheckoutTimeout { .. }
            | Self::Disconnected { .. }
            | Self::ConnectTimeout { .. }
            | Self::Connect { .. }
            | Self::Resolver { .. }
            | Self::Credentials { .. }
            | Self::SecretTimeout { .. }
            | Self::ChannelTimeout { .. }
            | Self::DeclareTimeout { .. }
            | Self::Blocked { .. }
            | Self::Reconnect { .. }
            | Self::Lapin(_) => true,
            Self::ChannelHook { failure, .. } => failure.is_retryable(),
            Self::Topology(report) => report.failed.iter().all(|it| it.error.is_retryable()),
        }
    }

    /// Whether only a change of settings, rights or code can help: wrong credentials, an unknown
    /// virtual host, bad settings, a closed connection, a topology that the broker refused.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Config(_) | Self::Refused { .. } | Self::ChannelClosed { .. } | Self::Closed => {
                true
            }
            Self::ChannelHook { failure, .. } => !failure.is_retryable(),
            Self::Topology(report) => report.failed.iter().any(|it| it.error.is_permanent()),
            _ => false,
        }
    }

    /// When to try again, if that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::CircuitOpen { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// The error of an attempt of which this endpoint's failure is the one to tell.
    pub(crate) fn among(mut self, failed: Vec<Self>) -> Self {
        if let Self::Connect { others, .. }
        | Self::ConnectTimeout { others, .. }
        | Self::Refused { others, .. } = &mut self
        {
            *others = failed.into();
        }
        self
    }

    /// The broker's reply code and words, where it was the broker who closed a channel, or the
    /// connection.
    pub(crate) fn reply(&self) -> Option<(u16, &str)> {
        match self {
            Self::ChannelClosed { code, text } => Some((*code, text)),
            Self::Lapin(error) => match error.kind() {
                lapin::ErrorKind::ProtocolError(error) => {
                    Some((error.get_id(), error.get_message().as_str()))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// A short, stable name of the kind of error, for metrics: `circuit_open`, `pool_full`, ...
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Config(_) => "config",
            Self::CircuitOpen { .. } => "circuit_open",
            Self::PoolFull { .. } => "pool_full",
            Self::CheckoutTimeout { .. } => "checkout_timeout",
            Self::Disconnected { .. } => "disconnected",
            Self::ConnectTimeout { .. } => "connect_timeout",
            Self::Connect { .. } => "connect",
            Self::Refused { kind, .. } => kind.error_type(),
            Self::Resolver { .. } => "resolver",
            Self::Credentials { .. } => "credentials",
            Self::SecretTimeout { .. } => "secret_timeout",
            Self::ChannelClosed { .. } => "channel_closed",
            Self::ChannelTimeout { .. } => "channel_timeout",
            Self::ChannelHook { .. } => "channel_hook",
            Self::ChannelLimit => "channel_limit",
            Self::DeclareTimeout { .. } => "declare_timeout",
            Self::Topology(_) => "topology",
            Self::Blocked { .. } => "blocked",
            Self::Reconnect { .. } => "reconnect",
            Self::Closed => "closed",
            Self::Lapin(_) => "lapin",
        }
    }
}

impl From<ConfigError> for AmqpError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl StdError for AmqpError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::CircuitOpen { last, .. } | Self::Disconnected { last, .. } => {
                last.as_deref().map(|error| error as _)
            }
            Self::Connect { source, .. } | Self::Refused { source, .. } => Some(source),
            Self::Lapin(error) => Some(error),
            Self::ChannelHook { failure, .. }
            | Self::Resolver { failure }
            | Self::Credentials { failure } => failure.source(),
            Self::Topology(report) => report.failed.first().map(|failed| &failed.error as _),
            Self::PoolFull { .. }
            | Self::CheckoutTimeout { .. }
            | Self::ConnectTimeout { .. }
            | Self::ChannelClosed { .. }
            | Self::ChannelTimeout { .. }
            | Self::DeclareTimeout { .. }
            | Self::SecretTimeout { .. }
            | Self::ChannelLimit
            | Self::Blocked { .. }
            | Self::Reconnect { .. }
            | Self::Closed => None,
        }
    }
}

#[cfg(test)]
mod tests;
