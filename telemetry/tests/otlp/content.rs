//! What arrives.

use std::time::Duration;

use steadfast_telemetry::opentelemetry::KeyValue;
use steadfast_telemetry::opentelemetry::metrics::MeterProvider;
use steadfast_telemetry::opentelemetry::trace::{Span as _, Tracer, TracerProvider};
use steadfast_telemetry::{HttpStart, Otlp};
use steadfast_testkit::opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, metric::Data, number_data_point,
};
use steadfast_testkit::opentelemetry_proto::tonic::resource::v1::Resource;
use steadfast_testkit::opentelemetry_proto::tonic::trace::v1::{
    span::SpanKind, status::StatusCode,
};
use steadfast_testkit::{OtlpRequest, OtlpSignal};

use crate::support::{LONG, Wire, attributes, client, pairs};

const ATTRIBUTES: (&str, &str) = (
    "OTEL_RESOURCE_ATTRIBUTES",
    "deployment.environment.name=test,owner=team%2C%20one,service.name=lost,service.version=2",
);

fn assert_resource(resource: Option<&Resource>) {
    let mut found = attributes(&resource.unwrap().attributes);
    let sdk = found
        .iter()
        .position(|(key, _)| key == "telemetry.sdk.version");
    let (_, sdk) = found.remove(sdk.unwrap());
    assert!(sdk.starts_with("0.33."), "{sdk}");
    let expected = [
        ("deployment.environment.name", "test"),
        ("owner", "team, one"),
        ("service.instance.id", "7"),
        ("service.name", "payments"),
        ("service.version", "2"),
        ("telemetry.sdk.language", "rust"),
        ("telemetry.sdk.name", "opentelemetry"),
    ];
    assert_eq!(found, pairs(&expected));
}

/// Named in three places, of which the last has its way.
pub(crate) fn otlp(wire: Wire, endpoint: &str) -> Otlp {
    let more = [ATTRIBUTES, ("OTEL_SERVICE_NAME", "payments")];
    let builder = wire.builder(endpoint, &more);
    let builder = builder.resource_attribute("service.version", "1");
    let builder = builder.resource_attribute("service.instance.id", "7");
    builder.build().unwrap()
}

/// All metrics of telemetry's scope.
pub(crate) fn metrics(request: &OtlpRequest) -> Vec<Metric> {
    let [resource] = request.metrics().resource_metrics.as_slice() else {
        panic!("one resource");
    };
    assert_resource(resource.resource.as_ref());
    let scopes = resource.scope_metrics.iter();
    let mut ours = scopes.filter(|scope| {
        let scope = scope.scope.as_ref().unwrap();
        scope.name == "steadfast-telemetry" && scope.version == env!("CARGO_PKG_VERSION")
    });
    let metrics = ours.next().unwrap().metrics.clone();
    assert!(ours.next().is_none(), "one scope of that name");
    metrics
}

pub(crate) fn named<'a>(metrics: &'a [Metric], name: &str) -> &'a Metric {
    let metric = metrics.iter().find(|metric| metric.name == name);
    metric.unwrap_or_else(|| panic!("no {name}"))
}

#[tokio::test]
async fn spans_arrive_with_their_parents_events_and_status() {
    for wire in Wire::BOTH {
        let receiver = wire.receiver().await;
        let otlp = otlp(wire, &receiver.endpoint());
        let telemetry = otlp.telemetry().build().unwrap();
        let client = client();
        telemetry.watch(&client);
        let start = || {
            HttpStart::new("shop", "GET", "http://pay.example/orders/7", "pay.example")
                .port(8080)
                .template("/orders/{id}")
        };
        let call = client.sinks.http_call(start).unwrap();
        let mut headers = Vec::new();
        let attempt = call.attempt(0);
        attempt.propagate(|name, value| headers.push((name, value.to_owned())));
        attempt.failed("connect", Duration::from_millis(20));
        call.waits(Duration::from_millis(1500));
        call.failed(1, "connect");
        drop(call);
        otlp.force_flush(LONG).await.unwrap();

        let requests = receiver.wait_for(OtlpSignal::Traces, 1).await;
        let [resource] = requests[0].traces().resource_spans.as_slice() else {
            panic!("one resource");
        };
        assert_resource(resource.resource.as_ref());
        let [scope] = resource.scope_spans.as_slice() else {
            panic!("one scope");
        };
        let (name, version) = ("steadfast-telemetry", env!("CARGO_PKG_VERSION"));
        let told = scope.scope.as_ref().unwrap();
        assert_eq!((told.name.as_str(), told.version.as_str()), (name, version));
        let [attempt, call] = scope.spans.as_slice() else {
            panic!("two spans: {:?}", scope.spans);
        };

        assert_eq!(call.kind(), SpanKind::Internal);
        assert_eq!(attempt.kind(), SpanKind::Client);
        assert_eq!(
            (call.name.as_str(), attempt.name.as_str()),
            ("GET /orders/{id}", "GET /orders/{id}")
        );
        assert!(call.parent_span_id.is_empty());
        assert_eq!(attempt.parent_span_id, call.span_id);
        assert_eq!(attempt.trace_id, call.trace_id);
        assert_eq!((call.trace_id.len(), call.span_id.len()), (16, 8));
        let hex =
            |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
        let parent = format!("00-{}-{}-01", hex(&attempt.trace_id), hex(&attempt.span_id));
        assert_eq!(
            headers,
            [("traceparent", parent)],
            "what the server is told is what is exported"
        );

        for span in [call, attempt] {
            let status = span.status.as_ref().unwrap();
            assert_eq!(status.code(), StatusCode::Error);
            assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
        }
        let [event] = call.events.as_slice() else {
            panic!("one event: {:?}", call.events);
        };
        assert_eq!(event.name, "resilience.retry");
        assert_eq!(
            attributes(&event.attributes),
            pairs(&[("resilience.wait", "1.5")])
        );
        assert_eq!(
            attributes(&attempt.attributes),
            pairs(&[
                ("error.type", "connect"),
                ("http.request.method", "GET"),
                ("server.address", "pay.example"),
                ("server.port", "8080"),
                ("url.full", "http://pay.example/orders/7"),
                ("url.template", "/orders/{id}"),
            ])
        );
    }
}

