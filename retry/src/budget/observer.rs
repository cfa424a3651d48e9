//! Being told of what a budget did not allow.

use std::sync::Arc;

use super::BudgetSpent;

/// Is told of the rare thing that happens in a [`Budget`](crate::Budget): it had nothing left.
///
/// What is granted is not pushed; read it from the [`BudgetSnapshot`](crate::BudgetSnapshot). A retry or
/// hedge that asked tells its own observers as well, under its own name. Observers run on the thread of
/// whoever asked, without any lock held. One that panics hurts neither the call nor the other observers;
/// the panic is counted in [`BudgetTotals::observer_panics`](crate::BudgetTotals::observer_panics).
/// Methods that are added later come with a default that does nothing.
///
/// A budget keeps its observers alive. One that needs the budget should keep a
/// [`WeakBudget`](crate::WeakBudget), or neither is ever freed.
pub trait BudgetObserver: Send + Sync {
    /// A retry or a hedge was not allowed.
    fn suppressed(&self, spent: &BudgetSpent) {
        let _ = spent;
    }
}

impl<O: BudgetObserver + ?Sized> BudgetObserver for Arc<O> {
    fn suppressed(&self, spent: &BudgetSpent) {
        (**self).suppressed(spent);
    }
}
