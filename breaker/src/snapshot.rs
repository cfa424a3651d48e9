//! What a breaker is and has done, as plain data.

use std::sync::Arc;
use std::time::Duration;

use crate::state::{Cause, State};

/// A consistent reading of one breaker, taken under its lock.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The breaker's name.
    pub name: Arc<str>,
    /// The state. An open breaker stays open in here until a call finds its open time over.
    pub state: State,
    /// How long it has been in that state.
    pub in_state_for: Duration,
    /// Why it is in that state; `None` if it was never in another.
    pub cause: Option<Cause>,
    /// When the next probe can pass; `Some` only while open.
    pub retry_after: Option<Duration>,
    /// How many transitions there have been.
    pub generation: u64,
    /// Failures in a row that still count.
    pub consecutive_failures: u32,
    /// Calls that were let through and have not ended.
    pub in_flight: u64,
    /// Counts since the breaker was built.
    pub totals: Totals,
}

/// Cumulative counts since a breaker was built.
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
    /// Calls that were not let through.
    pub rejected: u64,
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
