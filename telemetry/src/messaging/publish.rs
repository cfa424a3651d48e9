//! One message on its way to the broker.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};

use super::attributes::{of_span, span_name};
use super::series::Series;
use super::{MessagingMetrics, MessagingStart};
use crate::names;
use crate::span::{ABANDONED, end, fail};
use crate::telemetry::Telemetry;
use crate::w3c;

/// The span of one message that is published: from the call to the broker's answer, waits and re-sends
/// included; and the metrics of it.
///
/// It is a child of the span that is active where it begins, and a PRODUCER span, whose context the
/// message is to [carry](Self::propagate). A message that carries a context of the caller's already keeps
/// it: the span is a CLIENT span then, and linked to that context. Dropped before it is over, the publish
/// is abandoned.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use steadfast_telemetry::{EventSinks, MessagingStart};
///
/// # let sinks = EventSinks::new();
/// # let mut headers = Vec::new();
/// let publish = sinks.messaging_publish(|| {
///     MessagingStart::new("shop", "orders", "order.created").server("broker.internal", 5672)
/// });
/// // Nobody watches, so there is nothing to tell.
/// assert!(publish.is_none());
///
/// if let Some(mut publish) = publish {
///     publish.propagate(|name, value| headers.push((name, value.to_owned())));
///     publish.sent();
///     publish.answered(Some("lost"));
///     publish.waits(Duration::from_millis(10));
///     publish.sent(); // again, with the same headers
///     publish.answered(None);
///     publish.confirmed(Duration::from_millis(32));
/// }
/// ```
#[must_use = "a publish that is dropped is abandoned"]
pub struct MessagingPublish {
    /// With the span, and with the baggage of the caller.
    context: Context,
    metrics: Arc<MessagingMetrics>,
    /// Whether the message carries a context of the caller's.
    has_context: bool,
    series: Arc<Series>,
    attempts: u32,
    is_sent: bool,
    /// What the last attempt ended in.
    failure: Option<&'static str>,
    is_over: bool,
}

impl MessagingPublish {
    pub(crate) fn begin(telemetry: &Telemetry, mut start: MessagingStart) -> Self {
        let tracer = telemetry.tracer();
        let parent = Context::current();
        let (kind, links) = match &start.creation_context {
            None => (SpanKind::Producer, Vec::new()),
            Some((traceparent, tracestate)) => {
                let created = w3c::span_context(traceparent, tracestate.as_deref());
                (
                    SpanKind::Client,
                    created.into_iter().map(Link::with_context).collect(),
                )
            }
        };
        let has_context = start.creation_context.is_some();
        let metrics = Arc::clone(telemetry.messaging());
        let series = metrics.series(&mut start);
        let span = tracer
            .span_builder(span_name(&start))
            .with_kind(kind)
            .with_links(links)
            .with_attributes(of_span(start, telemetry.tells_body_size()));
        let span = tracer.build_with_context(span, &parent);
        Self {
            context: parent.with_span(span),
            metrics,
            has_context,
            series,
            attempts: 0,
            is_sent: false,
            failure: None,
            is_over: false,
        }
    }

    /// Calls `set` with the headers that the message is to carry, each time it is sent, unless it has one
    /// of that name: W3C `traceparent`, `tracestate` and `baggage`, as far as there is any. With nothing
    /// if it carries a context of the caller's.
    pub fn propagate(&self, mut set: impl FnMut(&'static str, &str)) {
        if !self.has_context {
            w3c::trace_context(&self.context, &mut set);
            w3c::baggage(&self.context, set);
        }
    }

    /// The message was handed to the broker, the first time or again: an event of the span.
    pub fn sent(&mut self) {
        self.attempts += 1;
        self.is_sent = true;
        let attempts = KeyValue::new(names::ATTEMPTS, i64::from(self.attempts));
        let span = self.context.span();
        span.add_event(names::SENT_EVENT, vec![attempts]);
    }

    /// What became of sending it, this time: `None` if it was confirmed. Ignored if it was not sent.
    pub fn answered(&mut self, error_type: Option<&'static str>) {
        self.failure = None;
        if std::mem::take(&mut self.is_sent) {
            self.failure = error_type;
            self.metrics.sent(&self.series, error_type);
        }
    }

    /// It waits until it is sent again: an event of the span.
    pub fn waits(&self, wait: Duration) {
        let wait = KeyValue::new(names::WAIT, wait.as_secs_f64());
        let why = self
            .failure
            .map(|why| KeyValue::new(names::ERROR_TYPE, why));
        let span = self.context.span();
        span.add_event(names::RETRY_EVENT, [wait].into_iter().chain(why).collect());
    }

    /// The broker has it, after so long.
    pub fn confirmed(mut self, took: Duration) {
        self.finish(None, Some(took));
    }

    /// It was not confirmed, after so long.
    pub fn failed(mut self, error_type: &'static str, took: Duration) {
        self.finish(Some(error_type), Some(took));
    }

    /// Nobody waits for it any more, after so long.
    pub fn abandoned(self, took: Duration) {
        self.failed(ABANDONED, took);
    }

    fn finish(&mut self, error_type: Option<&'static str>, took: Option<Duration>) {
        self.is_over = true;
        self.answered(error_type);
        let attempts = KeyValue::new(names::ATTEMPTS, i64::from(self.attempts));
        self.context.span().set_attribute(attempts);
        if let Some(error_type) = error_type {
            fail(&self.context, error_type.into());
        }
        if let Some(took) = took {
            self.metrics.operation(&self.series, error_type, took);
        }
        end(&self.context);
    }
}

impl Drop for MessagingPublish {
    fn drop(&mut self) {
        if !self.is_over {
            self.finish(Some(ABANDONED), None);
        }
    }
}

impl fmt::Debug for MessagingPublish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessagingPublish")
            .field("attempts", &self.attempts)
            .field("over", &self.is_over)
            .finish_non_exhaustive()
    }
}
