//! A refusal, which answers "why, and when again?".

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::cause_code::CauseCode;
use crate::state::{Cause, State};

/// The breaker did not let a call through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    // Part of what every call returns, so it is kept small and copied in whole words.
    name: Arc<str>,
    /// The words of who forced the breaker open.
    forced_because: Option<Arc<str>>,
    /// In nanoseconds; [`NOT_KNOWN`] for none.
    retry_after: u64,
    counts: u64,
    /// Of the cause, if the breaker is open.
    cause: u8,
    reason: Kind,
}

const NOT_KNOWN: u64 = u64::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Open,
    ForcedOpen,
    ProbesBusy,
    RampingUp,
}

/// A [`Reason`] with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    Open(CauseCode),
    ForcedOpen(Arc<str>),
    ProbesBusy,
    RampingUp,
}

/// Why a call was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The breaker is open.
    Open {
        /// What opened it.
        cause: Cause,
    },
    /// The breaker is open because somebody forced it: see [`Rejected::forced_because`].
    ForcedOpen,
    /// The breaker is half-open and every probe it allows is in flight.
    ProbesBusy,
    /// The breaker has just closed and does not let every call through yet.
    RampingUp,
}

impl Rejected {
    /// `retry_after` in nanoseconds.
    #[inline]
    pub(crate) fn new(name: Arc<str>, why: Why, retry_after: Option<u64>) -> Self {
        let (reason, cause, forced_because) = match why {
            Why::Open(cause) => (Kind::Open, cause, None),
            Why::ForcedOpen(because) => (Kind::ForcedOpen, CauseCode::NONE, Some(because)),
            Why::ProbesBusy => (Kind::ProbesBusy, CauseCode::NONE, None),
            Why::RampingUp => (Kind::RampingUp, CauseCode::NONE, None),
        };
        Self {
            name,
            forced_because,
            retry_after: retry_after.unwrap_or(NOT_KNOWN),
            counts: cause.counts,
            cause: cause.kind,
            reason,
        }
    }

    /// The breaker's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why the call was rejected.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self.reason {
            Kind::Open => Reason::Open {
                cause: self.cause(),
            },
            Kind::ForcedOpen => Reason::ForcedOpen,
            Kind::ProbesBusy => Reason::ProbesBusy,
            Kind::RampingUp => Reason::RampingUp,
        }
    }

    fn cause(&self) -> Cause {
        let code = CauseCode {
            kind: self.cause,
            counts: self.counts,
        };
        // A breaker that is open has been opened, and that had a cause.
        code.cause().unwrap_or(Cause::Forced)
    }

    /// Why the breaker was forced open, in the words given to
    /// [`set_mode`](crate::CircuitBreaker::set_mode), if that is the reason.
    #[must_use]
    pub fn forced_because(&self) -> Option<&str> {
        self.forced_because.as_deref()
    }

    /// When a call can be let through again: the rest of the open time. `None` while half-open,
    /// where the next place is free as soon as a probe comes back, while ramping up, where it may be
    /// the very next call, and if the breaker was forced open until further notice.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        (self.retry_after != NOT_KNOWN).then(|| Duration::from_nanos(self.retry_after))
    }

    /// The state that rejected the call; closed only while the breaker ramps up.
    #[must_use]
    pub fn state(&self) -> State {
        match self.reason {
            Kind::Open | Kind::ForcedOpen => State::Open,
            Kind::ProbesBusy => State::HalfOpen,
            Kind::RampingUp => State::Closed,
        }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "circuit breaker {} is {}: ", self.name, self.state())?;
        match self.reason {
            Kind::Open => write!(f, "{}", self.cause())?,
            Kind::ForcedOpen => {
                let because = self.forced_because().unwrap_or_default();
                write!(f, "forced, because {because:?}")?;
            }
            Kind::ProbesBusy => f.write_str("every probe is in flight")?,
            Kind::RampingUp => f.write_str("not every call is let through yet")?,
        }
        match self.retry_after() {
            // Rounded up to a millisecond: nobody waits for nanoseconds, and never too short.
            Some(wait) => {
                let millis = wait.as_nanos().div_ceil(1_000_000);
                let wait = Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX));
                write!(f, "; retry after {wait:?}")
            }
            None => Ok(()),
        }
    }
}

impl std::error::Error for Rejected {}
