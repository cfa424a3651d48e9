//! Settings.

use std::fmt;

use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry::trace::{Tracer, TracerProvider};

use crate::error::{ConfigError, FieldError};
use crate::registry::scope;
use crate::span_events::SpanEvents;
use crate::telemetry::Telemetry;

/// What can be set that is no provider.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) queue: usize,
    pub(crate) own_series: usize,
    pub(crate) history: usize,
    pub(crate) tells_body_size: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            queue: 1024,
            own_series: 50,
            history: 0,
            tells_body_size: false,
        }
    }
}

/// Builds a [`Telemetry`].
///
/// # Examples
/// ```
/// use steadfast_telemetry::Telemetry;
/// use steadfast_telemetry::opentelemetry::metrics::noop::NoopMeterProvider;
///
/// let provider = NoopMeterProvider::new();
/// let telemetry = Telemetry::builder().meter_provider(&provider).queue(64).build()?;
/// assert_eq!(telemetry.snapshot().queue_capacity, 64);
/// # Ok::<_, steadfast_telemetry::ConfigError>(())
/// ```
#[must_use]
pub struct Builder {
    meter: Option<Meter>,
    tracer: Option<BoxedTracer>,
    settings: Settings,
    span_events: Option<SpanEvents>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            meter: None,
            tracer: None,
            settings: Settings::default(),
            span_events: None,
        }
    }

    /// The meter provider that the instruments are created on. By default the global one, as it is
    /// when [`build`](Self::build) is called.
    ///
    /// The SDK keeps 2000 series of each metric unless a view says otherwise; a service with more
    /// than 400 circuit breakers needs one (`Stream::builder().with_cardinality_limit`).
    pub fn meter_provider<P: MeterProvider + ?Sized>(mut self, provider: &P) -> Self {
        self.meter = Some(provider.meter_with_scope(scope()));
        self
    }

    /// The tracer provider that spans are started on. By default the global one, as it is when
    /// [`build`](Self::build) is called.
    pub fn tracer_provider<P>(mut self, provider: &P) -> Self
    where
        P: TracerProvider,
        P::Tracer: Send + Sync + 'static,
        <P::Tracer as Tracer>::Span: Send + Sync + 'static,
    {
        let tracer = provider.tracer_with_scope(scope());
        self.tracer = Some(BoxedTracer::new(Box::new(tracer)));
        self
    }

    /// How many events may wait for the handlers; 1024 by default, enough for a storm of events
    /// while a handler writes to a slow log. Events beyond are dropped and counted.
    pub fn queue(mut self, events: usize) -> Self {
        self.settings.queue = events;
        self
    }

    /// How many members of a [group](Telemetry::group) have series of their own; 50 by default, which a
    /// dashboard can still show. The rest is told as `{group}/other`. With 0 all are told together.
    ///
    /// Also how many servers keep their own `server.address` and `server.port` in the metrics of HTTP
    /// clients, and how many brokers in those of messages; the rest shares the address `other`. These are
    /// the first that are met, and not the busiest: a histogram cannot be told under another name later.
    pub fn own_series(mut self, members: usize) -> Self {
        self.settings.own_series = members;
        self
    }

    /// Of how many components a [history](Telemetry::history) is kept; of none by default. Those that are
    /// watched first come first.
    ///
    /// A thread reads them once a second. What the last five minutes and the last hour looked like takes
    /// about 26 KB for a circuit breaker: 13 MB for 500 components.
    pub fn history(mut self, components: usize) -> Self {
        self.settings.history = components;
        self
    }

    /// Whether the spans of messages say how large the body is (`messaging.message.body.size`), which
    /// the conventions leave to the application. Default false.
    pub fn message_body_size(mut self, told: bool) -> Self {
        self.settings.tells_body_size = told;
        self
    }

    /// What becomes an event of the span that is current where a call runs. Default: retries and waits
    /// if a tracer provider was [given](Self::tracer_provider), for whoever gives one wants to see
    /// traces; nothing otherwise, and rejections only if asked for, so that they stay as fast as if
    /// nobody watched.
    pub fn span_events(mut self, events: SpanEvents) -> Self {
        self.span_events = Some(events);
        self
    }

    /// Builds the telemetry object and its instruments.
    ///
    /// # Errors
    /// [`ConfigError`] if the queue has no room for any event, or if the thread that a history needs cannot
    /// be started.
    pub fn build(self) -> Result<Telemetry, ConfigError> {
        if self.settings.queue == 0 {
            return Err(broken("queue", 0, "must be at least 1"));
        }
        let meter = self.meter.unwrap_or_else(global_meter);
        let default_events = match self.tracer {
            Some(_) => SpanEvents::RETRIES.and(SpanEvents::WAITS),
            None => SpanEvents::NONE,
        };
        let tracer = self.tracer.unwrap_or_else(global_tracer);
        let span_events = self.span_events.unwrap_or(default_events);
        let telemetry = Telemetry::from_parts(meter, tracer, self.settings, span_events);
        if self.settings.history > 0 && telemetry.record_history().is_err() {
            let rule = "needs a thread of its own, and none could be started";
            return Err(broken("history", self.settings.history, rule));
        }
        Ok(telemetry)
    }
}

fn broken(field: &'static str, value: usize, rule: &'static str) -> ConfigError {
    let value = value.to_string();
    ConfigError::new(vec![FieldError { field, value, rule }])
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("meter_given", &self.meter.is_some())
            .field("tracer_given", &self.tracer.is_some())
            .field("settings", &self.settings)
            .field("span_events", &self.span_events)
            .finish()
    }
}

pub(crate) fn global_meter() -> Meter {
    global::meter_with_scope(scope())
}

pub(crate) fn global_tracer() -> BoxedTracer {
    global::tracer_with_scope(scope())
}
