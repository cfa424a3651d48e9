use std::{fmt, sync::Arc};

#[cfg(feature = "tokio")]
use crate::acquiring::Acquiring;
use crate::{
    builder::{self, Builder},
    door::MOST,
    error::ConfigError,
    gate::{Entered, Gate},
    observer::Observer,
    permit::Permit,
    priority::Priority,
    queue::Wanted,
    rejected::Rejected,
    snapshot::Snapshot,
    wait,
    weak::WeakBulkhead,
};

mod calls;
mod closing;
#[cfg(feature = "tower")]
mod entering;
mod many;

#[cfg(feature = "tower")]
pub(crate) use entering::{Entry, OwnedWait};

/// A limited number of places, and a bounded first-in, first-out queue in front of them.
///
/// A clone is another handle to the same bulkhead. Callers through this handle are of normal
/// [`Priority`], those through a handle made by [`with_priority`](Self::with_priority) of that.
#[derive(Clone)]
pub struct Bulkhead {
    gate: Arc<Gate>,
    priority: Priority,
}

impl Bulkhead {
    /// The most places that a bulkhead can have, for one that is to refuse nobody but goes on counting: more
    /// callers than that fit into no memory. Places cost nothing; those that are taken do.
    pub const MAX_PLACES: usize = MOST as usize;

    /// Begins a bulkhead. The name appears in rejections, snapshots and telemetry.
    pub fn builder(name: impl Into<Arc<str>>) -> Builder {
        Builder::new(name.into())
    }

    pub(crate) fn new(gate: Arc<Gate>) -> Self {
        Self {
            gate,
            priority: Priority::Normal,
        }
    }

