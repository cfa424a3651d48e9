//! Who hears of events.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::Telemetry;
use crate::error::AttachError;
use crate::event::Event;
use crate::filter::Filter;
use crate::subscription::{DEFAULT_CAPACITY, Ring, Subscription};

impl Telemetry {
    /// Attaches a handler under an id of its own. It hears of every event that the filter chooses
    /// and that happens from now on.
    ///
    /// All handlers run one after another on one thread, which a bounded queue feeds. A slow one
    /// delays the others, never a call; events that do not fit in the queue are dropped and
    /// counted ([`Snapshot::dropped`](crate::Snapshot::dropped), `resilience.telemetry.events`). One that panics is detached and
    /// dropped with all it owned; the panic is counted (`resilience.telemetry.handler_panics`),
    /// remembered ([`Snapshot::detached`](crate::Snapshot::detached)), and told to the others as an event of kind
    /// [`Telemetry`](crate::EventKind::Telemetry). To go on after a panic, a handler catches it itself.
    ///
    /// A handler that owns a `Telemetry` keeps it alive until it is detached; give it a
    /// [`WeakTelemetry`](crate::WeakTelemetry).
    ///
    /// # Errors
    /// [`AttachError`] if the id is empty or taken, or if the thread, which the first handler
    /// starts, cannot be started.
    ///
    /// # Examples
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    /// use steadfast_telemetry::{EventKind, Telemetry};
    ///
    /// let (alerts, heard) = mpsc::channel();
    /// let telemetry = Telemetry::new();
    /// telemetry.attach("pager", EventKind::BreakerTransition, move |event| {
    ///     let _ = alerts.send(event.to_string());
    /// })?;
    /// # #[cfg(feature = "breaker")] {
    /// # use steadfast_breaker::CircuitBreaker;
    /// let breaker = CircuitBreaker::builder("payments").failure_threshold(1).build().unwrap();
    /// telemetry.watch(&breaker);
    /// let _ = breaker.call_blocking(|| Err::<(), _>("connection refused"));
    ///
    /// telemetry.flush(Duration::from_secs(1));
    /// assert_eq!(
    ///     heard.recv().unwrap(),
    ///     "circuit breaker payments: closed -> open (a call failed)"
    /// );
    /// # }
    /// # Ok::<_, steadfast_telemetry::AttachError>(())
    /// ```
    pub fn attach(
        &self,
        id: impl Into<Arc<str>>,
        filter: impl Into<Filter>,
        handler: impl FnMut(&Event) + Send + 'static,
    ) -> Result<(), AttachError> {
        let dispatcher = &self.inner.dispatcher;
        dispatcher.attach(id.into(), filter.into(), Box::new(handler))
    }

    /// Detaches a handler; `false` if there is none of that id.
    ///
    /// After it returned, the handler is not called again, does not run any more, and has been
    /// dropped with all it owned. To promise that, it waits for the handler to return if that runs
    /// just now. Only when it is called by a handler, on the thread they run on, it waits for
    /// nothing: a handler that detaches itself runs to its end and is dropped then.
    #[expect(
        clippy::must_use_candidate,
        reason = "that the handler is gone is what callers want; whether it was there is extra"
    )]
    pub fn detach(&self, id: &str) -> bool {
        self.inner.dispatcher.detach(id)
    }

    /// Subscribes to the events that the filter chooses and that happen from now on. Of those that are
    /// not read in time, the latest 256 are kept.
    ///
    /// Unlike a handler it needs no thread: it is read where the reader is, in async code or not.
    ///
    /// # Examples
    /// ```
    /// use steadfast_telemetry::{EventKind, Telemetry};
    ///
    /// # async fn page(_: steadfast_telemetry::Event) {}
    /// # async fn run(telemetry: Telemetry) {
    /// let mut transitions = telemetry.subscribe(EventKind::BreakerTransition);
    /// while let Some(event) = transitions.recv().await {
    ///     page(event).await;
    /// }
    /// # }
    /// ```
    pub fn subscribe(&self, filter: impl Into<Filter>) -> Subscription {
        self.subscribe_with_capacity(filter, DEFAULT_CAPACITY)
    }

    /// The same with room for so many events that are not read yet.
    pub fn subscribe_with_capacity(
        &self,
        filter: impl Into<Filter>,
        capacity: NonZeroUsize,
    ) -> Subscription {
        let ring = Arc::new(Ring::new(filter.into(), capacity));
        self.inner.dispatcher.subscribe(Arc::clone(&ring));
        Subscription::new(ring, self.downgrade())
    }

    /// Waits until the handlers are through with every event that happened before. `false` if they
    /// were not within the timeout, and at once if a handler asks.
    #[expect(
        clippy::must_use_candidate,
        reason = "at the end of a program there is nothing to do about a timeout"
    )]
    pub fn flush(&self, timeout: Duration) -> bool {
        self.inner.dispatcher.flush(timeout)
    }
}
