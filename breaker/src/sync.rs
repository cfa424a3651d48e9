//! The seam for loom: the same names, with every interleaving tried out. In unit tests alone, so that
//! what is published does not depend on loom.

#[cfg(not(all(test, steadfast_loom)))]
pub(crate) use parking_lot::{Mutex, MutexGuard};
#[cfg(not(all(test, steadfast_loom)))]
pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(all(test, steadfast_loom)))]
pub(crate) use std::thread_local;

#[cfg(all(test, steadfast_loom))]
pub(crate) use loomed::{AtomicU64, Mutex, MutexGuard, Ordering, thread_local};

#[cfg(test)]
#[cfg(steadfast_loom)]
mod loomed {
    pub(crate) use loom::sync::MutexGuard;
    pub(crate) use loom::sync::atomic::Ordering;

    use loom::sync::atomic;

    /// Loom's, with a turn taken before each access.
    ///
    /// Loom tells from the last access to an atomic alone which accesses may change places. A thread that
    /// loads and then stores hides from it what others have loaded before
    /// (<https://github.com/tokio-rs/loom/issues/166>), and that is what all of ours do. Of the turns each
    /// depends on the one before, so none is hidden. They are relaxed and order nothing.
    #[derive(Debug)]
    pub(crate) struct AtomicU64 {
        value: atomic::AtomicU64,
        turns: atomic::AtomicU64,
    }

    impl AtomicU64 {
        pub(crate) fn new(value: u64) -> Self {
            Self {
                value: atomic::AtomicU64::new(value),
                turns: atomic::AtomicU64::new(0),
            }
        }

        pub(crate) fn load(&self, order: Ordering) -> u64 {
            self.turn();
            self.value.load(order)
        }

        pub(crate) fn store(&self, value: u64, order: Ordering) {
            self.turn();
            self.value.store(value, order);
        }

        pub(crate) fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
            self.turn();
            self.value.fetch_add(value, order)
        }

        fn turn(&self) {
            self.turns.fetch_add(1, Ordering::Relaxed);
        }
    }

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

    /// The threads of a model are one thread of the system, so its own locals would be everybody's.
    macro_rules! locals {
        ($($(#[$attribute:meta])* static $name:ident: $type:ty = const $init:block;)+) => {
            loom::thread_local! {
                $($(#[$attribute])* static $name: $type = $init;)+
            }
        };
    }
    pub(crate) use locals as thread_local;
}
