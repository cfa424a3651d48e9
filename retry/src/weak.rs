//! A handle for what only watches.

use std::sync::Weak;

use crate::retry::Retry;
use crate::shared::Shared;

/// A [`Retry`] that may be gone: what watches it should hold this one.
#[derive(Debug, Clone)]
pub struct WeakRetry {
    shared: Weak<Shared>,
}

impl WeakRetry {
    pub(crate) fn new(shared: Weak<Shared>) -> Self {
        Self { shared }
    }

    /// Whether this is a handle to the same retry as `other`.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.shared.ptr_eq(&other.shared)
    }

    /// The retry, if any handle to it is left.
    #[must_use]
    pub fn upgrade(&self) -> Option<Retry> {
        self.shared.upgrade().map(Retry::new)
    }
}
