//! A refusal, which answers "why, and when again?".

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use crate::cause_code::CauseCode;
use crate::state::{Cause, State};

/// The breaker did not let a call through.
#[derive(Clone, PartialEq, Eq)]
pub struct Rejected {
    // Part of what every call returns. Of whole words alone, for with smaller fields the compiler copies
    // it in pieces that the processor has to put together again: 20 ns for each rejection.
    name: Arc<str>,
    /// The words of who forced the breaker open.
    forced_because: Option<Arc<str>>,
    /// In nanoseconds; [`NOT_KNOWN`] for none.
    retry_after: u64,
    /// Why: the kind of the [`CauseCode`] of an open breaker, or one of the numbers below.
    why: u64,
    /// The counts of that cause.
    counts: u64,
}

const NOT_KNOWN: u64 = u64::MAX;

const FORCED_OPEN: u64 = 1 << 8;
const PROBES_BUSY: u64 = 2 << 8;
const RAMPING_UP: u64 = 3 << 8;

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
    /// By an open breaker; `retry_after` in nanoseconds.
    #[inline]
    pub(crate) fn open(name: Arc<str>, cause: CauseCode, retry_after: u64) -> Self {
        Self {
            name,
            forced_because: None,
            retry_after,
            why: cause.kind.into(),
            counts: cause.counts,
        }
    }

    /// `retry_after` in nanoseconds.
    pub(crate) fn new(name: Arc<str>, why: Why, retry_after: Option<u64>) -> Self {
        let (why, counts, forced_because) = match why {
            Why::Open(cause) => (cause.kind.into(), cause.counts, None),
            Why::ForcedOpen(because) => (FORCED_OPEN, 0, Some(because)),
            Why::ProbesBusy => (PROBES_BUSY, 0, None),
            Why::RampingUp => (RAMPING_UP, 0, None),
        };
        Self {
            name,
            forced_because,
            retry_after: retry_after.unwrap_or(NOT_KNOWN),
            why,
            counts,
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
            FORCED_OPEN => Reason::ForcedOpen,
            PROBES_BUSY => Reason::ProbesBusy,
            RAMPING_UP => Reason::RampingUp,
            kind => {
                let counts = self.counts;
                let code = CauseCode {
                    kind: kind as u8,
                    counts,
                };
                // A breaker that is open has been opened, and that had a cause.
                let cause = code.cause().unwrap_or(Cause::Forced);
                Reason::Open { cause }
            }
        }
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
        match self.reason() {
            Reason::Open { .. } | Reason::ForcedOpen => State::Open,
            Reason::ProbesBusy => State::HalfOpen,
            Reason::RampingUp => State::Closed,
        }
    }
}

impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected")
            .field("name", &self.name)
            .field("reason", &self.reason())
            .field("forced_because", &self.forced_because())
            .field("retry_after", &self.retry_after())
            .finish()
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("circuit breaker ")?;
        // On one line whatever the name: that of a keyed breaker comes from outside.
        for c in self.name.chars() {
            if c.is_control() {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        write!(f, " is {}: ", self.state())?;
        match self.reason() {
            Reason::Open { cause } => write!(f, "{cause}")?,
            Reason::ForcedOpen => {
                f.write_str("forced")?;
                if let Some(because) = self.forced_because().filter(|words| !words.is_empty()) {
                    write!(f, ", because {because:?}")?;
                }
            }
            Reason::ProbesBusy => f.write_str("every probe is in flight")?,
            Reason::RampingUp => f.write_str("not every call is let through yet")?,
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
