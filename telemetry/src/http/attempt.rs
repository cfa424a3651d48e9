//! One attempt of a call: one request on the wire.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::{SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};

use super::HttpHead;
use super::call::{Shared, Target};
use super::series::Outcome;
use crate::names;
use crate::span::{ABANDONED, end, fail};
use crate::w3c;

/// The span of one attempt of an [`HttpCall`](super::HttpCall): a CLIENT span, which ends with the
/// body of the response. Its duration in the histogram ends with the head.
///
/// Dropped before it is over, the attempt is abandoned.
#[must_use = "an attempt that is dropped is abandoned"]
pub struct HttpAttempt {
    call: Arc<Shared>,
    target: Arc<Target>,
    /// With the span of the attempt.
    context: Context,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    /// Its status is no error, so that only the body can fail it.
    Answered,
    Failed,
    Over,
}

impl HttpAttempt {
    pub(super) fn begin(call: Arc<Shared>, target: Arc<Target>, resends: u32) -> Self {
        let mut attributes = target.request.clone();
        attributes.push(KeyValue::new(names::URL_FULL, target.url.clone()));
        if resends > 0 {
            let resends = i64::from(resends);
            attributes.push(KeyValue::new(names::HTTP_REQUEST_RESEND_COUNT, resends));
        }
        let span = call
            .tracer
            .span_builder(target.name.clone())
            .with_kind(SpanKind::Client)
            .with_attributes(attributes);
        let span = call.tracer.build_with_context(span, &call.context);
        Self {
            context: call.context.with_span(span),
            call,
            target,
            state: State::Waiting,
        }
    }

    /// Calls `set` with the headers by which the server's spans become children of this one: W3C
    /// `traceparent`, and `tracestate` if there is any. With nothing if there is no trace to go on
    /// with, as without a tracer provider.
    pub fn propagate(&self, set: impl FnMut(&'static str, &str)) {
        w3c::trace_context(&self.context, set);
    }

    /// The head of the response is there, after so long. Only the first one counts.
    pub fn answered(&mut self, head: &HttpHead, took: Duration) {
        if self.state != State::Waiting {
            return;
        }
        let span = self.context.span();
        let (status, version) = (head.status, head.version);
        let status_code = i64::from(status);
        span.set_attribute(KeyValue::new(names::HTTP_RESPONSE_STATUS_CODE, status_code));
        if let Some(version) = version {
            span.set_attribute(KeyValue::new(names::NETWORK_PROTOCOL_VERSION, version));
        }
        if let Some(peer) = head.peer {
            let address = peer.ip().to_string();
            span.set_attribute(KeyValue::new(names::NETWORK_PEER_ADDRESS, address));
            let port = i64::from(peer.port());
            span.set_attribute(KeyValue::new(names::NETWORK_PEER_PORT, port));
        }
        self.state = match head.error_type() {
            Some(error_type) => {
                fail(&self.context, error_type.into());
                State::Failed
            }
            None => State::Answered,
        };
        self.record(Outcome::Head { status, version }, took);
    }

    /// There is no response: it failed after so long.
    pub fn failed(mut self, error_type: &'static str, took: Duration) {
        if self.state == State::Waiting {
            fail(&self.context, error_type.into());
            self.record(Outcome::Failure(error_type), took);
        }
        self.state = State::Over;
    }

    /// Nobody waits for the response any more, after so long.
    pub fn abandoned(self, took: Duration) {
        self.failed(ABANDONED, took);
    }

    /// The body of the response has ended, or is not wanted.
    pub fn ended(mut self) {
        self.state = State::Over;
    }

    /// The body of the response broke off. The call, if this is its answer, has failed then too.
    pub fn body_failed(mut self, error_type: &'static str) {
        self.fail_body(error_type);
    }

    fn fail_body(&mut self, error_type: &'static str) {
        if self.state == State::Answered {
            fail(&self.context, error_type.into());
            if self.call.is_over() {
                self.call.fail(error_type.into());
            }
        }
        self.state = State::Over;
    }

    /// Into the histogram.
    fn record(&self, outcome: Outcome, took: Duration) {
        let series = &self.target.series;
        self.call.durations.record(series, outcome, took);
    }
}

impl Drop for HttpAttempt {
    fn drop(&mut self) {
        match self.state {
            State::Waiting => fail(&self.context, ABANDONED.into()),
            State::Answered => self.fail_body(ABANDONED),
            State::Failed | State::Over => {}
        }
        end(&self.context);
    }
}

impl fmt::Debug for HttpAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpAttempt")
            .field("name", &self.target.name)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
