//! The context that a message carries: of the span of its publish, in the trace of the caller.

use steadfast_amqp::lapin::types::AMQPValue;
use steadfast_telemetry::opentelemetry::baggage::BaggageExt;
use steadfast_telemetry::opentelemetry::trace::{TraceContextExt, Tracer, TracerProvider};
use steadfast_telemetry::opentelemetry::{Context, ContextGuard, KeyValue};

use super::*;

impl Watched {
    /// Makes a new span the active one, with some baggage.
    pub(super) fn enter(&self, name: &'static str) -> ContextGuard {
        let span = self.tracers.tracer("app").start(name);
        let context = Context::current_with_span(span);
        context
            .with_baggage([KeyValue::new("tenant", "blue")])
            .attach()
    }
}

fn published(watched: &Watched) -> SpanData {
    let spans = watched.spans();
    let mut spans = spans
        .into_iter()
        .filter(|span| span.name.starts_with("publish"));
    spans.next().unwrap()
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

const THEIRS: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test]
async fn it_is_in_the_trace_and_with_the_baggage_of_the_caller() {
    let broker = FakeBroker::start().await;
    let watched = watched(&broker).await;
    let active = watched.enter("handle order");
    let outer = Context::current().span().span_context().clone();
    watched.publisher().publish(order()).await.unwrap();
    drop(active);
    let span = published(&watched);
    assert_eq!(span.parent_span_id, outer.span_id());
    assert_eq!(span.span_context.trace_id(), outer.trace_id());
    let received = &broker.received()[0];
    assert_eq!(received.header("traceparent"), Some(&*named(&span)));
    assert_eq!(received.header("baggage"), Some("tenant=blue"));
    assert_eq!(received.headers.len(), 2, "there is no tracestate");
}

#[tokio::test]
async fn of_a_message_that_goes_on_in_a_task_it_is_that_of_the_caller_too() {
    let broker = FakeBroker::start_down().await;
    let connection = quick(broker.uri()).connect_lazy().unwrap();
    let watched = watch(connection, |builder| builder);
    let publisher = watched.publisher();
    let active = watched.enter("handle order");
    let outer = Context::current().span().span_context().clone();
    let handle = publisher.send(order()).await.unwrap();
    drop(active);
    // The caller's span has ended by now, and another one is active.
    let _other = watched.enter("something else");
    broker.come_up().await;
    handle.await.unwrap();
    let span = published(&watched);
    assert_eq!(span.parent_span_id, outer.span_id());
    assert_eq!(span.span_context.trace_id(), outer.trace_id());
    let received = &broker.received()[0];
    assert_eq!(received.header("traceparent"), Some(&*named(&span)));
    assert_eq!(received.header("baggage"), Some("tenant=blue"));
}

#[tokio::test]
async fn one_that_the_caller_put_there_is_kept_and_linked_to() {
    let broker = FakeBroker::start().await;
    let watched = watched(&broker).await;
    let publisher = watched.publisher();
    let _active = watched.enter("handle order");
    for theirs in [text(THEIRS), AMQPValue::ByteArray(THEIRS.as_bytes().into())] {
        watched.exporter.reset();
        let message = order().header("traceparent", theirs.clone());
        publisher.publish(message).await.unwrap();
        let span = published(&watched);
        assert_eq!(span.span_kind, SpanKind::Client);
        let linked = &span.links[0].span_context;
        let named = format!("00-{}-{}-01", linked.trace_id(), linked.span_id());
        assert_eq!(named, THEIRS);
        let received = broker.received().pop().unwrap();
        assert_eq!(received.headers["traceparent"], theirs);
        assert_eq!(received.headers.len(), 1, "no baggage of another context");
    }
}

#[tokio::test]
async fn headers_of_the_callers_stay_what_they_are() {
    let broker = FakeBroker::start().await;
    let watched = watched(&broker).await;
    let _active = watched.enter("handle order");
    let message = order()
        .header("baggage", text("tenant=red"))
        .header("attempt", 7_u32);
    watched.publisher().publish(message).await.unwrap();
    let received = &broker.received()[0];
    assert_eq!(received.header("baggage"), Some("tenant=red"));
    assert_eq!(received.headers["attempt"], AMQPValue::LongUInt(7));
    let span = published(&watched);
    assert_eq!(received.header("traceparent"), Some(&*named(&span)));
    assert_eq!(received.headers.len(), 3);
}

#[tokio::test]
async fn without_a_tracer_provider_there_is_none() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let telemetry = Telemetry::new();
    telemetry.watch(&connection);
    connection.publisher().publish(order()).await.unwrap();
    assert!(broker.received()[0].headers.is_empty());
}
