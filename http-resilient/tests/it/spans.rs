//! The spans of requests, and the trace context that the servers see.

use std::collections::BTreeMap;

use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use steadfast_http::{Builder, Client};
use steadfast_telemetry::opentelemetry::Context;
use steadfast_telemetry::opentelemetry::trace::{
    FutureExt, SpanKind, Status, TraceContextExt, Tracer, TracerProvider,
};
use steadfast_telemetry::{SpanEvents, Telemetry};
use steadfast_testkit::{HttpUpstream, Received, Reply};

use crate::support::{SECOND, long, millis, once, quick, until};

struct Watched {
    client: Client,
    exporter: InMemorySpanExporter,
    _telemetry: Telemetry,
    _tracers: SdkTracerProvider,
}

fn watched(client: Builder) -> Watched {
    let exporter = InMemorySpanExporter::default();
    let tracers = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let telemetry = Telemetry::builder().tracer_provider(&tracers);
    let telemetry = telemetry.build().unwrap();
    let client = client.build().unwrap();
    telemetry.watch(&client);
    Watched {
        client,
        exporter,
        _telemetry: telemetry,
        _tracers: tracers,
    }
}

impl Watched {
    fn spans(&self) -> Vec<SpanData> {
        self.exporter.get_finished_spans().unwrap()
    }

    /// The span of the only request so far.
    fn call(&self) -> SpanData {
        let mut calls = self.spans();
        calls.retain(|span| span.span_kind == SpanKind::Internal);
        assert_eq!(calls.len(), 1, "{calls:#?}");
        calls.remove(0)
    }

    fn attempts(&self) -> Vec<SpanData> {
        let mut attempts = self.spans();
        attempts.retain(|span| span.span_kind == SpanKind::Client);
        attempts
    }
}

fn attributes(span: &SpanData) -> BTreeMap<String, String> {
    let attributes = span.attributes.iter();
    attributes
        .map(|one| (one.key.to_string(), one.value.to_string()))
        .collect()
}

fn attribute(span: &SpanData, key: &str) -> Option<String> {
    attributes(span).remove(key)
}

fn error_type(span: &SpanData) -> Option<String> {
    let failed = attribute(span, "error.type");
    let status = failed.as_ref().map_or(Status::Unset, |_| Status::error(""));
    assert_eq!(span.status, status, "{span:#?}");
    failed
}

fn traceparent(received: &Received) -> Option<&str> {
    received.header("traceparent")
}

/// What a server sees of an attempt.
fn named(attempt: &SpanData) -> String {
    let (trace, span) = (
        attempt.span_context.trace_id(),
        attempt.span_context.span_id(),
    );
    format!("00-{trace}-{span}-01")
}

#[tokio::test]
async fn every_attempt_is_a_client_span_that_the_server_is_told_of() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503), Reply::reset(), Reply::ok("done")]);
    let watched = watched(quick());
    let request = watched.client.get(upstream.url("/orders/17"));
    let response = request.template("/orders/{id}").send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "done");

    let (call, attempts) = (watched.call(), watched.attempts());
    assert_eq!(attempts.len(), 3);
    for span in attempts.iter().chain([&call]) {
        assert_eq!(span.name, "GET /orders/{id}");
        assert_eq!(attribute(span, "http.request.method").unwrap(), "GET");
        assert_eq!(attribute(span, "server.address").unwrap(), "127.0.0.1");
        let port = upstream.addr().port().to_string();
        assert_eq!(attribute(span, "server.port").unwrap(), port);
        assert_eq!(attribute(span, "url.template").unwrap(), "/orders/{id}");
    }
    let resent = attempts
        .iter()
        .map(|one| attribute(one, "http.request.resend_count"));
    assert_eq!(
        resent.collect::<Vec<_>>(),
        [None, Some("1".to_owned()), Some("2".to_owned())]
    );
    let failed: Vec<_> = attempts.iter().map(error_type).collect();
    let why = |why: &str| Some(why.to_owned());
    assert_eq!(failed, [why("503"), why("transport"), None]);
    assert_eq!(error_type(&call), None);
    assert_eq!(attribute(&call, "resilience.name").unwrap(), "test");
    assert_eq!(attribute(&call, "resilience.attempts").unwrap(), "3");
    assert_eq!(call.events.len(), 2, "two waits");
    assert!(call.events.iter().all(|one| one.name == "resilience.retry"));

    let last = attributes(&attempts[2]);
    assert_eq!(last["network.protocol.version"], "1.1");
    assert_eq!(last["network.peer.address"], "127.0.0.1");
    assert_eq!(last["network.peer.port"], last["server.port"]);
    assert_eq!(last["http.response.status_code"], "200");

    let seen = upstream.requests();
    for (attempt, received) in attempts.iter().zip(&seen) {
        assert_eq!(attempt.parent_span_id, call.span_context.span_id());
        assert_eq!(traceparent(received), Some(&*named(attempt)));
    }
}

