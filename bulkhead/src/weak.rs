use std::sync::Weak;

use crate::{bulkhead::Bulkhead, gate::Gate};

/// A handle to a [`Bulkhead`] that does not keep it alive, for whoever only watches it.
#[derive(Debug, Clone)]
pub struct WeakBulkhead {
    gate: Weak<Gate>,
}

impl WeakBulkhead {
    pub(crate) fn new(gate: Weak<Gate>) -> Self {
        Self { gate }
    }

    /// Whether this is a handle to the same bulkhead as `other`.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.gate.ptr_eq(&other.gate)
    }

    /// The bulkhead, unless all its handles and permits are gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<Bulkhead> {
        self.gate.upgrade().map(Bulkhead::new)
    }
}
