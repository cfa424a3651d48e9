//! The spans and metrics of a messaging client.

mod context;
mod series;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use steadfast_telemetry::opentelemetry::trace::{SpanId, SpanKind, Status};
use steadfast_telemetry::{
    Builder, EventSink, EventSinks, MessagingPublish, MessagingStart, Source, Telemetry,
};

use crate::export::FarEnd;

const TOOK: Duration = Duration::from_millis(250);
const DURATION: &str = "messaging.client.operation.duration";
const SENT: &str = "messaging.client.sent.messages";

#[derive(Default)]
struct Publisher {
    sinks: EventSinks,
}

impl Source for Publisher {
    fn name(&self) -> &str {
        "shop"
    }

    fn watched(&self, sink: EventSink) {
        self.sinks.add(sink);
    }
}

fn order() -> MessagingStart {
    MessagingStart::new("shop", "orders", "order.created").server("broker.example", 5672)
}

/// A watched publisher, and the far ends of both providers.
struct Bench {
    publisher: Arc<Publisher>,
    spans: InMemorySpanExporter,
    tracers: SdkTracerProvider,
    metrics: FarEnd,
    telemetry: Telemetry,
}

impl Bench {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(set: impl FnOnce(Builder) -> Builder) -> Self {
        let spans = InMemorySpanExporter::default();
        let tracers = SdkTracerProvider::builder()
            .with_simple_exporter(spans.clone())
            .build();
        let metrics = FarEnd::new();
        let builder = Telemetry::builder().meter_provider(&metrics.provider);
        let builder = builder.tracer_provider(&tracers);
        let telemetry = set(builder).build().unwrap();
        let publisher = Arc::new(Publisher::default());
        telemetry.watch(&publisher);
        Self {
            publisher,
            spans,
            tracers,
            metrics,
            telemetry,
        }
    }

    fn publish(&self, start: MessagingStart) -> MessagingPublish {
        self.publisher.sinks.messaging_publish(|| start).unwrap()
    }

    fn spans(&self) -> Vec<SpanData> {
        self.spans.get_finished_spans().unwrap()
    }

