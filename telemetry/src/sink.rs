//! Where events come in.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use crate::event::{Detail, EventKind};
use crate::http::{HttpCall, HttpStart};
use crate::messaging::{MessagingPublish, MessagingStart};
use crate::telemetry::WeakTelemetry;
use crate::wanted::Wanted;
use crate::watch::Watch;

/// Takes the events of a watched component. A clone is cheap, and none keeps the telemetry object
/// or its thread alive.
#[derive(Debug, Clone)]
pub struct EventSink {
    telemetry: WeakTelemetry,
    wanted: Arc<Wanted>,
}

impl EventSink {
    pub(crate) fn new(telemetry: WeakTelemetry, wanted: Arc<Wanted>) -> Self {
        Self { telemetry, wanted }
    }

    /// Whether any handler or subscription would take an event of this kind: one relaxed load. Ask
    /// before building an expensive one.
    #[must_use]
    pub fn wants(&self, kind: EventKind) -> bool {
        self.wanted.any(kind)
    }

    /// Queues an event for the handlers, and gives it to the subscriptions. Never waits for one: an
    /// event that does not fit in the queue is dropped and counted. Does nothing if nobody wants the
    /// kind.
    pub fn push(&self, detail: impl Into<Detail>) {
        if let Some(telemetry) = self.telemetry.upgrade() {
            telemetry.dispatcher().push(detail.into());
        }
    }

    /// Watches a component that belongs to the watched one, such as the circuit breaker of a host
    /// that a client has just met. Does nothing if the telemetry object is gone.
    ///
    /// Retries and rejections of such a part are not told as [span events](crate::SpanEvents): the
    /// whole knows its own spans.
    pub fn watch<C: Watch + ?Sized>(&self, component: &C) {
        if let Some(telemetry) = self.telemetry.upgrade() {
            telemetry.for_parts().watch(component);
        }
    }

    /// Watches a component that belongs to the watched one as a member of a
    /// [group](crate::Telemetry::group): one of very many. Does nothing if the telemetry object is gone.
    pub fn watch_in<C: Watch + ?Sized>(&self, group: &str, component: &C) {
        if let Some(telemetry) = self.telemetry.upgrade() {
            telemetry.for_parts().group(group).watch(component);
        }
    }

    /// Begins the span of an HTTP call; `None` if the telemetry object is gone.
    #[must_use]
    pub fn http_call(&self, start: impl FnOnce() -> HttpStart) -> Option<HttpCall> {
        let telemetry = self.telemetry.upgrade()?;
        Some(HttpCall::begin(&telemetry, start()))
    }

    /// Begins the span of a message that is published; `None` if the telemetry object is gone.
    #[must_use]
    pub fn messaging_publish(
        &self,
        start: impl FnOnce() -> MessagingStart,
    ) -> Option<MessagingPublish> {
        let telemetry = self.telemetry.upgrade()?;
        Some(MessagingPublish::begin(&telemetry, start()))
    }

    /// Whether the telemetry object is gone, so that nothing pushed here arrives anywhere.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.telemetry.is_gone()
    }
}

/// The sinks of all telemetry objects that watch one component; usually none or one.
///
/// A place for a [`Source`](crate::Source) to keep what [`watched`](crate::Source::watched) hands
/// it. While nobody watches, [`push`](Self::push) is one relaxed load.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use steadfast_telemetry::{EventKind, EventSink, EventSinks, HttpRequest, Source};
///
/// #[derive(Default)]
/// struct Client {
///     sinks: EventSinks,
/// }
///
/// impl Client {
///     fn answered(&self, status: u16, took: Duration) {
///         self.sinks.push(EventKind::HttpRequest, || {
///             HttpRequest::new("billing", "GET", "billing.internal:443", 1, took).status(status)
///         });
///     }
/// }
///
/// impl Source for Client {
///     fn name(&self) -> &str {
///         "billing"
///     }
///
///     fn watched(&self, sink: EventSink) {
///         self.sinks.add(sink);
///     }
/// }
/// # Client::default().answered(200, Duration::ZERO);
/// ```
#[derive(Default)]
pub struct EventSinks {
    /// Only saves the lock; the list behind it is what counts, hence relaxed.
    any: AtomicBool,
    sinks: RwLock<Arc<[EventSink]>>,
}

impl EventSinks {
    /// No sinks yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a sink, and forgets those that are closed.
    pub fn add(&self, sink: EventSink) {
        let mut sinks = self.sinks.write();
        let open = sinks.iter().filter(|sink| !sink.is_closed()).cloned();
        *sinks = open.chain([sink]).collect();
        self.any.store(true, Ordering::Relaxed);
    }

    /// Whether a sink was ever added: if not, there is no need to prepare anything for one.
    #[must_use]
    pub fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Pushes an event to every sink that wants its kind. `detail` runs only for those, once each.
    pub fn push<D: Into<Detail>>(&self, kind: EventKind, detail: impl Fn() -> D) {
        for sink in self.open().iter() {
            if sink.wants(kind) {
                sink.push(detail());
            }
        }
    }

    /// Watches a component that belongs to the watched one with every sink.
    ///
    /// A source that grows such components should call this for each new one, and from
    /// [`watched`](crate::Source::watched), after [`add`](Self::add), for those it has already:
    /// watching one twice is harmless.
    pub fn watch<C: Watch + ?Sized>(&self, component: &C) {
        for sink in self.open().iter() {
            sink.watch(component);
        }
    }

    /// Watches a component that belongs to the watched one with every sink, as a member of a
    /// [group](crate::Telemetry::group): one of very many.
    pub fn watch_in<C: Watch + ?Sized>(&self, group: &str, component: &C) {
        for sink in self.open().iter() {
            sink.watch_in(group, component);
        }
    }

    /// Begins the span of an HTTP call, with the telemetry object that has watched the longest: a
    /// call has one trace. `None`, and `start` not called, if nobody watches.
    #[must_use]
    pub fn http_call(&self, start: impl FnOnce() -> HttpStart) -> Option<HttpCall> {
        self.first()?.http_call(start)
    }

    /// Begins the span of a message that is published, with the telemetry object that has watched the
    /// longest: a message has one trace. `None`, and `start` not called, if nobody watches.
    #[must_use]
    pub fn messaging_publish(
        &self,
        start: impl FnOnce() -> MessagingStart,
    ) -> Option<MessagingPublish> {
        self.first()?.messaging_publish(start)
    }

    /// That of the telemetry object that has watched the longest.
    fn first(&self) -> Option<EventSink> {
        if !self.any() {
            return None;
        }
        let sinks = self.open();
        sinks.iter().find(|sink| !sink.is_closed()).cloned()
    }

    /// The list is cloned out, so that no lock is held while a sink works.
    fn open(&self) -> Arc<[EventSink]> {
        if self.any.load(Ordering::Relaxed) {
            Arc::clone(&self.sinks.read())
        } else {
            Arc::default()
        }
    }
}

impl fmt::Debug for EventSinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.sinks.read().iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Telemetry;

    #[test]
    fn those_of_telemetry_objects_that_are_gone_do_not_pile_up() {
        let sinks = EventSinks::new();
        let lasting = Telemetry::new();
        sinks.add(lasting.sink());
        for _ in 0..100 {
            sinks.add(Telemetry::new().sink());
        }
        assert!(sinks.open().len() <= 2);
        assert!(!sinks.open()[0].is_closed());
    }
}
