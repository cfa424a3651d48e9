//! Contexts as the W3C writes them: `traceparent`, `tracestate` and `baggage`.
//!
//! By hand, and not by the global propagator: that one does nothing until an application sets it, and
//! its propagators are in the SDK, which this crate does not need.

use std::fmt::Write;

use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};

pub(crate) const TRACEPARENT: &str = "traceparent";
pub(crate) const TRACESTATE: &str = "tracestate";
const BAGGAGE: &str = "baggage";

/// Calls `set` with `traceparent`, and `tracestate` if there is any. With nothing if there is no trace
/// to go on with, as without a tracer provider.
pub(crate) fn trace_context(context: &Context, mut set: impl FnMut(&'static str, &str)) {
    let span = context.span();
    let span = span.span_context();
    if !span.is_valid() {
        return;
    }
    let (trace, id) = (span.trace_id(), span.span_id());
    let sampled = u8::from(span.is_sampled());
    set(TRACEPARENT, &format!("00-{trace}-{id}-{sampled:02x}"));
    let state = span.trace_state().header();
    if !state.is_empty() {
        set(TRACESTATE, &state);
    }
}

/// Calls `set` with `baggage`, if there is any.
pub(crate) fn baggage(context: &Context, set: impl FnOnce(&'static str, &str)) {
    let mut header = String::new();
    for (name, (value, metadata)) in context.baggage() {
        if !header.is_empty() {
            header.push(',');
        }
        // OpenTelemetry lets in no other names than tokens, which need no encoding.
        header.push_str(name.as_str());
        header.push('=');
        encode(value.as_str(), &mut header);
        let metadata = metadata.as_str().trim();
        if !metadata.is_empty() {
            header.push(';');
            header.push_str(metadata);
        }
    }
    if !header.is_empty() {
        set(BAGGAGE, &header);
    }
}

/// What a `traceparent` names, if it is one, with its `tracestate`.
pub(crate) fn span_context(traceparent: &str, tracestate: Option<&str>) -> Option<SpanContext> {
    let mut parts = traceparent.trim().split('-');
    let version = hex(parts.next()?, 2)?;
    let trace = TraceId::from_hex(hex(parts.next()?, 32)?).ok()?;
    let span = SpanId::from_hex(hex(parts.next()?, 16)?).ok()?;
    let flags = u8::from_str_radix(hex(parts.next()?, 2)?, 16).ok()?;
    // Later versions may say more; `ff` will never be one.
    if version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let flags = TraceFlags::new(flags) & TraceFlags::SAMPLED;
    let state = tracestate.and_then(|state| state.parse::<TraceState>().ok());
    let context = SpanContext::new(trace, span, flags, true, state.unwrap_or_default());
    context.is_valid().then_some(context)
}

/// The text, if it is so many lower-case hexadecimal digits.
fn hex(text: &str, digits: usize) -> Option<&str> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (text.len() == digits && text.bytes().all(is_digit)).then_some(text)
}

/// Percent-encodes what may not stand in the value of a baggage entry.
fn encode(value: &str, out: &mut String) {
    for byte in value.trim().bytes() {
        match byte {
            b'"' | b'%' | b',' | b';' | b'\\' => {
                let _ = write!(out, "%{byte:02X}");
            }
            b'!'..=b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests;
