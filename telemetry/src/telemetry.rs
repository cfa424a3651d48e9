//! The handle.

mod events;
mod readings;

use std::fmt;
use std::io;
use std::sync::{Arc, Weak};

use opentelemetry::global::BoxedTracer;
use opentelemetry::metrics::Meter;

use crate::builder::{Builder, Settings, global_meter, global_tracer};
use crate::dispatcher::Dispatcher;
use crate::event::NameShared;
use crate::history::Recorder;
use crate::http::Durations;
use crate::messaging::MessagingMetrics;
use crate::names;
use crate::own::Own;
use crate::registry::{Newcomer, Registry, same_source};
use crate::sink::EventSink;
use crate::source::Source;
use crate::span_events::SpanEvents;
use crate::watch::Watch;

/// Watches components: exports their metrics and hands their events to handlers.
///
/// A cheap handle, all clones of which are one telemetry object. It ends with the last of them: its
/// metrics stop, its handlers are dropped, and the thread they run on ends as soon as the handler
/// that runs at that moment returns. Events still in the queue then are lost;
/// [`flush`](Self::flush) first if they matter.
///
/// Use one telemetry object for one meter provider. Two on the same provider write into the same
/// series; of [telemetry's own](crate::names) only those of one of them are to be seen then.
#[derive(Clone)]
pub struct Telemetry {
    inner: Arc<Inner>,
    /// What is watched through this handle belongs to this group.
    group: Option<Arc<str>>,
    /// Of what is watched by this handle.
    span_events: SpanEvents,
}

pub(crate) struct Inner {
    registry: Arc<Registry>,
    dispatcher: Arc<Dispatcher>,
    recorder: Arc<Recorder>,
    tracer: Arc<BoxedTracer>,
    tells_body_size: bool,
    /// The source of telemetry's own metrics; the registry holds it weakly, like every other.
    _own: Arc<Own>,
    #[cfg(feature = "prometheus")]
    exposition: std::sync::OnceLock<crate::prometheus::Exposition>,
}

impl Telemetry {
    /// Telemetry with the default settings, on the global meter and tracer providers. Set those first
    /// (`opentelemetry::global::set_meter_provider`, `set_tracer_provider`): what is built before
    /// stays without metrics and spans.
    #[must_use]
    pub fn new() -> Self {
        let settings = Settings::default();
        Self::from_parts(global_meter(), global_tracer(), settings, SpanEvents::NONE)
    }

