//! The spans and metrics of messages, and the trace context that they carry.

mod carrying;
mod failing;
mod measuring;

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use steadfast_amqp::{Message, Publisher, ResilientConnection};
use steadfast_telemetry::opentelemetry::trace::{SpanId, SpanKind, Status};
use steadfast_telemetry::{Builder, Telemetry};

use crate::broker::{Answer, FakeBroker};
use crate::support::{connected, quick};

/// A watched connection, and the far ends of both providers.
struct Watched {
    connection: ResilientConnection,
    exporter: InMemorySpanExporter,
    metrics: InMemoryMetricExporter,
    tracers: SdkTracerProvider,
    meters: SdkMeterProvider,
    _telemetry: Telemetry,
}

async fn watched(broker: &FakeBroker) -> Watched {
    watch(connected(broker).await, |builder| builder)
}

fn watch(connection: ResilientConnection, set: impl FnOnce(Builder) -> Builder) -> Watched {
    let exporter = InMemorySpanExporter::default();
    let tracers = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let metrics = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(metrics.clone()).build();
    let meters = SdkMeterProvider::builder().with_reader(reader).build();
    let builder = Telemetry::builder().meter_provider(&meters);
    let telemetry = set(builder.tracer_provider(&tracers)).build().unwrap();
    telemetry.watch(&connection);
    Watched {
        connection,
        exporter,
        metrics,
        tracers,
        meters,
        _telemetry: telemetry,
    }
}

impl Watched {
    fn publisher(&self) -> Publisher {
        self.connection.publisher()
    }

    fn spans(&self) -> Vec<SpanData> {
        self.exporter.get_finished_spans().unwrap()
    }

    /// The only one so far.
    fn span(&self) -> SpanData {
        let mut spans = self.spans();
        assert_eq!(spans.len(), 1, "{spans:#?}");
        spans.remove(0)
    }
}

fn attributes(span: &SpanData) -> BTreeMap<String, String> {
    let attributes = span.attributes.iter();
    let all: BTreeMap<_, _> = attributes
        .map(|one| (one.key.to_string(), one.value.to_string()))
        .collect();
    assert_eq!(all.len(), span.attributes.len(), "one of them twice");
    all
}

fn error_type(span: &SpanData) -> Option<String> {
    let failed = attributes(span).remove("error.type");
    let status = failed.as_ref().map_or(Status::Unset, |_| Status::error(""));
    assert_eq!(span.status, status, "{span:#?}");
    failed
}

/// The events by name, with how often the message was sent or why it waits.
fn events(span: &SpanData) -> Vec<String> {
    let events = span.events.iter().map(|event| {
        let mut attributes = event.attributes.iter();
        let told = attributes.find(|one| one.key.as_str() != "resilience.wait");
        let told = told.map(|one| format!(" {}", one.value));
        format!("{}{}", event.name, told.unwrap_or_default())
    });
    events.collect()
}

/// What a message carries of a span.
fn named(span: &SpanData) -> String {
    let (trace, id) = (span.span_context.trace_id(), span.span_context.span_id());
    format!("00-{trace}-{id}-01")
}

fn order() -> Message {
    Message::new("orders", "order.created", "17")
}

