//! The seam for loom: the same names, with every interleaving tried out. In unit tests alone, so that
//! what is published does not depend on loom.

#[cfg(not(all(test, steadfast_loom)))]
pub(crate) use parking_lot::Mutex;
#[cfg(not(all(test, steadfast_loom)))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[cfg(all(test, steadfast_loom))]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
#[cfg(all(test, steadfast_loom))]
pub(crate) use loomed::Mutex;

#[cfg(all(test, steadfast_loom))]
mod loomed {
    use loom::sync::MutexGuard;

    /// `parking_lot`'s face on loom's mutex.
    #[derive(Debug)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }
    }
}
