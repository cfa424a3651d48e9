//! The trace context of messages, through a real broker.

use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use steadfast_amqp::lapin::options::BasicGetOptions;
use steadfast_amqp::lapin::types::AMQPValue;
use steadfast_amqp::{Message, PublishError, Purpose};
use steadfast_telemetry::Telemetry;
use steadfast_telemetry::opentelemetry::baggage::BaggageExt;
use steadfast_telemetry::opentelemetry::trace::FutureExt;
use steadfast_telemetry::opentelemetry::{Context, KeyValue};
use steadfast_testkit::RabbitNode;

use crate::support::{brisk, declare, delete};

/// A scene of the story of a healthy broker: what a consumer finds in the headers is what the span says.
pub(crate) async fn a_message_carries_its_trace_to_the_consumer(node: &RabbitNode) {
    let exporter = InMemorySpanExporter::default();
    let tracers = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let telemetry = Telemetry::builder().tracer_provider(&tracers);
    let telemetry = telemetry.build().unwrap();
    let connection = brisk("traces", node).connect().await.unwrap();
    telemetry.watch(&connection);
    declare(&connection, "traced", &[]).await;

    let publisher = connection.publisher();
    let message = || Message::new("", "traced", "hello").header("attempt", 7_u32);
    let baggage = Context::new().with_baggage([KeyValue::new("tenant", "blue, or red")]);
    let publishing = publisher.publish(message());
    publishing.with_context(baggage).await.unwrap();
    let nowhere = Message::new("", "no such queue", "x");
    let error = publisher.publish(nowhere).await.unwrap_err();
    let spans = exporter.get_finished_spans().unwrap();
    let carried = |number: usize| {
        let context = &spans[number].span_context;
        let named = format!("00-{}-{}-01", context.trace_id(), context.span_id());
        AMQPValue::LongString(named.into())
    };

    let channel = connection.get_channel(Purpose::Consume).await.unwrap();
    let options = BasicGetOptions { no_ack: true };
    let got = channel.basic_get("traced".into(), options).await.unwrap();
    let delivery = got.unwrap().delivery;
    let headers = delivery.properties.headers().as_ref().unwrap().inner();
    assert_eq!(headers["traceparent"], carried(0));
    let baggage = AMQPValue::LongString("tenant=blue%2C%20or%20red".into());
    assert_eq!(headers["baggage"], baggage);
    assert_eq!(headers.len(), 3, "{headers:?}");

    let PublishError::Returned(returned) = error else {
        panic!("{error:?}");
    };
    let headers = returned.properties.headers().as_ref().unwrap().inner();
    assert_eq!(headers["traceparent"], carried(1));
    delete(&connection, "traced").await;
}
