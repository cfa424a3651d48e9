//! The spans and durations of an HTTP client.

mod redirects;
mod series;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData, SpanProcessor};
use steadfast_telemetry::opentelemetry::Context;
use steadfast_telemetry::opentelemetry::trace::{
    Span, SpanId, SpanKind, Status, TraceContextExt, Tracer, TracerProvider,
};
use steadfast_telemetry::{
    Builder, EventSink, EventSinks, HttpCall, HttpHead, HttpStart, Source, Telemetry,
};

use crate::export::FarEnd;

const TOOK: Duration = Duration::from_millis(250);

#[derive(Default)]
struct Client {
    sinks: EventSinks,
}

impl Client {
    fn call(&self) -> HttpCall {
        self.sinks.http_call(start).unwrap()
    }
}

impl Source for Client {
    fn name(&self) -> &str {
        "billing"
    }

    fn watched(&self, sink: EventSink) {
        self.sinks.add(sink);
    }
}

fn start() -> HttpStart {
    HttpStart::new(
        "billing",
        "GET",
        "http://pay.example/orders/7",
        "pay.example",
    )
    .port(8080)
}

/// A watched client, and the far ends of both providers.
struct Bench {
    client: Arc<Client>,
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
        let client = Arc::new(Client::default());
        telemetry.watch(&client);
        Self {
            client,
            spans,
            tracers,
            metrics,
            telemetry,
        }
    }

    fn spans(&self) -> Vec<SpanData> {
        self.spans.get_finished_spans().unwrap()
    }
}

fn attributes(span: &SpanData) -> BTreeMap<String, String> {
    let attributes = span.attributes.iter();
    attributes
        .map(|one| (one.key.to_string(), one.value.to_string()))
        .collect()
}

