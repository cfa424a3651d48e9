use std::{sync::Arc, time::Duration};

use crate::{priority::Priority, rejected::Rejected};

/// Hears of what happens at a bulkhead: by default of the rare events alone, that a caller had to queue,
/// that a queued caller got its place, that a caller was refused.
///
/// A call that finds a free place at once is the hot path. It is told to those observers only that ask
/// for [every call](Self::wants_every_call); all others cost it nothing. Read its count from
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
    /// Whether it wants to hear of every call: of each [`acquired`](Self::acquired), also of those who
    /// did not have to wait, and of each [`released`](Self::released). Asked once, when it is added.
    ///
    /// Default: no. Then calls that find a free place run past it at full speed.
    fn wants_every_call(&self) -> bool {
        false
    }

    /// Whether it wants to hear of waits at present: of [`queued`](Self::queued),
    /// [`acquired`](Self::acquired) after a wait, and [`timed_out`](Self::timed_out). Asked when it is
    /// added, and again by [`Bulkhead::ask_observers`](crate::Bulkhead::ask_observers).
    ///
    /// Default: yes. While no observer wants to, a wait costs what it costs without any.
    fn wants_waits(&self) -> bool {
        true
    }

    /// The same for refusals at once: [`rejected`](Self::rejected).
    ///
    /// Default: yes. While no observer wants to, a full bulkhead refuses as fast as without any.
    fn wants_rejections(&self) -> bool {
        true
    }

    /// All places were busy and the caller joined the queue.
    fn queued(&self, queued: &Queued) {
        let _ = queued;
    }

    /// A caller got its places: one that had queued, or any if the observer
    /// [wants every call](Self::wants_every_call).
    fn acquired(&self, acquired: &Acquired) {
        let _ = acquired;
    }

    /// A caller was refused: full, closed, or too many places asked for.
    fn rejected(&self, rejected: &Rejected) {
        let _ = rejected;
    }

    /// A caller was refused after it had waited for the whole checkout timeout. By default told as
    /// [`rejected`](Self::rejected).
    fn timed_out(&self, rejected: &Rejected) {
        self.rejected(rejected);
    }

    /// A permit has come back. Told only if the observer
    /// [wants every call](Self::wants_every_call).
    fn released(&self, released: &Released) {
        let _ = released;
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn wants_every_call(&self) -> bool {
        (**self).wants_every_call()
    }

    fn wants_waits(&self) -> bool {
        (**self).wants_waits()
    }

    fn wants_rejections(&self) -> bool {
        (**self).wants_rejections()
    }

    fn queued(&self, queued: &Queued) {
        (**self).queued(queued);
    }

    fn acquired(&self, acquired: &Acquired) {
        (**self).acquired(acquired);
    }

    fn rejected(&self, rejected: &Rejected) {
        (**self).rejected(rejected);
    }

    fn timed_out(&self, rejected: &Rejected) {
        (**self).timed_out(rejected);
    }

    fn released(&self, released: &Released) {
        (**self).released(released);
    }
}

/// A caller joined the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Queued {
    /// The bulkhead's name.
    pub name: Arc<str>,
    /// Its place among those of its priority on arrival; 1 is served next of them.
    pub position: usize,
    /// Its priority.
    pub priority: Priority,
}

/// A caller got its places.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Acquired {
    /// The bulkhead's name.
    pub name: Arc<str>,
    /// How many places.
    pub places: usize,
    /// Time from joining the queue to getting the places; `None` if they were free at once.
    pub waited: Option<Duration>,
}

/// A permit came back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Released {
    /// The bulkhead's name.
    pub name: Arc<str>,
    /// How many places.
    pub places: usize,
    /// How long they were held, if the bulkhead [measures it](crate::Builder::hold_times).
    pub held: Option<Duration>,
}
