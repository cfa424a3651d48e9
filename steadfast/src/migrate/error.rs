//! What went wrong with a call, and what to do about it.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::bulkhead;
use crate::policy;
use crate::supervisor::UnknownName;

/// A call of one of the functions of this module that failed. `E` is the error of the closure it was given.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error<E = Infallible> {
    /// There is no supervisor of this process:
    /// [`install_global`](crate::supervisor::Supervisor::install_global) was not called, or it is gone.
    NoSupervisor,
    /// There is no component of that name.
    Unknown(UnknownName),
    /// There is no section `[amqp]`.
    #[cfg(feature = "amqp")]
    #[cfg_attr(docsrs, doc(cfg(feature = "amqp")))]
    NoAmqp,
    /// The bulkhead of all such calls had no place. Nothing was sent.
    BulkheadRejected(bulkhead::Rejected),
    /// There was no channel to be had. The closure did not run.
    #[cfg(feature = "amqp")]
    #[cfg_attr(docsrs, doc(cfg(feature = "amqp")))]
    Amqp(Box<crate::amqp::AmqpError>),
    /// The HTTP client has no response.
    #[cfg(feature = "http")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    Http(Box<crate::http::Error>),
    /// The attempts have come to nothing.
    Policy(policy::Error<E>),
    /// The closure failed with this.
    Operation(E),
}

/// What to do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Correct the program or its configuration: trying again is in vain.
    Misconfigured,
    /// Stop: the program is shutting down.
    ShuttingDown,
    /// Do without for now, or try again [later](Error::retry_after): nothing was sent.
    Unavailable,
    /// Time ran out. What was sent by then may have been done.
    TimedOut,
    /// It was tried and failed: look at what it failed with.
    Failed,
}

impl<E> Error<E> {
    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::NoSupervisor | Self::Unknown(_) => Kind::Misconfigured,
            #[cfg(feature = "amqp")]
            Self::NoAmqp => Kind::Misconfigured,
            Self::BulkheadRejected(rejected) => of_rejected(rejected),
            #[cfg(feature = "amqp")]
            Self::Amqp(error) => of_amqp(error),
            #[cfg(feature = "http")]
            Self::Http(error) => of_http(error),
            Self::Policy(error) => match error.kind() {
                policy::Kind::BulkheadRejected(rejected) => of_rejected(rejected),
                policy::Kind::CircuitOpen(_) => Kind::Unavailable,
                policy::Kind::AttemptTimeout { .. } | policy::Kind::DeadlineExceeded { .. } => {
                    Kind::TimedOut
                }
                policy::Kind::Operation(_) => Kind::Failed,
            },
            Self::Operation(_) => Kind::Failed,
        }
    }

    /// When the same call may be worth making again, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::BulkheadRejected(rejected) => rejected.retry_after(),
            #[cfg(feature = "http")]
            Self::Http(error) => error.retry_after(),
            Self::Policy(error) => error.retry_after(),
            _ => None,
        }
    }

    /// What the closure failed with, if it ran last.
    #[must_use]
    pub fn operation(&self) -> Option<&E> {
        match self {
            Self::Operation(error) => Some(error),
            Self::Policy(error) => error.operation(),
            _ => None,
        }
    }
}

fn of_rejected(rejected: &bulkhead::Rejected) -> Kind {
    match rejected.reason() {
        // Nobody but a shutdown closes the supervisor's bulkheads.
        bulkhead::Reason::Closed => Kind::ShuttingDown,
        _ => Kind::Unavailable,
    }
}

#[cfg(feature = "amqp")]
fn of_amqp(error: &crate::amqp::AmqpError) -> Kind {
    use crate::amqp::AmqpError;
    match error {
        AmqpError::Config(_) => Kind::Misconfigured,
        AmqpError::Closed => Kind::ShuttingDown,
        AmqpError::ChannelHook { .. } | AmqpError::Lapin(_) => Kind::Failed,
        _ => Kind::Unavailable,
    }
}

#[cfg(feature = "http")]
fn of_http(error: &crate::http::Error) -> Kind {
    use crate::http::Error;
    match error {
        Error::InvalidRequest { .. } | Error::Config { .. } => Kind::Misconfigured,
        Error::CircuitOpen { .. } | Error::BulkheadFull { .. } | Error::Throttled { .. } => {
            Kind::Unavailable
        }
        Error::AttemptTimeout { .. } | Error::DeadlineExceeded { .. } => Kind::TimedOut,
        _ => Kind::Failed,
    }
}

impl<E> From<UnknownName> for Error<E> {
    fn from(unknown: UnknownName) -> Self {
        Self::Unknown(unknown)
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSupervisor => f.write_str("no supervisor is installed in this process"),
            Self::Unknown(unknown) => unknown.fmt(f),
            #[cfg(feature = "amqp")]
            Self::NoAmqp => f.write_str("there is no AMQP connection: no section [amqp]"),
            Self::BulkheadRejected(rejected) => rejected.fmt(f),
            #[cfg(feature = "amqp")]
            Self::Amqp(error) => error.fmt(f),
            #[cfg(feature = "http")]
            Self::Http(error) => error.fmt(f),
            Self::Policy(error) => error.fmt(f),
            Self::Operation(error) => error.fmt(f),
        }
    }
}

impl<E: StdError + 'static> StdError for Error<E> {
    /// `Display` says what is wrong, so the chain goes on with what is behind that.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            #[cfg(feature = "amqp")]
            Self::Amqp(error) => error.source(),
            #[cfg(feature = "http")]
            Self::Http(error) => error.source(),
            Self::Policy(error) => error.source(),
            Self::Operation(error) => error.source(),
            _ => None,
        }
    }
}
