//! The context that a message carries.

use steadfast_telemetry::opentelemetry::Context;
use steadfast_telemetry::opentelemetry::KeyValue;
use steadfast_telemetry::opentelemetry::baggage::BaggageExt;
use steadfast_telemetry::opentelemetry::trace::{Span, TraceContextExt, Tracer, TracerProvider};

use super::*;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

fn headers(publish: &MessagingPublish) -> BTreeMap<&'static str, String> {
    let mut headers = BTreeMap::new();
    publish.propagate(|name, value| {
        headers.insert(name, value.to_owned());
    });
    headers
}

#[test]
fn it_is_the_spans_in_the_trace_and_with_the_baggage_of_the_caller() {
    let bench = Bench::new();
    let outer = bench.tracers.tracer("app").start("handle order");
    let (trace, parent) = (
        outer.span_context().trace_id(),
        outer.span_context().span_id(),
    );
    let outer = Context::current_with_span(outer);
    let outer = outer.with_baggage([KeyValue::new("tenant", "blue")]);
    let active = outer.attach();
    let publish = bench.publish(order());
    drop(active);
    let carried = headers(&publish);
    assert_eq!(headers(&publish), carried, "each time it is sent");
    publish_once(publish);

    let spans = bench.spans();
    let span = spans.iter().find(|span| span.name.starts_with("publish"));
    let span = span.unwrap();
    assert_eq!(span.parent_span_id, parent);
    assert_eq!(span.span_context.trace_id(), trace);
    let id = span.span_context.span_id();
    assert_eq!(carried["traceparent"], format!("00-{trace}-{id}-01"));
    assert_eq!(carried["baggage"], "tenant=blue");
    assert_eq!(carried.len(), 2, "there is no tracestate");
}

#[test]
fn one_of_the_callers_is_kept_and_linked_to() {
    let bench = Bench::new();
    let traceparent = format!("00-{TRACE}-{SPAN}-01");
    let start = order().creation_context(traceparent, Some("vendor=1".to_owned()));
    let publish = bench.publish(start);
    assert!(headers(&publish).is_empty());
    publish_once(publish);
    let span = bench.span();
    assert_eq!(span.span_kind, SpanKind::Client);
    assert_ne!(span.span_context.trace_id().to_string(), TRACE);
    assert_eq!(span.links.len(), 1);
    let linked = &span.links[0].span_context;
    assert_eq!(linked.trace_id().to_string(), TRACE);
    assert_eq!(linked.span_id().to_string(), SPAN);
    assert_eq!(linked.trace_state().get("vendor"), Some("1"));
}

#[test]
fn one_that_nobody_can_read_is_kept_too() {
    let bench = Bench::new();
    let publish = bench.publish(order().creation_context("mine", None));
    assert!(headers(&publish).is_empty());
    publish_once(publish);
    let span = bench.span();
    assert_eq!(span.span_kind, SpanKind::Client);
    assert!(span.links.is_empty());
}

#[test]
fn without_a_tracer_provider_there_is_none() {
    let publisher = Arc::new(Publisher::default());
    let telemetry = Telemetry::new();
    telemetry.watch(&publisher);
    let publish = publisher.sinks.messaging_publish(order).unwrap();
    assert!(headers(&publish).is_empty());
}