    /// Another handle to the same bulkhead, for callers of this priority.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast_bulkhead::{Bulkhead, Priority};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bulkhead = Bulkhead::builder("search").max_concurrent(2).build()?;
    /// let prefetch = bulkhead.with_priority(Priority::Low);
    /// let permit = prefetch.try_acquire()?;
    /// assert_eq!(bulkhead.snapshot().busy, 1, "it is the same bulkhead");
    /// # drop(permit);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_priority(&self, priority: Priority) -> Self {
        Self {
            gate: Arc::clone(&self.gate),
            priority,
        }
    }

    pub(crate) fn of_priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// The priority of callers through this handle.
    #[must_use]
    pub fn priority(&self) -> Priority {
        self.priority
    }

    /// Takes a place if one is free, without waiting. Never jumps the queue: while callers wait in
    /// line, a place that comes back is theirs and is not free.
    ///
    /// # Errors
    ///
    /// [`Reason::Full`](crate::Reason::Full) when no place is free,
    /// [`Reason::Closed`](crate::Reason::Closed) when the bulkhead was closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast_bulkhead::{Bulkhead, Reason};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bulkhead = Bulkhead::builder("reports").max_concurrent(1).build()?;
    /// let permit = bulkhead.try_acquire()?;
    /// let rejected = bulkhead.try_acquire().unwrap_err();
    /// assert_eq!(rejected.reason(), Reason::Full { concurrent: 1, waiting: 0 });
    ///
    /// drop(permit);
    /// assert!(bulkhead.try_acquire().is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_acquire(&self) -> Result<Permit, Rejected> {
        let since = self.gate.try_enter(1)?;
        Ok(Permit::new(Arc::clone(&self.gate), 1, since))
    }

    /// Takes a place, waiting in line for at most the checkout timeout when all are busy.
    ///
    /// # Errors
    ///
    /// [`Reason::Full`](crate::Reason::Full) at once when the queue is full too, or the checkout
    /// timeout is zero,
    /// [`Reason::Timeout`](crate::Reason::Timeout) when the wait took too long,
    /// [`Reason::Closed`](crate::Reason::Closed) when the bulkhead is closed, also while waiting.
    ///
    /// # Panics
    ///
    /// When it has to wait outside a tokio runtime with its time driver enabled. A place that is
    /// free, and a refusal, need no runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the queue at once; a place that it had been handed but not yet
    /// picked up goes to the next in line. Keep polling a future that you keep: one that is never
    /// polled again keeps the place that it is handed.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use steadfast_bulkhead::{Bulkhead, Reason};
    ///
    /// let bulkhead = Bulkhead::builder("reports")
    ///     .max_concurrent(1)
    ///     .checkout_timeout(Duration::from_secs(2))
    ///     .build()?;
    ///
    /// let permit = bulkhead.acquire().await?;
    /// let rejected = bulkhead.acquire().await.unwrap_err();
    /// assert!(matches!(rejected.reason(), Reason::Timeout { .. }));
    /// # drop(permit);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    #[inline]
    pub fn acquire(&self) -> impl Future<Output = Result<Permit, Rejected>> {
        self.take(1)
    }

    /// [`acquire`](Self::acquire) for a thread: it parks while it waits in line, in the same queue
    /// as the async callers. The timeout is measured in real time.
    ///
    /// # Errors
    ///
    /// The same as for `acquire`.
    pub fn acquire_blocking(&self) -> Result<Permit, Rejected> {
        self.take_blocking(1)
    }

    /// Changes how many places there are, while the bulkhead is in use.
    ///
    /// More places go to those in line at once, in their order. Fewer take effect as permits come back:
    /// nobody loses a place, and until enough are back more are busy than there are.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a number that the [builder](Builder::max_concurrent) would refuse; then
    /// nothing changes.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast_bulkhead::Bulkhead;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bulkhead = Bulkhead::builder("reports").max_concurrent(2).build()?;
    /// let (first, second) = (bulkhead.try_acquire()?, bulkhead.try_acquire()?);
    /// bulkhead.resize(1)?;
    /// drop(first);
    /// assert!(bulkhead.try_acquire().is_err(), "one place, and it is busy");
    /// drop(second);
    /// assert!(bulkhead.try_acquire().is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn resize(&self, max_concurrent: usize) -> Result<(), ConfigError> {
        let bad = builder::check_places(max_concurrent).into_iter().collect();
        ConfigError::check("bulkhead", self.gate.name(), bad)?;
        self.gate.resize(builder::places(max_concurrent));
        Ok(())
    }

    /// The name given to [`builder`](Self::builder).
    #[must_use]
    pub fn name(&self) -> &str {
        self.gate.name()
    }

    /// The bulkhead as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.gate.snapshot()
    }

    /// Adds an observer, which hears of everything that happens from now on.
    pub fn add_observer(&self, observer: Arc<dyn Observer>) {
        self.gate.observe(observer);
    }

    /// Asks every observer again what it [wants](Observer::wants_rejections) to hear. For whoever owns one
    /// that has changed its mind.
    pub fn ask_observers(&self) {
        self.gate.observers.ask();
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Whether there is no other handle, permit, or call: all of them keep the gate.
    pub(crate) fn is_only_handle(&self) -> bool {
        Arc::strong_count(&self.gate) == 1
    }

    /// A handle that does not keep the bulkhead alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakBulkhead {
        WeakBulkhead::new(Arc::downgrade(&self.gate), self.priority)
    }

    #[inline]
    pub(crate) fn wanted(&self, places: u32) -> Wanted {
        Wanted {
            places,
            priority: self.priority,
        }
    }

    #[cfg(feature = "tokio")]
    #[inline]
    fn take(&self, places: u32) -> Acquiring<'_> {
        Acquiring::new(&self.gate, self.wanted(places))
    }

    fn take_blocking(&self, places: u32) -> Result<Permit, Rejected> {
        let gate = &self.gate;
        Ok(match gate.enter(self.wanted(places), None)? {
            Entered::In(since) => Permit::new(Arc::clone(gate), places, since),
            Entered::Waits(spot) => {
                let waited = wait::as_thread(gate, &spot)?;
                Permit::after_wait(Arc::clone(gate), places, waited)
            }
        })
    }
}

impl fmt::Debug for Bulkhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshot = self.snapshot();
        f.debug_struct("Bulkhead")
            .field("name", &snapshot.name)
            .field("priority", &self.priority)
            .field("max_concurrent", &snapshot.max_concurrent)
            .field("max_waiting", &snapshot.max_waiting)
            .field("checkout_timeout", &self.config().checkout_timeout)
            .field("busy", &snapshot.busy)
            .field("waiting", &snapshot.waiting)
            .field("closed", &snapshot.closed)
            .finish()
    }
}