    /// Starts building telemetry with other settings.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn from_parts(
        meter: Meter,
        tracer: BoxedTracer,
        settings: Settings,
        span_events: SpanEvents,
    ) -> Self {
        let registry = Registry::new(meter, &names::PRESENT.concat(), settings.own_series);
        let dispatcher = Dispatcher::new(settings.queue, Arc::downgrade(&registry));
        let own = Own::new(Arc::clone(&dispatcher), &registry);
        let telemetry = Self {
            inner: Arc::new(Inner {
                registry,
                dispatcher,
                recorder: Recorder::new(settings.history),
                tracer: Arc::new(tracer),
                tells_body_size: settings.tells_body_size,
                _own: Arc::clone(&own),
                #[cfg(feature = "prometheus")]
                exposition: std::sync::OnceLock::new(),
            }),
            group: None,
            span_events,
        };
        telemetry.watch_source(&own);
        telemetry
    }

    /// Watches a component: its metrics are exported and its events handed to the handlers from
    /// now on. Does not keep it alive; once it is dropped its series end. Watching a component
    /// twice is harmless.
    ///
    /// Two components of one kind and name are told apart: the series of the one watched later
    /// carry `resilience.instance` = `2`, and so on.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "breaker")] {
    /// use steadfast_breaker::CircuitBreaker;
    /// use steadfast_telemetry::Telemetry;
    ///
    /// let breaker = CircuitBreaker::builder("payments").build().unwrap();
    /// let telemetry = Telemetry::new();
    /// telemetry.watch(&breaker);
    /// assert_eq!(telemetry.snapshot().watched, 1);
    /// # }
    /// ```
    pub fn watch<C: Watch + ?Sized>(&self, component: &C) {
        component.watched_by(self);
    }

    /// Another handle to the same telemetry object, through which the members of a group are watched:
    /// components of one kind of which there may be very many, such as the circuit breakers of all hosts
    /// that a client meets.
    ///
    /// The busiest of them have series of their own, [50](crate::Builder::own_series) unless said otherwise.
    /// The others are told together, under the name `{group}/other`: counts and what is in use as sums, how
    /// many are in each state, and of what cannot be summed, such as a ratio, the highest. A component that
    /// becomes busy gets series of its own, at the cost of one that is less than half as busy; no call is
    /// counted twice in a rate, except perhaps those of the moment of the change.
    ///
    /// Snapshots and events tell of each member by itself. A component of no group that is called like the
    /// others together is told apart from them by `resilience.instance`, as two components of one name are.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "breaker")] {
    /// use steadfast_breaker::CircuitBreaker;
    /// use steadfast_telemetry::Telemetry;
    ///
    /// let telemetry = Telemetry::new();
    /// let shards = telemetry.group("shards");
    /// let breakers: Vec<_> = (0..1000)
    ///     .map(|shard| CircuitBreaker::builder(format!("shards/{shard}")).build().unwrap())
    ///     .collect();
    /// breakers.iter().for_each(|breaker| shards.watch(breaker));
    /// assert_eq!(telemetry.snapshot().watched, 1000);
    /// # }
    /// ```
    #[must_use]
    pub fn group(&self, name: impl Into<Arc<str>>) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            group: Some(name.into()),
            span_events: self.span_events,
        }
    }

    /// A handle that does not keep the telemetry object alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakTelemetry {
        WeakTelemetry {
            inner: Arc::downgrade(&self.inner),
            span_events: self.span_events,
        }
    }

    /// A handle to watch the parts of a client that tells its own spans.
    pub(crate) fn for_parts(mut self) -> Self {
        self.span_events = self.span_events.of_a_part();
        self
    }

    /// What components that are watched by this handle tell the current span.
    #[cfg(any(feature = "breaker", feature = "retry", feature = "bulkhead"))]
    pub(crate) fn span_events(&self) -> SpanEvents {
        self.span_events
    }

    pub(crate) fn sink(&self) -> EventSink {
        let wanted = Arc::clone(self.inner.dispatcher.wanted());
        EventSink::new(self.downgrade(), wanted)
    }

    /// Begins to keep a history.
    pub(crate) fn record_history(&self) -> io::Result<()> {
        self.inner.recorder.start(&self.inner.registry)
    }

    #[cfg(test)]
    pub(crate) fn recorder(&self) -> Arc<Recorder> {
        Arc::clone(&self.inner.recorder)
    }

    #[cfg(test)]
    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.inner.registry
    }

    pub(crate) fn dispatcher(&self) -> &Dispatcher {
        &self.inner.dispatcher
    }

    pub(crate) fn tracer(&self) -> &Arc<BoxedTracer> {
        &self.inner.tracer
    }

    pub(crate) fn durations(&self) -> &Arc<Durations> {
        self.inner.registry.durations()
    }

    pub(crate) fn messaging(&self) -> &Arc<MessagingMetrics> {
        self.inner.registry.messaging()
    }

    pub(crate) fn tells_body_size(&self) -> bool {
        self.inner.tells_body_size
    }

    /// Watches a source that is its own component.
    pub(crate) fn watch_source<S: Source>(&self, source: &Arc<S>) {
        let shared: Arc<dyn Source> = Arc::<S>::clone(source);
        if self.insert(Arc::downgrade(&shared), same_source, &shared) {
            source.watched(self.sink());
        }
    }

    /// Watches `source` on behalf of `component`; `false` if that is watched already.
    pub(crate) fn insert<C: Send + Sync + 'static>(
        &self,
        component: C,
        same: fn(&C, &C) -> bool,
        source: &Arc<dyn Source>,
    ) -> bool {
        let newcomer = Newcomer {
            component,
            same,
            source: Arc::downgrade(source),
            kind: source.kind(),
            name: Arc::from(source.name()),
            instruments: source.instruments(),
            group: self.group.clone(),
        };
        let Some(entry) = self.inner.registry.insert(newcomer) else {
            return false;
        };
        if entry.instance > 1 {
            let shared = NameShared::new(Arc::clone(&entry.name), entry.instance, entry.kind);
            self.inner.dispatcher.push(shared.into());
        }
        true
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.dispatcher.close();
        self.recorder.stop();
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry")
            .field("registry", &self.inner.registry)
            .field("dispatcher", &self.inner.dispatcher)
            .finish_non_exhaustive()
    }
}

/// A handle that does not keep its telemetry object alive, made by [`Telemetry::downgrade`].
#[derive(Clone)]
pub struct WeakTelemetry {
    inner: Weak<Inner>,
    span_events: SpanEvents,
}

impl WeakTelemetry {
    /// The telemetry object, if any other handle still keeps it alive.
    #[must_use]
    pub fn upgrade(&self) -> Option<Telemetry> {
        self.inner.upgrade().map(|inner| Telemetry {
            inner,
            group: None,
            span_events: self.span_events,
        })
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.inner.strong_count() == 0
    }
}

impl fmt::Debug for WeakTelemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakTelemetry").finish_non_exhaustive()
    }
}
