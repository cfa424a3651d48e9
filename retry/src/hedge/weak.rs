//! A handle that keeps nothing alive.

use std::fmt;
use std::sync::{Arc, Weak};

use super::Hedge;
use super::shared::Shared;

/// A [`Hedge`] that may be gone: what watches it should hold this one.
#[derive(Clone)]
pub struct WeakHedge {
    shared: Weak<Shared>,
}

impl WeakHedge {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::downgrade(shared),
        }
    }

    /// The hedge, if any handle to it is left.
    #[must_use]
    pub fn upgrade(&self) -> Option<Hedge> {
        let shared = self.shared.upgrade()?;
        Some(Hedge { shared })
    }

    /// Whether both are handles of the same hedge.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.shared.ptr_eq(&other.shared)
    }
}

impl fmt::Debug for WeakHedge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(WeakHedge)")
    }
}