#[tokio::test]
async fn a_histogram_keeps_the_boundaries_of_the_conventions() {
    let receiver = Wire::Http.receiver().await;
    let otlp = otlp(Wire::Http, &receiver.endpoint());
    let telemetry = otlp.telemetry().build().unwrap();
    let client = client();
    telemetry.watch(&client);
    let start = || HttpStart::new("shop", "GET", "http://pay.example/", "pay.example");
    let call = client.sinks.http_call(start).unwrap();
    call.attempt(0).failed("connect", Duration::from_millis(20));
    otlp.force_flush(LONG).await.unwrap();

    let requests = receiver.wait_for(OtlpSignal::Metrics, 1).await;
    let metrics = metrics(&requests[0]);
    let duration = named(&metrics, "http.client.request.duration");
    assert_eq!(duration.unit, "s");
    let Some(Data::Histogram(histogram)) = &duration.data else {
        panic!("a histogram: {duration:?}");
    };
    let [point] = histogram.data_points.as_slice() else {
        panic!("one point");
    };
    assert_eq!(point.explicit_bounds[..3], [0.005, 0.01, 0.025]);
    assert_eq!(point.bucket_counts[..4], [0, 0, 1, 0]);
    assert_eq!((point.count, point.sum), (1, Some(0.02)));
}

#[tokio::test]
async fn delta_temporality_can_be_preferred() {
    let receiver = Wire::Http.receiver().await;
    let delta = ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta");
    let otlp = Wire::Http
        .builder(&receiver.endpoint(), &[delta])
        .build()
        .unwrap();
    let meter = otlp.meter_provider().unwrap().meter("test");
    let counter = meter.u64_counter("orders").build();
    for _ in 0..2 {
        counter.add(5, &[]);
        otlp.force_flush(LONG).await.unwrap();
    }
    let requests = receiver.wait_for(OtlpSignal::Metrics, 2).await;
    for request in requests {
        let scope = &request.metrics().resource_metrics[0].scope_metrics[0];
        let Some(Data::Sum(sum)) = &scope.metrics[0].data else {
            panic!("a sum");
        };
        assert_eq!(sum.aggregation_temporality(), AggregationTemporality::Delta);
        let value = sum.data_points[0].value;
        assert_eq!(value, Some(number_data_point::Value::AsInt(5)));
    }
}

#[tokio::test]
async fn low_memory_is_delta_for_what_is_added_and_cumulative_for_what_is_observed() {
    let receiver = Wire::Http.receiver().await;
    let preference = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    let otlp = Wire::Http
        .builder(&receiver.endpoint(), &[(preference, "lowmemory")])
        .build()
        .unwrap();
    let meter = otlp.meter_provider().unwrap().meter("test");
    meter.u64_counter("added").build().add(5, &[]);
    let observed = meter.u64_observable_counter("observed");
    let _observed = observed.with_callback(|it| it.observe(7, &[])).build();
    otlp.force_flush(LONG).await.unwrap();
    let requests = receiver.wait_for(OtlpSignal::Metrics, 1).await;
    let metrics = &requests[0].metrics().resource_metrics[0].scope_metrics[0].metrics;
    for (name, expected) in [
        ("added", AggregationTemporality::Delta),
        ("observed", AggregationTemporality::Cumulative),
    ] {
        let Some(Data::Sum(sum)) = &named(metrics, name).data else {
            panic!("a sum: {name}");
        };
        assert_eq!(sum.aggregation_temporality(), expected, "{name}");
    }
}

#[tokio::test]
async fn a_span_has_no_more_than_the_variables_allow() {
    let receiver = Wire::Http.receiver().await;
    let limits = [
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "3"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "2"),
    ];
    let otlp = Wire::Http
        .builder(&receiver.endpoint(), &limits)
        .build()
        .unwrap();
    let mut span = otlp.tracer_provider().unwrap().tracer("test").start("work");
    let four = || (0..4).map(|number| KeyValue::new(format!("k{number}"), number));
    span.set_attributes(four());
    for _ in 0..4 {
        span.add_event("event", four().collect());
    }
    span.end();
    otlp.shutdown(LONG).await.unwrap();
    let requests = receiver.wait_for(OtlpSignal::Traces, 1).await;
    let span = &requests[0].traces().resource_spans[0].scope_spans[0].spans[0];
    assert_eq!(
        (span.attributes.len(), span.dropped_attributes_count),
        (1, 3)
    );
    assert_eq!((span.events.len(), span.dropped_events_count), (2, 2));
    assert_eq!(span.events[0].attributes.len(), 3, "by the limit for all");
}
