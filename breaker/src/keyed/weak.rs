//! A handle that does not keep its set alive.

use std::fmt;
use std::sync::Weak;

use super::{Keyed, Shared};

/// A handle that does not keep its set alive, made by [`Keyed::downgrade`].
pub struct WeakKeyed<K> {
    pub(super) shared: Weak<Shared<K>>,
}

impl<K> WeakKeyed<K> {
    /// The set, if any other handle still keeps it alive.
    #[must_use]
    pub fn upgrade(&self) -> Option<Keyed<K>> {
        self.shared.upgrade().map(|shared| Keyed { shared })
    }

    /// Whether both handles are of the same set.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.shared.ptr_eq(&other.shared)
    }
}

impl<K> Clone for WeakKeyed<K> {
    fn clone(&self) -> Self {
        Self {
            shared: Weak::clone(&self.shared),
        }
    }
}

impl<K> fmt::Debug for WeakKeyed<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakKeyed").finish_non_exhaustive()
    }
}
