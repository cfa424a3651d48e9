//! The seam for loom: the same names, with every interleaving tried out.

#[cfg(not(steadfast_loom))]
pub(crate) use parking_lot::{Mutex, MutexGuard};
#[cfg(not(steadfast_loom))]
pub(crate) use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(steadfast_loom)]
pub(crate) use loom::sync::MutexGuard;
#[cfg(steadfast_loom)]
pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};

/// `parking_lot`'s face on loom's mutex.
#[cfg(steadfast_loom)]
#[derive(Debug)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

#[cfg(steadfast_loom)]
impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    #[expect(clippy::unwrap_used, reason = "a poisoned lock ends the model")]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap()
    }
}