#[tokio::test]
async fn a_confirmed_message_is_a_producer_span_that_the_message_carries() {
    let broker = FakeBroker::start().await;
    let watched = watched(&broker).await;
    let message = order().message_id("order-17").correlation_id("cart-9");
    watched.publisher().publish(message).await.unwrap();

    let span = watched.span();
    assert_eq!(span.name, "publish orders:order.created");
    assert_eq!(span.span_kind, SpanKind::Producer);
    assert_eq!(span.parent_span_id, SpanId::INVALID);
    assert_eq!(span.status, Status::Unset);
    let (_, port) = broker.address();
    let expected = [
        ("messaging.system", "rabbitmq"),
        ("messaging.operation.name", "publish"),
        ("messaging.operation.type", "send"),
        ("messaging.destination.name", "orders:order.created"),
        (
            "messaging.rabbitmq.destination.routing_key",
            "order.created",
        ),
        ("messaging.message.id", "order-17"),
        ("messaging.message.conversation_id", "cart-9"),
        ("server.address", "127.0.0.1"),
        ("server.port", &port.to_string()),
        ("resilience.name", "test"),
        ("resilience.attempts", "1"),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(attributes(&span), BTreeMap::from(expected));
    assert_eq!(events(&span), ["resilience.sent 1"]);
    let received = &broker.received()[0];
    assert_eq!(received.header("traceparent"), Some(&*named(&span)));
    assert_eq!(received.headers.len(), 1);
}

#[tokio::test]
async fn spans_are_named_by_template_exchange_and_routing_key() {
    let broker = FakeBroker::start().await;
    let watched = watched(&broker).await;
    let publisher = watched.publisher();
    for (message, expected) in [
        (Message::new("", "q", "x"), "publish q"),
        (Message::new("fanout", "", "x"), "publish fanout"),
        (Message::new("", "", "x"), "publish amq.default"),
        (
            order().destination_template("orders:{event}"),
            "publish orders:{event}",
        ),
    ] {
        watched.exporter.reset();
        publisher.publish(message).await.unwrap();
        assert_eq!(watched.span().name, expected);
    }
    let told = attributes(&watched.span());
    assert_eq!(told["messaging.destination.template"], "orders:{event}");
    assert_eq!(told["messaging.destination.name"], "orders:order.created");
}

#[tokio::test]
async fn an_id_that_the_publisher_made_is_in_the_span() {
    let broker = FakeBroker::start().await;
    let watched = watched(&broker).await;
    let published = watched.publisher().publish(order()).await.unwrap();
    let told = attributes(&watched.span());
    assert_eq!(told["messaging.message.id"], published.message_id);
}

#[tokio::test]
async fn the_size_of_the_body_is_there_if_it_was_asked_for() {
    let broker = FakeBroker::start().await;
    let connection = connected(&broker).await;
    let watched = watch(connection, |builder| builder.message_body_size(true));
    watched.publisher().publish(order()).await.unwrap();
    let told = attributes(&watched.span());
    assert_eq!(told["messaging.message.body.size"], "2");
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_one_span_whose_context_all_copies_carry() {
    let broker = FakeBroker::start().await;
    broker.on_publish(|_, before| match before {
        0 => Answer::HangUp,
        1 => Answer::Nothing,
        _ => Answer::Ack,
    });
    let watched = watched(&broker).await;
    let publisher = watched.connection.publisher_builder("impatient");
    let publisher = publisher.confirm_timeout(Duration::from_millis(100));
    let publisher = publisher.build().unwrap();
    let published = publisher.publish(order()).await.unwrap();
    assert!(published.possibly_duplicated);

    let span = watched.span();
    assert_eq!(error_type(&span), None);
    assert_eq!(attributes(&span)["resilience.attempts"], "3");
    assert_eq!(
        events(&span),
        [
            "resilience.sent 1",
            "resilience.retry lapin",
            "resilience.sent 2",
            "resilience.retry timeout",
            "resilience.sent 3",
        ]
    );
    let copies = broker.received();
    assert_eq!(copies.len(), 3);
    for copy in &copies {
        assert_eq!(copy.header("traceparent"), Some(&*named(&span)));
    }
}

#[tokio::test]
async fn a_connection_that_nobody_watches_sends_nothing_of_its_own() {
    let broker = FakeBroker::start().await;
    let watched = watched(&broker).await;
    let unwatched = quick(broker.uri()).connect().await.unwrap();
    let active = watched.enter("handle order");
    unwatched.publisher().publish(order()).await.unwrap();
    drop(active);
    assert!(broker.received()[0].headers.is_empty());
    assert!(
        watched
            .spans()
            .iter()
            .all(|span| span.name == "handle order")
    );
}
