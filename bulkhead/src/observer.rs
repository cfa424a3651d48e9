use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::RwLock;

use crate::error::Rejected;

/// Hears of the rare events of a bulkhead: a caller had to queue, a queued caller got its place, a
/// caller was refused.
///
/// An acquire that found a free place at once is not reported: it is the hot path. Read it from
/// [`Snapshot`](crate::Snapshot) instead.
///
/// Every method does nothing by default. Observers run on the caller's thread after the
/// bulkhead's lock is released, so keep them short; one that panics is caught and counted in
/// [`Totals::observer_panics`](crate::Totals::observer_panics), and the call goes on.
///
/// # Examples
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
/// use steadfast_bulkhead::{Bulkhead, Observer, Rejected};
///
/// #[derive(Default)]
/// struct Refusals(AtomicU64);
///
/// impl Observer for Refusals {
///     fn rejected(&self, _: &Rejected) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let refusals = Arc::new(Refusals::default());
/// let bulkhead = Bulkhead::builder("reports")
///     .max_concurrent(1)
///     .observer(Arc::clone(&refusals))
///     .build()?;
///
/// let permit = bulkhead.try_acquire()?;
/// assert!(bulkhead.try_acquire().is_err());
/// assert_eq!(refusals.0.load(Ordering::Relaxed), 1);
/// # drop(permit);
/// # Ok(())
/// # }
/// ```
pub trait Observer: Send + Sync {
    /// All places were busy and the caller joined the queue.
    fn queued(&self, queued: &Queued) {
        let _ = queued;
    }

    /// A caller that had queued got its place.
    fn acquired_after_wait(&self, acquired: &Acquired) {
        let _ = acquired;
    }

    /// A caller was refused: full, timed out, or closed.
    fn rejected(&self, rejected: &Rejected) {
        let _ = rejected;
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn queued(&self, queued: &Queued) {
        (**self).queued(queued);
    }

    fn acquired_after_wait(&self, acquired: &Acquired) {
        (**self).acquired_after_wait(acquired);
    }

    fn rejected(&self, rejected: &Rejected) {
        (**self).rejected(rejected);
    }
}

/// A caller joined the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Queued {
    /// The bulkhead's name.
    pub name: Arc<str>,
    /// Place in line on arrival; 1 is served next.
    pub position: usize,
}

/// A caller that had queued got its place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Acquired {
    /// The bulkhead's name.
    pub name: Arc<str>,
    /// Time from joining the queue to getting the place.
    pub waited: Duration,
}

/// The observers of one bulkhead.
#[derive(Default)]
pub(crate) struct Observers {
    list: RwLock<Arc<[Arc<dyn Observer>]>>,
    /// Length of `list`: spares the unobserved bulkhead the lock. Relaxed: it guards nothing, the
    /// list itself is read under its lock.
    count: AtomicUsize,
    panics: AtomicU64,
}

impl Observers {
    pub(crate) fn new(list: Vec<Arc<dyn Observer>>) -> Self {
        Self {
            count: AtomicUsize::new(list.len()),
            list: RwLock::new(list.into()),
            panics: AtomicU64::new(0),
        }
    }

    pub(crate) fn add(&self, observer: Arc<dyn Observer>) {
        let replaced = {
            let mut list = self.list.write();
            let longer = list.iter().cloned().chain([observer]).collect();
            self.count.fetch_add(1, Ordering::Relaxed);
            std::mem::replace(&mut *list, longer)
        };
        drop(replaced);
    }

    /// Shows the event to every observer.
    #[inline]
    pub(crate) fn notify(&self, show: impl Fn(&dyn Observer)) {
        if self.count.load(Ordering::Relaxed) > 0 {
            self.show_all(show);
        }
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// The observers run outside the lock of the list.
    #[cold]
    fn show_all(&self, show: impl Fn(&dyn Observer)) {
        let list = Arc::clone(&self.list.read());
        for observer in &*list {
            if catch_unwind(AssertUnwindSafe(|| show(&**observer))).is_err() {
                self.panics.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers")
            .field("count", &self.count)
            .field("panics", &self.panics)
            .finish()
    }
}
