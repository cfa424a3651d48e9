//! A refusal, which answers "why, and when again?".

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::state::{Cause, State};

/// The breaker did not let a call through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    name: Arc<str>,
    why: Why,
    retry_after: Option<Duration>,
}

/// A [`Reason`] with the words of who forced it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    Open(Cause),
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
    pub(crate) fn new(name: Arc<str>, why: Why, retry_after: Option<Duration>) -> Self {
        Self {
            name,
            why,
            retry_after,
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
        match self.why {
            Why::Open(cause) => Reason::Open { cause },
            Why::ForcedOpen(_) => Reason::ForcedOpen,
            Why::ProbesBusy => Reason::ProbesBusy,
            Why::RampingUp => Reason::RampingUp,
        }
    }

    /// Why the breaker was forced open, in the words given to
    /// [`set_mode`](crate::CircuitBreaker::set_mode), if that is the reason.
    #[must_use]
    pub fn forced_because(&self) -> Option<&str> {
        match &self.why {
            Why::ForcedOpen(because) => Some(because),
            _ => None,
        }
    }

    /// When a call can be let through again: the rest of the open time. `None` while half-open,
    /// where the next place is free as soon as a probe comes back, while ramping up, where it may be
    /// the very next call, and if the breaker was forced open until further notice.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The state that rejected the call; closed only while the breaker ramps up.
    #[must_use]
    pub fn state(&self) -> State {
        match self.why {
            Why::Open(_) | Why::ForcedOpen(_) => State::Open,
            Why::ProbesBusy => State::HalfOpen,
            Why::RampingUp => State::Closed,
        }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "circuit breaker {} is {}: ", self.name, self.state())?;
        match &self.why {
            Why::Open(cause) => write!(f, "{cause}")?,
            Why::ForcedOpen(because) => write!(f, "forced, because {because:?}")?,
            Why::ProbesBusy => f.write_str("every probe is in flight")?,
            Why::RampingUp => f.write_str("not every call is let through yet")?,
        }
        match self.retry_after {
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
