//! What a breaker is and has done, as plain data.

use std::sync::Arc;
use std::time::Duration;

use crate::last_errors::LastError;
use crate::mode::Mode;
use crate::state::{Cause, State};

/// A consistent reading of one breaker, taken under its lock.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The breaker's name.
    pub name: Arc<str>,
    /// The state. An open breaker stays open in here until a call finds its open time over.
    pub state: State,
    /// Who decides: the breaker or an operator.
    pub mode: Mode,
    /// Why the mode was set, in the words of who set it; `None` in automatic mode.
    pub mode_reason: Option<Arc<str>>,
    /// When the mode ends by itself; `None`: not before it is changed.
    pub mode_expires_in: Option<Duration>,
    /// How long it has been in that state.
    pub in_state_for: Duration,
    /// Why it is in that state; `None` if it was never in another.
    pub cause: Option<Cause>,
    /// When the next probe can pass; `Some` only while open. `None` as well if forced open until
    /// further notice.
    pub retry_after: Option<Duration>,
    /// The share of calls that is let through, 0 to 1, while the breaker ramps up after it has closed;
    /// `None` otherwise. No mode but the automatic one holds calls to it.
    pub ramp_up_share: Option<f64>,
    /// Grows with every transition and every reset; a call's result moves something only in the
    /// generation in which the call was let through.
    pub generation: u64,
    /// Failures in a row that still count; 0 unless closed, and 0 without a rule about them.
    pub consecutive_failures: u32,
    /// The window that the rates are taken of; `None` if no rule needs one. It stays as it was while
    /// the breaker is not closed.
    pub window: Option<WindowSnapshot>,
    /// Calls that were let through and have not ended. One that comes and goes while the snapshot is being
    /// read may still be in here; none is missed.
    pub in_flight: u64,
    /// Counts since the breaker was built.
    pub totals: Totals,
    /// The errors that calls have ended in, as far as they were
    /// [noted](crate::CircuitBreaker::note_error): the eight classes that came last, newest first.
    pub last_errors: Vec<LastError>,
}

/// The calls in a breaker's window.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct WindowSnapshot {
    /// The calls that succeeded or failed.
    pub calls: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// Those of them that were slow; 0 without a slow-call rate.
    pub slow: u64,
    /// Calls of now, not part of the window, that have been in flight for `slow_call_duration` or
    /// longer. The slow-call rate takes them for slow calls.
    pub slow_in_flight: u64,
    /// The share of failures, 0 to 1; `None` with fewer than `min_calls` calls, or without such a rule.
    pub failure_rate: Option<f64>,
    /// The share of slow calls, those in flight included; `None` like `failure_rate`.
    pub slow_call_rate: Option<f64>,
}

/// Cumulative counts since a breaker was built. Calls that begin while it is disabled are not in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Totals {
    /// Calls that succeeded.
    pub success: u64,
    /// Calls that failed, panics included.
    pub failure: u64,
    /// Calls whose outcome says nothing about the dependency.
    pub ignored: u64,
    /// Calls that were dropped before they ended.
    pub abandoned: u64,
    /// Calls that panicked; also counted as failures.
    pub panicked: u64,
    /// Calls that took `slow_call_duration` or longer, however they ended; counted by outcome too.
    pub slow: u64,
    /// Calls that were not let through.
    pub rejected: u64,
    /// Calls that were let through in shadow mode and would have been rejected otherwise.
    pub would_reject: u64,
    /// Results that came back in a later generation than their call was let through in. Counted
    /// by outcome as well; they moved no state.
    pub stale: u64,
    /// Transitions to open.
    pub opened: u64,
    /// Transitions to half-open.
    pub half_opened: u64,
    /// Transitions to closed.
    pub closed: u64,
    /// Observer calls that panicked.
    pub observer_panics: u64,
}
