//! Permits: the right to send one retry or hedge.

use std::fmt;
use std::time::Instant;

use super::{Budget, Extra};
use crate::clock;

/// The right to send one retry or hedge, given out by
/// [`Budget::try_acquire`](crate::Budget::try_acquire).
///
/// It counts as waiting until it is [spent](Self::spend). Dropped before that, by a panic too, it is
/// given back at once. One that is leaked, by [`std::mem::forget`] or a cycle of `Arc`s, waits for
/// ever and takes away one retry for good: nothing tells it from one whose wait is long.
///
/// It does not need the [`Budget`] it came from to be still there.
#[must_use = "dropping a permit at once gives it back"]
pub struct BudgetPermit {
    /// Taken when it is spent.
    budget: Option<Budget>,
    extra: Extra,
}

impl BudgetPermit {
    pub(super) fn new(budget: Budget, extra: Extra) -> Self {
        Self {
            budget: Some(budget),
            extra,
        }
    }

    /// The retry or hedge is being sent now: it counts as spent for as long as this moment is in the
    /// window.
    pub fn spend(self) {
        self.spend_at(clock::now());
    }

    pub(crate) fn spend_at(mut self, now: Instant) {
        if let Some(budget) = self.budget.take() {
            budget.spend_at(self.extra, now);
        }
    }
}

impl Drop for BudgetPermit {
    fn drop(&mut self) {
        if let Some(budget) = self.budget.take() {
            budget.give_back();
        }
    }
}

impl fmt::Debug for BudgetPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BudgetPermit")
            .field("extra", &self.extra)
            .finish_non_exhaustive()
    }
}
