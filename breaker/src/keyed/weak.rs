//! A handle to a set of breakers that does not keep it alive.

use std::fmt;
use std::sync::{Arc, Weak};

use crate::keyed::{Keyed, Shared};

impl<K> Keyed<K> {
    /// A handle that does not keep the set alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakKeyed<K> {
        WeakKeyed {
            shared: Arc::downgrade(&self.shared),
        }
    }
}

/// A handle to a [`Keyed`] set that does not keep it alive, for whoever only watches it.
pub struct WeakKeyed<K> {
    shared: Weak<Shared<K>>,
}

impl<K> WeakKeyed<K> {
    /// The set, unless all its handles are gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<Keyed<K>> {
        let shared = self.shared.upgrade()?;
        Some(Keyed { shared })
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
