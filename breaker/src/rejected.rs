//! A refusal, which answers "why, and when again?".

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::machine::Refusal;
use crate::state::{Cause, State};

/// The breaker did not let a call through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    name: Arc<str>,
    reason: Reason,
    retry_after: Option<Duration>,
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
    /// The breaker is half-open and every probe it allows is in flight.
    ProbesBusy,
}

impl Rejected {
    pub(crate) fn new(name: Arc<str>, refusal: Refusal) -> Self {
        Self {
            name,
            reason: refusal.reason,
            retry_after: refusal.retry_after,
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
        self.reason
    }

    /// When a call can be let through again: the rest of the open time. `None` while half-open,
    /// where the next place is free as soon as a probe comes back.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The state that rejected the call: open or half-open.
    #[must_use]
    pub fn state(&self) -> State {
        match self.reason {
            Reason::Open { .. } => State::Open,
            Reason::ProbesBusy => State::HalfOpen,
        }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "circuit breaker {} is {}: ", self.name, self.state())?;
        match self.reason {
            Reason::Open { cause } => write!(f, "{cause}")?,
            Reason::ProbesBusy => f.write_str("every probe is in flight")?,
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
