use std::{fmt, sync::Arc, time::Duration};

#[cfg(feature = "tokio")]
use crate::calling::Calling;
use crate::{
    builder::{self, Builder},
    clock,
    error::{ConfigError, Error, Rejected, StillBusy},
    gate::Gate,
    observer::Observer,
    permit::{Held, Permit},
    snapshot::Snapshot,
    ticket::Ticket,
    wait,
    weak::WeakBulkhead,
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

    pub(crate) fn new(gate: Arc<Gate>) -> Self {
        Self { gate }
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
        self.gate.try_enter(1)?;
        Ok(Permit::new(Arc::clone(&self.gate), 1, Duration::ZERO))
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
    pub async fn acquire(&self) -> Result<Permit, Rejected> {
        let waited = match self.gate.enter(1)? {
            None => Duration::ZERO,
            Some(spot) => wait::as_task(Ticket::new(&self.gate, spot, clock::now())).await?,
        };
        Ok(Permit::new(Arc::clone(&self.gate), 1, waited))
    }

    /// [`acquire`](Self::acquire) for a thread: it parks while it waits in line, in the same queue
    /// as the async callers. The timeout is measured in real time.
    ///
    /// # Errors
    ///
    /// The same as for `acquire`.
    pub fn acquire_blocking(&self) -> Result<Permit, Rejected> {
        let waited = match self.gate.enter(1)? {
            None => Duration::ZERO,
            Some(spot) => wait::as_thread(Ticket::new(&self.gate, spot, clock::real()))?,
        };
        Ok(Permit::new(Arc::clone(&self.gate), 1, waited))
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
    #[inline]
    pub fn call<F, Fut, T, E>(&self, operation: F) -> impl Future<Output = Result<T, Error<E>>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        Calling::new(&self.gate, operation, wait::as_task)
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
        if let Some(spot) = self.gate.enter(1)? {
            wait::as_thread(Ticket::new(&self.gate, spot, clock::real()))?;
        }
        let _held = Held::new(&self.gate);
        operation().map_err(Error::Operation)
    }

    /// Takes several places at a time, if they are free, without waiting. They come back together.
    ///
    /// For work that weighs more than other work: a report that opens five connections, a batch of a
    /// hundred rows.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire), and [`Reason::TooMany`](crate::Reason::TooMany) if there
    /// are not so many places at all, or none is asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use steadfast_bulkhead::{Bulkhead, Reason};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bulkhead = Bulkhead::builder("reports").max_concurrent(8).build()?;
    /// let heavy = bulkhead.try_acquire_many(5)?;
    /// assert_eq!(heavy.weight(), 5);
    /// assert_eq!(bulkhead.snapshot().available, 3);
    /// let rejected = bulkhead.try_acquire_many(9).unwrap_err();
    /// assert_eq!(rejected.reason(), Reason::TooMany { wanted: 9, limit: 8 });
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_acquire_many(&self, places: usize) -> Result<Permit, Rejected> {
        let places = self.gate.places(places)?;
        self.gate.try_enter(places)?;
        Ok(Permit::new(Arc::clone(&self.gate), places, Duration::ZERO))
    }

    /// Takes several places at a time, waiting in line for at most the checkout timeout.
    ///
    /// The line is served strictly in order: one that waits for many places holds up those behind it
    /// until it has them all, so that it is not starved by a stream of small ones.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire), and [`Reason::TooMany`](crate::Reason::TooMany) if there are not
    /// so many places at all, also when the bulkhead is made smaller meanwhile, or none is asked for.
    ///
    /// # Panics
    ///
    /// As `acquire` does.
    ///
    /// # Cancel safety
    ///
    /// As `acquire`.
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub async fn acquire_many(&self, places: usize) -> Result<Permit, Rejected> {
        let places = self.gate.places(places)?;
        let waited = match self.gate.enter(places)? {
            None => Duration::ZERO,
            Some(spot) => wait::as_task(Ticket::new(&self.gate, spot, clock::now())).await?,
        };
        Ok(Permit::new(Arc::clone(&self.gate), places, waited))
    }

    /// [`acquire_many`](Self::acquire_many) for a thread.
    ///
    /// # Errors
    ///
    /// The same as for `acquire_many`.
    pub fn acquire_many_blocking(&self, places: usize) -> Result<Permit, Rejected> {
        let places = self.gate.places(places)?;
        let waited = match self.gate.enter(places)? {
            None => Duration::ZERO,
            Some(spot) => wait::as_thread(Ticket::new(&self.gate, spot, clock::real()))?,
        };
        Ok(Permit::new(Arc::clone(&self.gate), places, waited))
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
        ConfigError::check("bulkhead", &self.gate.name, bad)?;
        self.gate.resize(builder::places(max_concurrent));
        Ok(())
    }

    /// [Closes](Self::close) the bulkhead and waits until every permit has come back.
    ///
    /// # Errors
    ///
    /// [`StillBusy`] if that takes longer than `timeout`. The bulkhead stays closed.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with its time driver enabled.
    ///
    /// # Cancel safety
    ///
    /// The bulkhead is closed at the first poll, and stays so if the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use steadfast_bulkhead::Bulkhead;
    ///
    /// let bulkhead = Bulkhead::builder("reports").build()?;
    /// let permit = bulkhead.try_acquire()?;
    /// let grace = Duration::from_secs(10);
    /// assert_eq!(bulkhead.close_and_wait(grace).await.unwrap_err().busy(), 1);
    /// drop(permit);
    /// bulkhead.close_and_wait(grace).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub async fn close_and_wait(&self, timeout: Duration) -> Result<(), StillBusy> {
        self.gate.close();
        wait::drained_as_task(&self.gate, timeout).await
    }

    /// [`close_and_wait`](Self::close_and_wait) for a thread.
    ///
    /// # Errors
    ///
    /// The same as for `close_and_wait`.
    pub fn close_and_wait_blocking(&self, timeout: Duration) -> Result<(), StillBusy> {
        self.gate.close();
        wait::drained_as_thread(&self.gate, timeout)
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

    pub(crate) fn checkout_timeout(&self) -> Duration {
        self.gate.checkout_timeout
    }

    /// Whether there is no other handle, permit, or call: all of them keep the gate.
    pub(crate) fn is_only_handle(&self) -> bool {
        Arc::strong_count(&self.gate) == 1
    }

    /// A handle that does not keep the bulkhead alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakBulkhead {
        WeakBulkhead::new(Arc::downgrade(&self.gate))
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
