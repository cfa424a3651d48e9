//! The words of a circuit breaker: its states, how a call ends, why it changes state.

use std::fmt;

/// What the breaker does with the next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the three states of a circuit breaker are the complete list"
)]
pub enum State {
    /// Calls pass; failures are counted.
    Closed,
    /// Calls are rejected until the open time has passed.
    Open,
    /// A limited number of probes passes; their results decide what comes next.
    HalfOpen,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        })
    }
}

/// How a call ended, in the breaker's eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a call counts for, against, or not at all: the list is complete"
)]
pub enum Outcome {
    /// The dependency did its job.
    Success,
    /// The dependency failed.
    Failure,
    /// Says nothing about the dependency: neither success nor failure.
    Ignored,
}

/// Why a breaker went from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// Closed to open: this many calls failed in a row.
    ConsecutiveFailures {
        /// The failures counted when the breaker opened.
        failures: u32,
    },
    /// Closed to open: of the calls in the window, so many failed.
    FailureRate {
        /// The failures in the window when the breaker opened.
        failures: u32,
        /// The calls in the window.
        calls: u32,
    },
    /// Closed to open: of the calls in the window and those still in flight for too long, so many
    /// were slow.
    SlowCallRate {
        /// The slow calls, those still in flight included.
        slow: u32,
        /// The calls in the window and the slow ones in flight.
        calls: u32,
    },
    /// Half-open to open: a probe failed.
    ProbeFailed,
    /// Half-open to open: a probe succeeded, but slowly, and slow calls are what the breaker guards
    /// against.
    ProbeSlow,
    /// Half-open to open: of the probes that came back, so many failed.
    ProbeFailureRate {
        /// The failed probes.
        failures: u32,
        /// The probes that came back.
        calls: u32,
    },
    /// Half-open to open: every probe was still in flight after `half_open_max`.
    ProbesExpired,
    /// Open to half-open: the open time has passed.
    OpenElapsed,
    /// Half-open to closed: enough probes succeeded.
    ProbesSucceeded,
    /// The mode was set, and with it the state.
    Forced,
    /// Open to half-open: the breaker is no longer forced open.
    ForceEnded,
    /// To closed: by [`reset`](crate::CircuitBreaker::reset).
    Reset,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConsecutiveFailures { failures: 1 } => f.write_str("a call failed"),
            Self::ConsecutiveFailures { failures } => {
                write!(f, "{failures} consecutive calls failed")
            }
            Self::FailureRate { failures, calls } => {
                write!(f, "{failures} of the last {calls} calls failed")
            }
            Self::SlowCallRate { slow, calls } => {
                write!(f, "{slow} of the last {calls} calls were slow")
            }
            Self::ProbeFailed => f.write_str("a probe failed"),
            Self::ProbeSlow => f.write_str("a probe was slow"),
            Self::ProbeFailureRate { failures, calls } => {
                write!(f, "{failures} of {calls} probes failed")
            }
            Self::ProbesExpired => f.write_str("the probes did not come back"),
            Self::OpenElapsed => f.write_str("the open time has passed"),
            Self::ProbesSucceeded => f.write_str("enough probes succeeded"),
            Self::Forced => f.write_str("it was forced"),
            Self::ForceEnded => f.write_str("it is no longer forced open"),
            Self::Reset => f.write_str("it was reset"),
        }
    }
}
