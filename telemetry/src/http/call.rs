//! One call of an HTTP client, with all its attempts.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::{SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};

use super::attempt::HttpAttempt;
use super::series::{Key, Series};
use super::{Durations, HttpHead, HttpStart};
use crate::names;
use crate::servers::Server;
use crate::span::{ABANDONED, end, fail};
use crate::telemetry::Telemetry;

/// The span of one call of an HTTP client: from the request to the answer, retries and waits between
/// them included.
///
/// It is an INTERNAL span, a child of the one that is active where the call begins. Each attempt is a
/// CLIENT span under it. It ends once the call was [answered](Self::answered), or
/// [failed](Self::failed), and all its attempts are over; dropped before, the call is abandoned.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use steadfast_telemetry::{EventSinks, HttpHead, HttpStart};
///
/// # let sinks = EventSinks::new();
/// # let mut headers = Vec::new();
/// let call = sinks.http_call(|| {
///     HttpStart::new("billing", "GET", "https://billing.internal/orders/7", "billing.internal")
///         .port(443)
///         .template("/orders/{id}")
/// });
/// // Nobody watches, so there is nothing to tell.
/// assert!(call.is_none());
///
/// if let Some(call) = call {
///     let mut attempt = call.attempt(0);
///     attempt.propagate(|name, value| headers.push((name, value.to_owned())));
///     attempt.answered(&HttpHead::new(200).version("2"), Duration::from_millis(12));
///     call.answered(1, 200);
///     attempt.ended(); // and so has the body
/// }
/// ```
#[must_use = "a call that is dropped is abandoned"]
pub struct HttpCall {
    shared: Arc<Shared>,
    target: Arc<Target>,
}

/// What a call and its attempts share.
pub(super) struct Shared {
    /// With the span of the call.
    pub(super) context: Context,
    pub(super) tracer: Arc<BoxedTracer>,
    pub(super) durations: Arc<Durations>,
    /// Whether the call was answered or has failed. It guards nothing, hence relaxed.
    over: AtomicBool,
}

/// What attempts are made at.
pub(super) struct Target {
    /// The name of their spans; of the first target, that of the call's as well.
    pub(super) name: Cow<'static, str>,
    /// What the start says of the request, but for the URL.
    pub(super) request: Vec<KeyValue>,
    /// What it says for metrics.
    pub(super) series: Arc<Series>,
    pub(super) url: String,
}

impl Target {
    fn new(start: HttpStart, durations: &Durations) -> Self {
        let method = known(&start.method);
        let name = match (method, &start.template) {
            (OTHER, None) => Cow::Borrowed("HTTP"),
            (method, None) => Cow::Borrowed(method),
            (OTHER, Some(template)) => Cow::Owned(format!("HTTP {template}")),
            (method, Some(template)) => Cow::Owned(format!("{method} {template}")),
        };
        let key = Key {
            method,
            server: Server {
                host: start.host,
                port: start.port,
            },
            template: start.template,
        };
        let series = durations.series(&key);
        let mut request = key.into_attributes();
        if method == OTHER {
            let original = KeyValue::new(names::HTTP_REQUEST_METHOD_ORIGINAL, start.method);
            request.push(original);
        }
        Self {
            name,
            request,
            series,
            url: start.url,
        }
    }
}

impl HttpCall {
    pub(crate) fn begin(telemetry: &Telemetry, start: HttpStart) -> Self {
        let tracer = Arc::clone(telemetry.tracer());
        let parent = Context::current();
        let name = KeyValue::new(names::NAME, Arc::clone(&start.name));
        let durations = Arc::clone(telemetry.durations());
        let target = Target::new(start, &durations);
        let mut attributes = target.request.clone();
        attributes.push(name);
        let span = tracer
            .span_builder(target.name.clone())
            .with_kind(SpanKind::Internal)
            .with_attributes(attributes);
        let span = tracer.build_with_context(span, &parent);
        Self {
            shared: Arc::new(Shared {
                context: parent.with_span(span),
                tracer,
                durations,
                over: AtomicBool::new(false),
            }),
            target: Arc::new(target),
        }
    }

    /// Begins an attempt, after so many others of this call.
    pub fn attempt(&self, resends: u32) -> HttpAttempt {
        HttpAttempt::begin(Arc::clone(&self.shared), Arc::clone(&self.target), resends)
    }

    /// The answer was a redirect, and the client follows it: the attempts to come are made at `to`. The
    /// span of the call keeps telling where it began.
    pub fn redirected(&mut self, to: HttpStart) {
        self.target = Arc::new(Target::new(to, &self.shared.durations));
    }

    /// The call waits for its next attempt: an event of the span.
    pub fn waits(&self, wait: Duration) {
        let wait = KeyValue::new(names::WAIT, wait.as_secs_f64());
        let span = self.shared.context.span();
        span.add_event(names::RETRY_EVENT, vec![wait]);
    }

    /// An attempt was not let through, by a circuit breaker, a bulkhead, a budget: an event of the
    /// span. Whether that ends the call is told apart.
    pub fn rejected(&self, error_type: &'static str) {
        let error_type = KeyValue::new(names::ERROR_TYPE, error_type);
        let span = self.shared.context.span();
        span.add_event(names::REJECTED_EVENT, vec![error_type]);
    }

    /// The call has its answer. A status of 400 and more is an error. Ignored if the call is over.
    pub fn answered(&self, attempts: u32, status: u16) {
        if self.shared.end() {
            let span = self.shared.context.span();
            let status_code = i64::from(status);
            span.set_attribute(KeyValue::new(names::HTTP_RESPONSE_STATUS_CODE, status_code));
            span.set_attribute(KeyValue::new(names::ATTEMPTS, i64::from(attempts)));
            if let Some(error_type) = HttpHead::new(status).error_type() {
                self.shared.fail(error_type.into());
            }
        }
    }

    /// The call has no answer. Ignored if the call is over.
    pub fn failed(&self, attempts: u32, error_type: &'static str) {
        if self.shared.end() {
            let span = self.shared.context.span();
            span.set_attribute(KeyValue::new(names::ATTEMPTS, i64::from(attempts)));
            self.shared.fail(error_type.into());
        }
    }
}

impl Drop for HttpCall {
    fn drop(&mut self) {
        if self.shared.end() {
            self.shared.fail(ABANDONED.into());
        }
    }
}

impl Shared {
    /// Whether the call ends with this.
    fn end(&self) -> bool {
        !self.over.swap(true, Ordering::Relaxed)
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    pub(super) fn fail(&self, error_type: Cow<'static, str>) {
        fail(&self.context, error_type);
    }
}

impl Drop for Shared {
    /// The last of the call and its attempts is gone.
    fn drop(&mut self) {
        end(&self.context);
    }
}

/// What methods are called that the conventions do not know.
const OTHER: &str = "_OTHER";

/// The method, if the conventions know it: they are case-sensitive.
fn known(method: &str) -> &'static str {
    const KNOWN: [&str; 10] = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY",
    ];
    let known = KNOWN.into_iter().find(|known| *known == method);
    known.unwrap_or(OTHER)
}

impl fmt::Debug for HttpCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCall")
            .field("name", &self.target.name)
            .field("over", &self.shared.is_over())
            .finish_non_exhaustive()
    }
}
