use std::sync::Weak;

use crate::{bulkhead::Bulkhead, gate::Gate, priority::Priority};

/// A handle to a [`Bulkhead`] that does not keep it alive, for whoever only watches it.
#[derive(Debug, Clone)]
pub struct WeakBulkhead {
    gate: Weak<Gate>,
    priority: Priority,
}

impl WeakBulkhead {
    pub(crate) fn new(gate: Weak<Gate>, priority: Priority) -> Self {
        Self { gate, priority }
    }

    /// Whether this is a handle to the same bulkhead as `other`.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.gate.ptr_eq(&other.gate)
    }

    /// The bulkhead, unless all its handles and permits are gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<Bulkhead> {
        let bulkhead = Bulkhead::new(self.gate.upgrade()?);
        Some(bulkhead.of_priority(self.priority))
    }
}
