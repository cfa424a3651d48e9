//! What errors say, and what is behind them.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use super::{Error, Last, Phase, RedirectReason, ThrottledBy};
use crate::body::BodyError;
use crate::summary::RequestSummary;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidRequest { source } => {
                f.write_str("invalid request: ")?;
                match source.source() {
                    Some(detail) => write!(f, "{detail}"),
                    None => f.write_str("it cannot be built"),
                }
            }
            Self::Config { source } => source.fmt(f),
            Self::CircuitOpen { rejected, request } => {
                write!(f, "{request} was not let through: ")?;
                match (rejected.reason(), rejected.retry_after()) {
                    (steadfast_breaker::Reason::RampingUp, _) => {
                        f.write_str("the circuit has just closed and takes only some calls yet")
                    }
                    (_, Some(wait)) => {
                        let wait = whole_millis(wait);
                        write!(f, "the circuit is open; retry after {wait:?}")
                    }
                    (_, None) => f.write_str("the circuit is not closed yet"),
                }
            }
            Self::BulkheadFull { rejected, request } => {
                use steadfast_bulkhead::Reason;
                let why = match rejected.reason() {
                    Reason::Full { .. } => "every place and the queue are taken",
                    Reason::Timeout { .. } => "no place became free in time",
                    _ => "the bulkhead takes no more calls",
                };
                write!(f, "{request} was not let through: {why}")
            }
            Self::Throttled {
                retry_after,
                by,
                request,
            } => {
                let why = match by {
                    ThrottledBy::Server => "the server asked to be left alone",
                    ThrottledBy::Client => "the rate limit is reached",
                };
                write!(f, "{request} was not let through: {why}")?;
                write!(f, "; retry after {:?}", whole_millis(*retry_after))
            }
            Self::BodyTooLarge { limit, request } => {
                write!(f, "{request} failed{}: ", After(request))?;
                write!(f, "the response body is larger than {limit} bytes")
            }
            Self::Response { source } => match (BodyError::find(source), source.status()) {
                (Some(error), _) => error.fmt(f),
                (None, Some(status)) => write!(f, "the response has status {status}"),
                (None, None) if source.is_decode() => {
                    f.write_str("the response body could not be decoded")
                }
                (None, None) => f.write_str("the response body could not be read"),
            },
            Self::Coalesced { source } => source.fmt(f),
            Self::AttemptTimeout { timeout, request } => {
                write!(f, "{request} failed{}: ", After(request))?;
                write!(f, "no response within {timeout:?}")
            }
            Self::DeadlineExceeded {
                phase,
                elapsed,
                request,
                ..
            } => {
                write!(f, "{request} ran out of time{}: ", After(request))?;
                match phase {
                    Phase::Start => write!(f, "none was left after {elapsed:.3?}"),
                    Phase::Queue => {
                        write!(f, "still waiting for a free place after {elapsed:.3?}")
                    }
                    Phase::Response => {
                        write!(f, "still waiting for the response after {elapsed:.3?}")
                    }
                }
            }
            Self::Redirect { reason, request } => {
                write!(f, "{request} failed{}: ", After(request))?;
                match reason {
                    RedirectReason::TooMany { limit } => {
                        write!(f, "redirected more than {limit} times")
                    }
                    RedirectReason::NotHttp { scheme } => {
                        write!(f, "redirected to a URL of {scheme}, which is not HTTP")
                    }
                }
            }
            Self::Request { source, request } => {
                let what = what_failed(source);
                write!(f, "{request} failed{}: {what}", After(request))
            }
            #[cfg(feature = "middleware")]
            Self::Middleware { request, .. } => {
                write!(
                    f,
                    "{request} failed{}: another middleware failed",
                    After(request)
                )
            }
        }
    }
}

/// What went wrong where reqwest has failed.
pub(crate) fn what_failed(error: &reqwest::Error) -> &'static str {
    if error.is_dns() {
        "the host name could not be resolved"
    } else if error.is_connect() {
        "could not connect"
    } else if error.is_timeout() {
        "timed out"
    } else if error.is_builder() {
        "it was redirected to where the client does not go"
    } else if error.is_redirect() {
        "could not follow a redirect"
    } else {
        "the connection failed"
    }
}

/// ` after 3 attempts`, or nothing where there was none.
struct After<'a>(&'a RequestSummary);

impl fmt::Display for After<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.attempts() {
            0 => Ok(()),
            1 => f.write_str(" after 1 attempt"),
            attempts => write!(f, " after {attempts} attempts"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::InvalidRequest { source }
            | Self::Request { source, .. }
            | Self::Response { source } => Some(source),
            Self::Config { source } => Some(source),
            #[cfg(feature = "middleware")]
            Self::Middleware { source, .. } => Some(source),
            Self::CircuitOpen { rejected, .. } => Some(rejected),
            Self::BulkheadFull { rejected, .. } => Some(rejected),
            Self::DeadlineExceeded {
                last: Some(Last::Error(error)),
                ..
            } => Some(&**error),
            // It says what that one says, so it is followed by what follows that one.
            Self::Coalesced { source } => source.source(),
            Self::AttemptTimeout { .. }
            | Self::BodyTooLarge { .. }
            | Self::DeadlineExceeded { .. }
            | Self::Redirect { .. }
            | Self::Throttled { .. } => None,
        }
    }
}

/// Rounded up to a millisecond: never too short.
pub(crate) fn whole_millis(wait: Duration) -> Duration {
    let millis = wait.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}
