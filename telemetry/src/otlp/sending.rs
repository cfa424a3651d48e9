//! What the transports trace is not exported: it would be sent, and traced, for ever.
//!
//! The SDK suppresses spans by OpenTelemetry's current context, and that is not enough: h2's span of a
//! connection has no parent, so tracing-opentelemetry begins it in an empty context, and all that happens
//! on the connection below it. So it also goes by the thread. Events of `tracing` are left to whoever looks
//! for a mistake.

use std::cell::Cell;

use opentelemetry::trace::{Link, SpanKind, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample};

thread_local! {
    static SENDS: Cell<bool> = const { Cell::new(false) };
}

/// From now on the spans that begin on this thread are those of a transport.
pub(crate) fn sends_from_here() {
    SENDS.set(true);
}

fn is_of_transport() -> bool {
    // A thread that is on its way out may still begin spans.
    SENDS.try_with(Cell::get).unwrap_or(false)
}

/// Samples nothing of the transports, and asks another about the rest.
#[derive(Debug, Clone)]
pub(crate) struct NotOfTransports(pub(crate) Sampler);

impl ShouldSample for NotOfTransports {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        if is_of_transport() {
            return SamplingResult {
                decision: SamplingDecision::Drop,
                attributes: Vec::new(),
                trace_state: TraceState::default(),
            };
        }
        let Self(sampler) = self;
        sampler.should_sample(parent, trace_id, name, kind, attributes, links)
    }
}
