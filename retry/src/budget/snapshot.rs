//! What a budget allows and has done, as plain data.

use std::sync::Arc;
use std::time::Duration;

/// A consistent reading of one [`Budget`](crate::Budget), taken under its lock.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BudgetSnapshot {
    /// The budget's name.
    pub name: Arc<str>,
    /// How many retries and hedges each call allows.
    pub share: f64,
    /// How many more are allowed per second, whatever the traffic.
    pub min_per_second: f64,
    /// The time that the numbers below are about.
    pub window: Duration,
    /// Calls in the window.
    pub calls: u64,
    /// Retries and hedges in the window that were sent.
    pub spent: u64,
    /// Retries and hedges that were granted and are neither sent nor given back, however long ago
    /// that was.
    pub waiting: u64,
    /// How many more would be granted now: the whole part of it. Never less than 0, although calls
    /// that leave the window take their share with them.
    pub tokens: f64,
    /// Counts since the budget was built.
    pub totals: BudgetTotals,
}

/// Cumulative counts since a [`Budget`](crate::Budget) was built.
///
/// At any moment `granted` is the sum of `given_back`, `spent_retries`, `spent_hedges` and
/// [`BudgetSnapshot::waiting`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetTotals {
    /// Calls recorded.
    pub calls: u64,
    /// Retries and hedges that were allowed.
    pub granted: u64,
    /// Those of them that were not sent after all.
    pub given_back: u64,
    /// Retries that were sent.
    pub spent_retries: u64,
    /// Hedges that were sent.
    pub spent_hedges: u64,
    /// Retries and hedges that were refused.
    pub suppressed: Suppressed,
    /// Panics of observers, all of them caught.
    pub observer_panics: u64,
}

/// Retries and hedges that a [`Budget`](crate::Budget) has refused, by what they were and by
/// [`SpentReason`](crate::SpentReason).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suppressed {
    /// Retries refused with [`SpentReason::Spent`](crate::SpentReason::Spent).
    pub retries_spent: u64,
    /// Retries refused with [`SpentReason::Waiting`](crate::SpentReason::Waiting).
    pub retries_waiting: u64,
    /// Hedges refused with [`SpentReason::Spent`](crate::SpentReason::Spent).
    pub hedges_spent: u64,
    /// Hedges refused with [`SpentReason::Waiting`](crate::SpentReason::Waiting).
    pub hedges_waiting: u64,
}
