//! Events as a stream.

mod ring;

use std::fmt;
use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

use crate::event::Event;
use crate::telemetry::WeakTelemetry;

pub(crate) use ring::Ring;

/// Events that a subscription keeps, unless said otherwise.
pub(crate) const DEFAULT_CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);

/// The events that happen after [`Telemetry::subscribe`](crate::Telemetry::subscribe), one by one.
///
/// They come from a ring of its own, which holds 256 events unless
/// [`subscribe_with_capacity`](crate::Telemetry::subscribe_with_capacity) says otherwise. Whoever
/// pushes an event never waits for a reader: if the ring is full, the oldest event makes room, and is
/// [counted](Self::missed). So a reader that lags misses some, and then goes on with the latest.
///
/// It is a [`Stream`] as well, needs no runtime, and keeps no telemetry object alive: once that is
/// gone, the events left are read, and then it ends. Dropping it ends what it costs.
///
/// # Examples
/// ```
/// # #[cfg(feature = "breaker")] {
/// use steadfast_breaker::CircuitBreaker;
/// use steadfast_telemetry::{EventKind, Telemetry};
///
/// let breaker = CircuitBreaker::builder("payments").failure_threshold(1).build().unwrap();
/// let telemetry = Telemetry::new();
/// telemetry.watch(&breaker);
/// let mut transitions = telemetry.subscribe(EventKind::BreakerTransition);
///
/// let _ = breaker.call_blocking(|| Err::<(), _>("connection refused"));
/// assert_eq!(transitions.try_recv().unwrap().name(), "payments");
/// assert!(transitions.try_recv().is_none());
/// # }
/// ```
#[must_use = "a subscription that is dropped hears nothing"]
pub struct Subscription {
    ring: Arc<Ring>,
    telemetry: WeakTelemetry,
}

impl Subscription {
    pub(crate) fn new(ring: Arc<Ring>, telemetry: WeakTelemetry) -> Self {
        Self { ring, telemetry }
    }

    /// The next event, as soon as there is one. `None` once the telemetry object is gone and all
    /// events are read.
    ///
    /// # Cancel safety
    /// Cancel safe: no event is lost.
    pub async fn recv(&mut self) -> Option<Event> {
        poll_fn(|context| self.ring.poll(context.waker())).await
    }

    /// The next event, if there is one now. [`is_closed`](Self::is_closed) tells whether there will
    /// ever be one.
    pub fn try_recv(&mut self) -> Option<Event> {
        self.ring.take()
    }

    /// The next event, for which this thread waits so long at most. `None` at once if there will
    /// never be one.
    pub fn recv_timeout(&mut self, timeout: Duration) -> Option<Event> {
        self.ring.wait(timeout)
    }

    /// How many events it has missed so far, because they came faster than they were read.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.ring.missed()
    }

    /// Whether the telemetry object is gone and all events are read.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.ring.is_over()
    }
}

impl Stream for Subscription {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.ring.poll(context.waker())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.ring.len(), None)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(telemetry) = self.telemetry.upgrade() {
            telemetry.dispatcher().unsubscribe(&self.ring);
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("ring", &self.ring)
            .finish_non_exhaustive()
    }
}
