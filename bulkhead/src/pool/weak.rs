use std::{
    fmt,
    sync::{Arc, Weak},
};

use crate::{
    pool::{Pool, shared::Shared},
    priority::Priority,
};

impl<T, E> Pool<T, E> {
    /// A handle that does not keep the pool alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakPool<T, E> {
        WeakPool {
            shared: Arc::downgrade(&self.shared),
            priority: self.bulkhead.priority(),
        }
    }
}

/// A handle to a [`Pool`] that does not keep it alive, for whoever only watches it.
pub struct WeakPool<T, E> {
    shared: Weak<Shared<T, E>>,
    priority: Priority,
}

impl<T, E> WeakPool<T, E> {
    /// Whether this is a handle to the same pool as `other`.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.shared.ptr_eq(&other.shared)
    }

    /// The pool, unless all its handles and checkouts are gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<Pool<T, E>> {
        let shared = self.shared.upgrade()?;
        Some(Pool::new(shared, self.priority))
    }
}

impl<T, E> Clone for WeakPool<T, E> {
    fn clone(&self) -> Self {
        Self {
            shared: Weak::clone(&self.shared),
            priority: self.priority,
        }
    }
}

impl<T, E> fmt::Debug for WeakPool<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakPool")
    }
}
