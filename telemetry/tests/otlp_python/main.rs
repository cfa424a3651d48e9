//! A decoder that is not written in Rust reads the bytes that we export, and agrees with ours.
//!
//! Needs a Python with `opentelemetry-proto`. `cargo xtask test` installs one and says where in
//! `STEADFAST_OTLP_PYTHON`.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on is a test that failed"
)]

#[path = "../it/traffic.rs"]
mod traffic;

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value as Json;
use steadfast_telemetry::opentelemetry::trace::{
    Span, SpanKind, Status, TraceContextExt, Tracer, TracerProvider,
};
use steadfast_telemetry::opentelemetry::{Array, Context, KeyValue, Value};
use steadfast_telemetry::{Otlp, OtlpError};
use steadfast_testkit::{OtlpExport, OtlpReceiver, OtlpRequest, OtlpSignal};

const LONG: Duration = Duration::from_secs(20);

/// What the Python program says of a request.
fn python(signal: OtlpSignal, raw: &[u8]) -> Json {
    let python = std::env::var("STEADFAST_OTLP_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/otlp_python/decode.py");
    let word = match signal {
        OtlpSignal::Traces => "traces",
        OtlpSignal::Metrics => "metrics",
        other => panic!("{other:?}"),
    };
    let mut decoder = Command::new(&python)
        .args([script, word])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{python}: {error}"));
    let mut stdin = decoder.stdin.take().unwrap();
    stdin.write_all(raw).unwrap();
    drop(stdin);
    let output = decoder.wait_with_output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{python} with opentelemetry-proto is needed (cargo xtask test installs it): {complaints}"
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What we made of the same bytes, as JSON.
fn ours(request: &OtlpRequest) -> Json {
    let json = match &request.export {
        OtlpExport::Traces(traces) => serde_json::to_value(traces),
        OtlpExport::Metrics(metrics) => serde_json::to_value(metrics),
        other => panic!("{other:?}"),
    };
    json.unwrap()
}

/// One form for what JSON can say in two: no fields that are at their default, and numbers as text.
/// A choice among several fields has been made even where the chosen one is at its default.
fn plain(value: Json) -> Json {
    match value {
        Json::Object(fields) => {
            let fields = fields.into_iter().filter_map(|(name, value)| {
                let is_choice = name.ends_with("Value") || name.starts_with("as");
                let value = plain(value);
                (is_choice || !is_default(&value)).then_some((name, value))
            });
            Json::Object(fields.collect())
        }
        Json::Array(values) => values.into_iter().map(plain).collect(),
        Json::Number(number) => Json::String(number.to_string()),
        other => other,
    }
}

fn is_default(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::String(text) => matches!(text.as_str(), "" | "0" | "0.0"),
        Json::Array(values) => values.is_empty(),
        Json::Object(_) | Json::Bool(true) | Json::Number(_) => false,
    }
}

fn assert_agreed(request: &OtlpRequest) -> Json {
    let theirs = python(request.signal, &request.raw);
    assert_eq!(theirs["unknown"], 0, "fields that Python does not know");
    assert_eq!(theirs["same_bytes"], true, "Python writes it otherwise");
    let theirs = plain(theirs["content"].clone());
    assert_eq!(plain(ours(request)), theirs);
    theirs
}

fn otlp(receiver: &OtlpReceiver, protocol: &'static str) -> Result<Otlp, OtlpError> {
    let endpoint = receiver.endpoint();
    let builder = Otlp::builder("orders").resource_attribute("service.version", "1.4.2");
    let builder = builder.set_global(false).variables(move |name| match name {
        "OTEL_EXPORTER_OTLP_ENDPOINT" => Some(endpoint.clone()),
        "OTEL_EXPORTER_OTLP_PROTOCOL" => Some(protocol.to_owned()),
        "OTEL_EXPORTER_OTLP_COMPRESSION" => Some("gzip".to_owned()),
        _ => None,
    });
    builder.build()
}

