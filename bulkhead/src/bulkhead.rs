use std::{
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use crate::{
    builder::Builder,
    clock,
    error::{Error, Rejected},
    gate::Gate,
    observer::Observer,
    permit::{Held, Permit},
    snapshot::Snapshot,
    ticket::Ticket,
    wait,
};

/// A limited number of places, and a bounded first-in, first-out queue in front of them.
///
/// A clone is another handle to the same bulkhead.
#[derive(Clone)]
pub struct Bulkhead {
    gate: Arc<Gate>,
}

impl Bulkhead {
    /// Begins a bulkhead. The name appears in rejections, snapshots and telemetry.
    pub fn builder(name: impl Into<Arc<str>>) -> Builder {
        Builder::new(name.into())
    }

    pub(crate) fn new(gate: Gate) -> Self {
        Self {
            gate: Arc::new(gate),
        }
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
        self.gate.try_enter()?;
        Ok(Permit::new(Arc::clone(&self.gate), Duration::ZERO))
    }

    /// Takes a place, waiting in line for at most the checkout timeout when all are busy.
    ///
    /// # Errors
    ///
    /// [`Reason::Full`](crate::Reason::Full) at once when the queue is full too,
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
    pub async fn acquire(&self) -> Result<Permit, Rejected> {
        let waited = match self.gate.enter()? {
            None => Duration::ZERO,
            Some(spot) => wait::as_task(Ticket::new(&self.gate, spot, clock::now())).await?,
        };
        Ok(Permit::new(Arc::clone(&self.gate), waited))
    }

    /// [`acquire`](Self::acquire) for a thread: it parks while it waits in line, in the same queue
    /// as the async callers. The timeout is measured in real time.
    ///
    /// # Errors
    ///
    /// The same as for `acquire`.
    pub fn acquire_blocking(&self) -> Result<Permit, Rejected> {
        let waited = match self.gate.enter()? {
            None => Duration::ZERO,
            Some(spot) => wait::as_thread(Ticket::new(&self.gate, spot, clock::real()))?,
        };
        Ok(Permit::new(Arc::clone(&self.gate), waited))
    }

    /// Runs an operation in a place of its own. The operation is started only once it has the
    /// place, and the place is given back when the operation's future is done and dropped.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] when there was no place (see [`acquire`](Self::acquire)), and
    /// [`Error::Operation`] with the operation's own error.
    ///
    /// # Panics
    ///
    /// As `acquire` does. A panic of the operation gives the place back and goes on unwinding.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the queue, or drops the operation and gives its place back.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast_bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::builder("reports").build()?;
    /// let sum = bulkhead.call(|| async { Ok::<_, std::io::Error>(1 + 1) }).await?;
    /// assert_eq!(sum, 2);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub async fn call<F, Fut, T, E>(&self, operation: F) -> Result<T, Error<E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        if let Some(spot) = self.gate.enter()? {
            wait::as_task(Ticket::new(&self.gate, spot, clock::now())).await?;
        }
        let _held = Held(&self.gate);
        operation().await.map_err(Error::Operation)
    }

    /// [`call`](Self::call) for a thread.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] when there was no place (see
    /// [`acquire_blocking`](Self::acquire_blocking)), and [`Error::Operation`] with the operation's
    /// own error.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast_bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::builder("reports").build()?;
    /// let sum = bulkhead.call_blocking(|| Ok::<_, std::io::Error>(1 + 1))?;
    /// assert_eq!(sum, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn call_blocking<F, T, E>(&self, operation: F) -> Result<T, Error<E>>
    where
        F: FnOnce() -> Result<T, E>,
    {
        if let Some(spot) = self.gate.enter()? {
            wait::as_thread(Ticket::new(&self.gate, spot, clock::real()))?;
        }
        let _held = Held(&self.gate);
        operation().map_err(Error::Operation)
    }

    /// Refuses every caller from now on, and wakes those in line with
    /// [`Reason::Closed`](crate::Reason::Closed). Permits that are out stay good, as does a place
    /// that a waiter was handed before. Closing again does nothing; there is no way back.
    pub fn close(&self) {
        self.gate.close();
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.gate.is_closed()
    }

    /// The name given to [`builder`](Self::builder).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.gate.name
    }

    /// The bulkhead as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.gate.snapshot()
    }

    /// Adds an observer, which hears of everything that happens from now on.
    pub fn add_observer(&self, observer: Arc<dyn Observer>) {
        self.gate.observers.add(observer);
    }

    /// A handle that does not keep the bulkhead alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakBulkhead {
        WeakBulkhead {
            gate: Arc::downgrade(&self.gate),
        }
    }
}

impl fmt::Debug for Bulkhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshot = self.snapshot();
        f.debug_struct("Bulkhead")
            .field("name", &snapshot.name)
            .field("max_concurrent", &snapshot.max_concurrent)
            .field("max_waiting", &snapshot.max_waiting)
            .field("checkout_timeout", &self.gate.checkout_timeout)
            .field("busy", &snapshot.busy)
            .field("waiting", &snapshot.waiting)
            .field("closed", &snapshot.closed)
            .finish()
    }
}

/// A handle to a [`Bulkhead`] that does not keep it alive, for whoever only watches it.
#[derive(Debug, Clone)]
pub struct WeakBulkhead {
    gate: Weak<Gate>,
}

impl WeakBulkhead {
    /// The bulkhead, unless all its handles and permits are gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<Bulkhead> {
        self.gate.upgrade().map(|gate| Bulkhead { gate })
    }
}