#[tokio::test]
async fn secrets_stay_out_of_spans() {
    let upstream = HttpUpstream::start().await;
    let watched = watched(once());
    let url = format!(
        "http://me:hunter2@{}/a?token=hunter2#hunter2",
        upstream.addr()
    );
    watched.client.get(url).send().await.unwrap();
    assert!(!format!("{:?}", watched.spans()).contains("hunter2"));
    let full = attribute(&watched.attempts()[0], "url.full").unwrap();
    assert_eq!(full, upstream.url("/a?REDACTED"));
    assert_eq!(watched.call().name, "GET");
}

#[tokio::test]
async fn a_client_that_nobody_watches_sends_no_trace_context() {
    let upstream = HttpUpstream::start().await;
    let watched = watched(once());
    let unwatched = once().build().unwrap();
    unwatched.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(traceparent(&upstream.requests()[0]), None);
    assert!(watched.spans().is_empty());
}

#[tokio::test]
async fn a_traceparent_of_the_callers_is_left_alone() {
    let upstream = HttpUpstream::start().await;
    let watched = watched(once());
    let own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = watched.client.get(upstream.url("/"));
    request.header("traceparent", own).send().await.unwrap();
    assert_eq!(traceparent(&upstream.requests()[0]), Some(own));
    assert_eq!(watched.attempts().len(), 1);
}

#[tokio::test]
async fn a_body_that_breaks_off_after_a_200_is_an_error() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::ok(vec![b'x'; 40_000]).cut_body_after(30_000)]);
    let watched = watched(once());
    let response = watched.client.get(upstream.url("/")).send().await.unwrap();
    response.bytes().await.unwrap_err();
    let spans = [watched.call(), watched.attempts().remove(0)];
    for span in spans {
        assert_eq!(error_type(&span).unwrap(), "body");
        assert_eq!(
            attribute(&span, "http.response.status_code").unwrap(),
            "200"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_says_so() {
    let upstream = HttpUpstream::start().await;
    upstream.script([long(), long().chunked()]);
    let watched = watched(once().max_response_bytes(1000));
    let announced = watched.client.get(upstream.url("/")).send().await;
    assert!(announced.unwrap_err().is_body_too_large());
    let found = watched.client.get(upstream.url("/")).send().await.unwrap();
    found.bytes().await.unwrap_err();
    let spans = watched.spans();
    assert_eq!(spans.len(), 4);
    for span in &spans {
        assert_eq!(error_type(span).unwrap(), "body_too_large");
    }
}

#[tokio::test]
async fn the_spans_of_a_response_last_until_its_body_has_ended() {
    let upstream = HttpUpstream::start().await;
    upstream.script([long()]);
    let watched = watched(once());
    let response = watched.client.get(upstream.url("/")).send().await.unwrap();
    assert!(watched.spans().is_empty());
    response.bytes().await.unwrap();
    assert_eq!(error_type(&watched.call()), None);
    assert_eq!(watched.attempts().len(), 1);
}

#[tokio::test]
async fn a_dropped_request_is_abandoned() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall()]);
    let watched = watched(once());
    let sending = tokio::spawn(watched.client.get(upstream.url("/")).send());
    until("it is under way", || upstream.in_flight() == 1).await;
    sending.abort();
    let _ = sending.await;
    for span in [watched.call(), watched.attempts().remove(0)] {
        assert_eq!(error_type(&span).unwrap(), "abandoned");
    }
}

#[tokio::test]
async fn a_body_dropped_while_the_reader_waits_is_abandoned_and_one_dropped_unread_is_not() {
    let upstream = HttpUpstream::start().await;
    upstream.script([long(), long().slow_body(10, 3600 * SECOND)]);
    let watched = watched(once().total_timeout(3600 * SECOND));
    drop(watched.client.get(upstream.url("/")).send().await.unwrap());
    assert_eq!(error_type(&watched.call()), None);

    watched.exporter.reset();
    let response = watched.client.get(upstream.url("/")).send().await.unwrap();
    let reading = tokio::time::timeout(millis(20), response.bytes()).await;
    assert!(reading.is_err());
    assert_eq!(error_type(&watched.call()).unwrap(), "abandoned");
}

#[tokio::test]
async fn what_is_not_let_through_is_an_event_and_no_attempt() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(500)]);
    let watched = watched(once().failure_threshold(1));
    watched.client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(error_type(&watched.call()).unwrap(), "500");

    watched.exporter.reset();
    watched
        .client
        .get(upstream.url("/"))
        .send()
        .await
        .unwrap_err();
    let call = watched.call();
    assert_eq!(error_type(&call).unwrap(), "circuit_open");
    assert_eq!(attribute(&call, "resilience.attempts").unwrap(), "0");
    assert_eq!(call.events[0].name, "resilience.rejected");
    assert!(watched.attempts().is_empty());
}

#[tokio::test]
async fn attempts_that_time_out_say_whose_time_it_was() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall(), Reply::stall()]);
    let watched = watched(once());
    let request = watched.client.get(upstream.url("/"));
    let slow = request.attempt_timeout(millis(20)).send().await;
    assert!(slow.unwrap_err().is_timeout());
    let request = watched.client.get(upstream.url("/"));
    let late = request.total_timeout(millis(20)).send().await;
    assert!(late.unwrap_err().is_timeout());
    let attempts: Vec<_> = watched.attempts().iter().filter_map(error_type).collect();
    assert_eq!(attempts, ["timeout", "deadline_exceeded"]);
}