/// A value of every kind, and all that a span can have.
fn trace(otlp: &Otlp) {
    let tracer = otlp.tracer_provider().unwrap().tracer("test");
    let parent = tracer.span_builder("prüfen").with_kind(SpanKind::Server);
    let parent = Context::new().with_span(parent.start(&tracer));
    let child = tracer.span_builder("pay").with_kind(SpanKind::Client);
    let mut child = child.start_with_context(&tracer, &parent);
    child.set_attributes([
        KeyValue::new("text", "größer"),
        KeyValue::new("empty", ""),
        KeyValue::new("flag", false),
        KeyValue::new("count", -7),
        KeyValue::new("zero", 0),
        KeyValue::new("share", 0.25),
        KeyValue::new("list", Value::Array(Array::I64(vec![1, 2, 3]))),
    ]);
    child.add_event(
        "resilience.retry",
        vec![KeyValue::new("resilience.wait", 1.5)],
    );
    child.add_link(
        parent.span().span_context().clone(),
        vec![KeyValue::new("why", "test")],
    );
    child.set_status(Status::error("connection refused"));
    child.end();
    parent.span().set_status(Status::Ok);
    parent.span().end();
}

#[tokio::test]
async fn python_reads_the_same_traces_and_metrics_from_the_same_bytes() {
    for (receiver, protocol) in [
        (OtlpReceiver::http().await, "http/protobuf"),
        (OtlpReceiver::grpc().await, "grpc"),
    ] {
        let otlp = otlp(&receiver, protocol).unwrap();
        let telemetry = otlp.telemetry().build().unwrap();
        let _traffic = traffic::drive(&telemetry).await;
        trace(&otlp);
        otlp.shutdown(LONG).await.unwrap();

        let traces = receiver.wait_for(OtlpSignal::Traces, 1).await;
        let theirs = assert_agreed(&traces[0]);
        let resource = &theirs["resourceSpans"][0];
        let service = KeyOf("service.name").of(&resource["resource"]["attributes"]);
        assert_eq!(service["stringValue"], "orders");
        let spans = &resource["scopeSpans"][0]["spans"];
        let (child, parent) = (&spans[0], &spans[1]);
        assert_eq!(child["parentSpanId"], parent["spanId"]);
        assert_eq!(child["kind"], "3");
        assert_eq!(child["status"]["code"], "2");
        assert_eq!(child["status"]["message"], "connection refused");
        assert_eq!(KeyOf("count").of(&child["attributes"])["intValue"], "-7");
        assert_eq!(KeyOf("flag").of(&child["attributes"])["boolValue"], false);
        assert_eq!(parent["name"], "prüfen");

        let metrics = receiver.wait_for(OtlpSignal::Metrics, 1).await;
        let theirs = assert_agreed(&metrics[0]);
        let metrics = &theirs["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
        let metrics = metrics.as_array().unwrap();
        let calls = metrics
            .iter()
            .find(|metric| metric["name"] == "resilience.circuit_breaker.calls");
        let calls = calls.unwrap();
        assert_eq!(
            (&calls["unit"], &calls["sum"]["isMonotonic"]),
            (&"{call}".into(), &true.into())
        );
        let failures = calls["sum"]["dataPoints"]
            .as_array()
            .unwrap()
            .iter()
            .find(|point| {
                let is =
                    |key, value: &str| KeyOf(key).of(&point["attributes"])["stringValue"] == value;
                is("resilience.name", "payments \"eu\"\\\nline two")
                    && is("resilience.outcome", "failure")
            });
        assert_eq!(failures.unwrap()["asInt"], "1");
    }
}

struct KeyOf(&'static str);

impl KeyOf {
    /// The value of this attribute.
    fn of<'a>(&self, attributes: &'a Json) -> &'a Json {
        let mut pairs = attributes.as_array().unwrap().iter();
        let pair = pairs.find(|pair| pair["key"] == self.0);
        &pair.unwrap()["value"]
    }
}

#[test]
fn python_would_object() {
    // A request with a field that nobody knows: number 15, the varint 1.
    let said = python(OtlpSignal::Traces, &[15 << 3, 1]);
    assert_eq!(said["unknown"], 1);
    let cut = std::panic::catch_unwind(|| python(OtlpSignal::Traces, &[0x0a, 9, 1]));
    assert!(cut.is_err(), "a message that is cut short is none");
}