    /// The only one.
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

fn of(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn events(span: &SpanData) -> Vec<String> {
    let events = span.events.iter().map(|event| {
        let attributes = event.attributes.iter();
        let attributes: Vec<_> = attributes
            .map(|one| format!(" {}={}", one.key, one.value))
            .collect();
        format!("{}{}", event.name, attributes.concat())
    });
    events.collect()
}

fn publish_once(mut publish: MessagingPublish) {
    publish.sent();
    publish.answered(None);
    publish.confirmed(TOOK);
}

#[test]
fn a_message_is_one_producer_span_with_its_attempts_as_events() {
    let bench = Bench::new();
    let start = order().message_id("order-17").conversation_id("cart-9");
    let mut publish = bench.publish(start.body_size(120));
    publish.sent();
    publish.answered(Some("lapin"));
    publish.waits(TOOK);
    publish.sent();
    publish.answered(None);
    publish.confirmed(2 * TOOK);

    let span = bench.span();
    assert_eq!(span.name, "publish orders:order.created");
    assert_eq!(span.span_kind, SpanKind::Producer);
    assert_eq!(span.parent_span_id, SpanId::INVALID);
    assert_eq!(span.status, Status::Unset);
    assert_eq!(span.instrumentation_scope.name(), "steadfast-telemetry");
    assert!(span.links.is_empty());
    assert_eq!(
        attributes(&span),
        of(&[
            ("messaging.system", "rabbitmq"),
            ("messaging.operation.name", "publish"),
            ("messaging.operation.type", "send"),
            ("messaging.destination.name", "orders:order.created"),
            (
                "messaging.rabbitmq.destination.routing_key",
                "order.created"
            ),
            ("messaging.message.id", "order-17"),
            ("messaging.message.conversation_id", "cart-9"),
            ("server.address", "broker.example"),
            ("server.port", "5672"),
            ("resilience.name", "shop"),
            ("resilience.attempts", "2"),
        ])
    );
    assert_eq!(
        events(&span),
        [
            "resilience.sent resilience.attempts=1",
            "resilience.retry resilience.wait=0.25 error.type=lapin",
            "resilience.sent resilience.attempts=2",
        ]
    );
}

#[test]
fn destinations_are_named_by_what_there_is() {
    let bench = Bench::new();
    for (exchange, routing_key, expected) in [
        ("", "", "amq.default"),
        ("", "invoices", "invoices"),
        ("orders", "", "orders"),
        ("orders", "order.created", "orders:order.created"),
    ] {
        bench.spans.reset();
        publish_once(bench.publish(MessagingStart::new("shop", exchange, routing_key)));
        let span = bench.span();
        assert_eq!(span.name, format!("publish {expected}"));
        let told = attributes(&span);
        assert_eq!(told["messaging.destination.name"], expected);
        let key = told.get("messaging.rabbitmq.destination.routing_key");
        assert_eq!(key.map_or("", |key| key), routing_key);
        assert!(!told.contains_key("server.address"));
    }
}

#[test]
fn a_template_names_span_and_series() {
    let bench = Bench::new();
    for customer in 0..3 {
        let start = MessagingStart::new("shop", "orders", format!("customer.{customer}"));
        publish_once(bench.publish(start.template("orders:customer.{id}")));
    }
    for (customer, span) in bench.spans().iter().enumerate() {
        assert_eq!(span.name, "publish orders:customer.{id}");
        let told = attributes(span);
        assert_eq!(
            told["messaging.destination.template"],
            "orders:customer.{id}"
        );
        let name = format!("orders:customer.{customer}");
        assert_eq!(told["messaging.destination.name"], name);
    }
    let export = bench.metrics.export();
    let template = [
        ("messaging.destination.template", "orders:customer.{id}"),
        ("messaging.operation.name", "publish"),
        ("messaging.system", "rabbitmq"),
    ];
    assert_eq!(export.value(SENT, &template), 3.0);
    assert_eq!(export.of(DURATION).len(), 1);
}

#[test]
fn routing_keys_tell_no_series_apart() {
    let bench = Bench::new();
    for number in 0..50 {
        let key = format!("order.{number}");
        publish_once(bench.publish(MessagingStart::new("shop", "orders", &*key)));
        publish_once(bench.publish(MessagingStart::new("shop", "", &*key)));
    }
    let export = bench.metrics.export();
    for exchange in ["orders", "amq.default"] {
        let series = [
            ("messaging.destination.name", exchange),
            ("messaging.operation.name", "publish"),
            ("messaging.system", "rabbitmq"),
        ];
        assert_eq!(export.value(SENT, &series), 50.0);
    }
    assert_eq!((export.of(SENT).len(), export.of(DURATION).len()), (2, 2));
}

#[test]
fn operations_have_one_duration_and_attempts_are_counted_by_what_they_ended_in() {
    let bench = Bench::new();
    let mut resent = bench.publish(order());
    resent.sent();
    resent.answered(Some("lapin"));
    resent.sent();
    resent.answered(None);
    resent.confirmed(TOOK);
    let mut nacked = bench.publish(order());
    nacked.sent();
    nacked.answered(Some("nacked"));
    nacked.failed("nacked", TOOK);
    bench.publish(order()).failed("buffer_full", TOOK);
    let mut dropped = bench.publish(order());
    dropped.sent();
    dropped.abandoned(TOOK);

    let export = bench.metrics.export();
    let base = [
        ("messaging.destination.name", "orders"),
        ("messaging.operation.name", "publish"),
        ("messaging.system", "rabbitmq"),
        ("server.address", "broker.example"),
        ("server.port", "5672"),
    ];
    let sent = |more: &[(&str, &str)]| export.value(SENT, &[&base[..], more].concat());
    assert_eq!(sent(&[]), 1.0);
    for why in ["lapin", "nacked", "abandoned"] {
        assert_eq!(sent(&[("error.type", why)]), 1.0, "{why}");
    }
    assert_eq!(export.of(SENT).len(), 4, "what was refused was not sent");
    let took = |more: &[(&str, &str)]| {
        let send = [("messaging.operation.type", "send")];
        export.value(DURATION, &[&base[..], &send, more].concat())
    };
    assert_eq!(took(&[]), 0.25);
    for why in ["nacked", "buffer_full", "abandoned"] {
        assert_eq!(took(&[("error.type", why)]), 0.25, "{why}");
    }
    assert_eq!(export.of(DURATION).len(), 4);
}

#[test]
fn a_message_that_is_not_confirmed_says_why() {
    let bench = Bench::new();
    bench.publish(order()).failed("buffer_full", TOOK);
    let span = bench.span();
    assert_eq!(span.status, Status::error(""));
    let told = attributes(&span);
    assert_eq!(told["error.type"], "buffer_full");
    assert_eq!(told["resilience.attempts"], "0");
    assert!(span.events.is_empty());
}

#[test]
fn a_message_that_was_not_sent_after_all_is_not_counted() {
    let bench = Bench::new();
    let mut publish = bench.publish(order());
    publish.answered(Some("channel_closed"));
    publish.waits(TOOK);
    publish.sent();
    publish.answered(None);
    publish.confirmed(TOOK);
    let waited = "resilience.retry resilience.wait=0.25";
    let sent = "resilience.sent resilience.attempts=1";
    assert_eq!(events(&bench.span()), [waited, sent]);
    assert_eq!(bench.metrics.export().of(SENT).len(), 1);
}

#[test]
fn what_is_dropped_is_abandoned() {
    let bench = Bench::new();
    let mut sent = bench.publish(order());
    sent.sent();
    drop((bench.publish(order()), sent));
    assert_eq!(bench.spans().len(), 2);
    for span in bench.spans() {
        assert_eq!(attributes(&span)["error.type"], "abandoned");
        assert_eq!(span.status, Status::error(""));
    }
    let export = bench.metrics.export();
    let counted = export.of(SENT);
    assert_eq!(counted.len(), 1);
    assert_eq!(counted[0].attributes["error.type"], "abandoned");
}

#[test]
fn the_size_of_bodies_is_told_only_if_it_is_asked_for() {
    for asked in [false, true] {
        let bench = Bench::with(|builder| builder.message_body_size(asked));
        publish_once(bench.publish(order().body_size(120)));
        let told = attributes(&bench.span());
        let size = told.get("messaging.message.body.size").map(|size| &**size);
        assert_eq!(size, asked.then_some("120"));
    }
}

#[cfg(feature = "prometheus")]
#[test]
fn both_metrics_are_in_the_prometheus_text_once_it_was_asked_for() {
    let bench = Bench::new();
    let _nothing_yet = bench.telemetry.export_prometheus_metrics();
    publish_once(bench.publish(order()));
    let text = bench.telemetry.export_prometheus_metrics();
    for name in [
        "messaging_client_operation_duration_seconds_bucket",
        "messaging_client_sent_messages_total",
    ] {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(line.contains("messaging_destination_name=\"orders\""));
    }
}

#[test]
fn nobody_is_told_once_all_telemetry_objects_are_gone() {
    let (first, second) = (Bench::new(), Bench::new());
    second.telemetry.watch(&first.publisher);
    publish_once(first.publish(order()));
    assert_eq!((first.spans().len(), second.spans().len()), (1, 0));
    drop(first.telemetry);
    drop(second.telemetry);
    let start = || panic!("nobody watches");
    assert!(first.publisher.sinks.messaging_publish(start).is_none());
}