fn of(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn a_call_is_an_internal_span_over_a_client_span_for_each_attempt() {
    let bench = Bench::new();
    let call = bench
        .client
        .sinks
        .http_call(|| start().template("/orders/{id}"))
        .unwrap();
    let mut first = call.attempt(0);
    first.answered(&HttpHead::new(503), TOOK);
    first.ended();
    call.waits(2 * TOOK);
    let mut second = call.attempt(1);
    let peer = "127.0.0.1:8080".parse().unwrap();
    second.answered(&HttpHead::new(200).version("1.1").peer(peer), TOOK);
    call.answered(2, 200);
    drop(call);
    assert_eq!(bench.spans().len(), 1, "the body has not ended");
    second.ended();

    let spans = bench.spans();
    let [first, second, call] = &spans[..] else {
        panic!("{spans:#?}");
    };
    assert!(spans.iter().all(|span| span.name == "GET /orders/{id}"));
    assert_eq!(call.span_kind, SpanKind::Internal);
    assert_eq!(call.parent_span_id, SpanId::INVALID);
    assert_eq!(call.instrumentation_scope.name(), "steadfast-telemetry");
    for attempt in [first, second] {
        assert_eq!(attempt.span_kind, SpanKind::Client);
        assert_eq!(attempt.parent_span_id, call.span_context.span_id());
    }
    let common = [
        ("http.request.method", "GET"),
        ("server.address", "pay.example"),
        ("server.port", "8080"),
        ("url.template", "/orders/{id}"),
    ];
    let with = |more: &[(&str, &str)]| of(&[&common[..], more].concat());
    let url = ("url.full", "http://pay.example/orders/7");
    assert_eq!(
        attributes(first),
        with(&[
            url,
            ("http.response.status_code", "503"),
            ("error.type", "503")
        ])
    );
    assert_eq!(
        attributes(second),
        with(&[
            url,
            ("http.request.resend_count", "1"),
            ("http.response.status_code", "200"),
            ("network.peer.address", "127.0.0.1"),
            ("network.peer.port", "8080"),
            ("network.protocol.version", "1.1"),
        ])
    );
    assert_eq!(
        attributes(call),
        with(&[
            ("resilience.name", "billing"),
            ("resilience.attempts", "2"),
            ("http.response.status_code", "200"),
        ])
    );
    assert_eq!(first.status, Status::error(""));
    assert_eq!(
        (&second.status, &call.status),
        (&Status::Unset, &Status::Unset)
    );
    assert_eq!(call.events.len(), 1);
    assert_eq!(call.events[0].name, "resilience.retry");
    assert_eq!(call.events[0].attributes[0].value.to_string(), "0.5");
}

#[test]
fn durations_are_recorded_for_each_attempt_with_what_it_ended_in() {
    let bench = Bench::new();
    let call = bench.client.call();
    call.attempt(0).failed("connect", TOOK);
    let mut second = call.attempt(1);
    second.answered(&HttpHead::new(404).version("2"), TOOK);
    call.answered(2, 404);
    call.attempt(2).abandoned(TOOK);

    let export = bench.metrics.export();
    let server = [
        ("http.request.method", "GET"),
        ("server.address", "pay.example"),
        ("server.port", "8080"),
    ];
    let value = |more: &[(&str, &str)]| {
        let attributes = [&server[..], more].concat();
        export.value("http.client.request.duration", &attributes)
    };
    assert_eq!(value(&[("error.type", "connect")]), 0.25);
    assert_eq!(value(&[("error.type", "abandoned")]), 0.25);
    let answered = [
        ("error.type", "404"),
        ("http.response.status_code", "404"),
        ("network.protocol.version", "2"),
    ];
    assert_eq!(value(&answered), 0.25);
}

#[cfg(feature = "prometheus")]
#[test]
fn durations_are_in_the_prometheus_text_once_it_was_asked_for() {
    let bench = Bench::new();
    let _nothing_yet = bench.telemetry.export_prometheus_metrics();
    bench.client.call().attempt(0).failed("connect", TOOK);
    let text = bench.telemetry.export_prometheus_metrics();
    let bucket = text
        .lines()
        .find(|line| line.starts_with("http_client_request_duration_seconds_bucket"));
    assert!(bucket.unwrap().contains("server_address=\"pay.example\""));
}

#[test]
fn what_is_dropped_is_abandoned() {
    let bench = Bench::new();
    let call = bench.client.call();
    let waiting = call.attempt(0);
    let mut reading = call.attempt(1);
    reading.answered(&HttpHead::new(200), TOOK);
    drop((waiting, reading, call));
    let spans = bench.spans();
    assert_eq!(spans.len(), 3);
    for span in &spans {
        assert_eq!(attributes(span)["error.type"], "abandoned", "{span:?}");
        assert_eq!(span.status, Status::error(""));
    }
}

#[test]
fn a_body_that_breaks_off_after_a_200_fails_the_attempt_and_its_call() {
    let bench = Bench::new();
    let call = bench.client.call();
    let mut attempt = call.attempt(0);
    attempt.answered(&HttpHead::new(200), TOOK);
    call.answered(1, 200);
    attempt.body_failed("timeout");
    drop(call);
    for span in bench.spans() {
        assert_eq!(attributes(&span)["error.type"], "timeout");
        assert_eq!(attributes(&span)["http.response.status_code"], "200");
        assert_eq!(span.status, Status::error(""));
    }
}

#[test]
fn the_status_says_more_than_the_body_that_broke_off() {
    let bench = Bench::new();
    let call = bench.client.call();
    let mut attempt = call.attempt(0);
    attempt.answered(&HttpHead::new(500), TOOK);
    call.answered(1, 500);
    attempt.body_failed("body");
    drop(call);
    for span in bench.spans() {
        assert_eq!(attributes(&span)["error.type"], "500");
    }
}

#[test]
fn a_call_that_is_not_let_through_says_why() {
    let bench = Bench::new();
    let call = bench.client.call();
    call.rejected("circuit_open");
    call.failed(0, "circuit_open");
    call.answered(1, 200); // too late
    drop(call);
    let spans = bench.spans();
    assert_eq!(spans.len(), 1);
    let told = attributes(&spans[0]);
    assert_eq!(told["error.type"], "circuit_open");
    assert_eq!(told["resilience.attempts"], "0");
    assert!(!told.contains_key("http.response.status_code"));
    let event = &spans[0].events[0];
    assert_eq!(event.name, "resilience.rejected");
    assert_eq!(event.attributes[0].value.to_string(), "circuit_open");
}

#[test]
fn methods_that_the_conventions_do_not_know_are_other() {
    let bench = Bench::new();
    let purge = || HttpStart::new("cache", "PURGE", "http://cache.example/", "cache.example");
    drop(bench.client.sinks.http_call(purge));
    drop(bench.client.sinks.http_call(|| purge().template("/{key}")));
    let spans = bench.spans();
    assert_eq!(spans[0].name, "HTTP");
    assert_eq!(spans[1].name, "HTTP /{key}");
    let told = attributes(&spans[0]);
    assert_eq!(told["http.request.method"], "_OTHER");
    assert_eq!(told["http.request.method_original"], "PURGE");
}

#[test]
fn traceparent_names_the_attempt_and_the_call_joins_the_active_trace() {
    let bench = Bench::new();
    let tracer = bench.tracers.tracer("app");
    let outer = tracer.start("handle order");
    let trace = outer.span_context().trace_id();
    let outer = Context::current_with_span(outer);
    let active = outer.clone().attach();
    let call = bench.client.call();
    drop(active);
    let attempt = call.attempt(0);
    let mut headers = Vec::new();
    attempt.propagate(|name, value| headers.push((name, value.to_owned())));
    attempt.ended();
    drop(call);
    let spans = bench.spans();
    let id = spans[0].span_context.span_id();
    assert_eq!(headers, [("traceparent", format!("00-{trace}-{id}-01"))]);
    assert_eq!(
        spans[1].parent_span_id,
        outer.span().span_context().span_id()
    );
}

#[test]
fn without_a_tracer_provider_there_is_no_traceparent() {
    let client = Arc::new(Client::default());
    let telemetry = Telemetry::new();
    telemetry.watch(&client);
    let call = client.call();
    call.attempt(0)
        .propagate(|name, _| panic!("{name} of what trace?"));
}

#[test]
fn one_telemetry_object_tells_of_a_call_and_none_once_all_are_gone() {
    let (first, second) = (Bench::new(), Bench::new());
    second.telemetry.watch(&first.client);
    drop(first.client.call());
    assert_eq!((first.spans().len(), second.spans().len()), (1, 0));
    drop(first.telemetry);
    drop(first.client.call());
    assert_eq!(second.spans().len(), 1);
    drop(second.telemetry);
    let call = first.client.sinks.http_call(|| panic!("nobody watches"));
    assert!(call.is_none());
}

#[derive(Debug)]
struct Panics;

impl SpanProcessor for Panics {
    fn on_start(&self, _: &mut opentelemetry_sdk::trace::Span, _: &Context) {}

    fn on_end(&self, _: SpanData) {
        panic!("no room for spans");
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

#[test]
fn a_span_processor_that_panics_does_not_hurt_the_call() {
    let tracers = SdkTracerProvider::builder()
        .with_span_processor(Panics)
        .build();
    let telemetry = Telemetry::builder().tracer_provider(&tracers);
    let telemetry = telemetry.build().unwrap();
    let client = Arc::new(Client::default());
    telemetry.watch(&client);
    let call = client.call();
    call.attempt(0).ended();
    drop(call);
}
