//! A handle that does not keep its budget alive.

use std::fmt;
use std::sync::Weak;

use super::{Budget, Shared};

/// A [`Budget`] that may be gone: what watches it should hold this one.
#[derive(Clone)]
pub struct WeakBudget {
    shared: Weak<Shared>,
    counts_calls: bool,
}

impl WeakBudget {
    pub(super) fn new(shared: Weak<Shared>, counts_calls: bool) -> Self {
        Self {
            shared,
            counts_calls,
        }
    }

    /// The budget, if any handle to it or permit of it is left; a
    /// [`spending_only`](Budget::spending_only) handle if this came from one.
    #[must_use]
    pub fn upgrade(&self) -> Option<Budget> {
        Some(Budget {
            shared: self.shared.upgrade()?,
            counts_calls: self.counts_calls,
        })
    }

    /// Whether both are handles of the same budget.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.shared.ptr_eq(&other.shared)
    }
}

impl fmt::Debug for WeakBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(WeakBudget)")
    }
}