#[tokio::test]
async fn each_attempt_has_its_duration() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503), Reply::ok("done")]);
    let exporter = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(exporter.clone()).build();
    let meters = SdkMeterProvider::builder().with_reader(reader).build();
    let telemetry = Telemetry::builder().meter_provider(&meters);
    let telemetry = telemetry.build().unwrap();
    let client = quick().build().unwrap();
    telemetry.watch(&client);
    client.get(upstream.url("/")).send().await.unwrap();

    meters.force_flush().unwrap();
    let collected = exporter.get_finished_metrics().unwrap();
    let metrics = collected[0].scope_metrics().flat_map(|one| one.metrics());
    let mut metrics = metrics.filter(|one| one.name() == "http.client.request.duration");
    let AggregatedMetrics::F64(MetricData::Histogram(histogram)) = metrics.next().unwrap().data()
    else {
        panic!("not a histogram");
    };
    let mut ends: Vec<_> = histogram
        .data_points()
        .map(|point| {
            let mut attributes = point.attributes();
            let status = attributes.find(|one| one.key.as_str() == "http.response.status_code");
            (status.unwrap().value.to_string(), point.count())
        })
        .collect();
    ends.sort();
    assert_eq!(ends, [("200".to_owned(), 1), ("503".to_owned(), 1)]);
}

#[tokio::test]
async fn each_hop_of_the_clients_own_redirects_is_a_span() {
    let (first, second) = (HttpUpstream::start().await, HttpUpstream::start().await);
    first.script([Reply::status(303).header("location", second.url("/done?key=hunter2"))]);
    let watched = watched(quick().own_redirects(10));
    let order = watched.client.post(first.url("/orders"));
    order.template("/orders").send().await.unwrap();

    let call = watched.call();
    assert_eq!(call.name, "POST /orders");
    assert_eq!(attribute(&call, "resilience.attempts").unwrap(), "2");
    let attempts = watched.attempts();
    let [one, two] = &attempts[..] else {
        panic!("{attempts:#?}");
    };
    assert_eq!(one.name, "POST /orders");
    assert_eq!(two.name, "GET");
    let port = |span| attribute(span, "server.port").unwrap();
    assert_eq!(port(one), first.addr().port().to_string());
    assert_eq!(port(two), second.addr().port().to_string());
    let url = attribute(two, "url.full").unwrap();
    assert_eq!(url, second.url("/done?REDACTED"));
    assert_eq!(attribute(one, "http.request.resend_count"), None);
    assert_eq!(attribute(two, "http.request.resend_count").unwrap(), "1");
    assert_eq!(two.parent_span_id, call.span_context.span_id());
    assert_eq!(traceparent(&second.requests()[0]), Some(&*named(two)));
}

/// reqwest's own retries of such requests, which nobody sees, are off.
#[cfg(feature = "http2")]
#[tokio::test]
async fn what_the_server_has_not_touched_is_resent_in_a_span_of_its_own() {
    use steadfast_testkit::{Http2Upstream, Reason};

    let upstream = Http2Upstream::start().await;
    upstream.script([Reply::reset_stream(Reason::REFUSED_STREAM)]);
    let watched = watched(quick().http2_prior_knowledge());
    let order = watched.client.post(upstream.url("/orders"));
    order.body("2 chairs").send().await.unwrap();
    let attempts = watched.attempts();
    let resends = attempts
        .iter()
        .map(|span| attribute(span, "http.request.resend_count"));
    let resends: Vec<_> = resends.collect();
    assert_eq!(resends, [None, Some("1".to_owned())]);
    assert_eq!(upstream.request_count(), 2);
}

#[tokio::test]
async fn a_retry_is_told_once_by_the_span_of_the_request_and_not_to_the_callers() {
    let exporter = InMemorySpanExporter::default();
    let tracers = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let telemetry = Telemetry::builder().tracer_provider(&tracers);
    let telemetry = telemetry.span_events(SpanEvents::ALL).build().unwrap();
    let client = quick().build().unwrap();
    telemetry.watch(&client);
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503), Reply::ok("done")]);
    let caller = Context::new().with_span(tracers.tracer("caller").start("caller"));
    let request = client.get(upstream.url("/")).send();
    request.with_context(caller).await.unwrap();

    let spans = exporter.get_finished_spans().unwrap();
    let told = |kind: &dyn Fn(&SpanData) -> bool| {
        let span = spans.iter().find(|span| kind(span)).unwrap();
        let names = span.events.iter().map(|event| event.name.to_string());
        names.collect::<Vec<_>>()
    };
    let callers = told(&|span| span.name == "caller");
    assert!(callers.is_empty(), "{callers:?}");
    let requests = told(&|span| span.name == "GET" && span.span_kind == SpanKind::Internal);
    assert_eq!(requests, ["resilience.retry"]);
}
