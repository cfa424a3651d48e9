//! What arrives.

use std::time::Duration;

use steadfast_telemetry::opentelemetry::KeyValue;
use steadfast_telemetry::opentelemetry::metrics::MeterProvider;
use steadfast_telemetry::{HttpStart, Otlp, Telemetry};
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
    let version = env!("CARGO_PKG_VERSION");
    assert!(!version.is_empty());
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
async fn otlp(wire: Wire, endpoint: &str) -> Otlp {
    let more = [ATTRIBUTES, ("OTEL_SERVICE_NAME", "payments")];
    let builder = wire.builder(endpoint, &more);
    let builder = builder.resource_attribute("service.version", "1");
    let builder = builder.resource_attribute("service.instance.id", "7");
    builder.build().unwrap()
}

/// All metrics of telemetry's scope.
fn metrics(request: &OtlpRequest) -> Vec<Metric> {
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

fn named<'a>(metrics: &'a [Metric], name: &str) -> &'a Metric {
    let metric = metrics.iter().find(|metric| metric.name == name);
    metric.unwrap_or_else(|| panic!("no {name}"))
}

#[cfg(feature = "breaker")]
#[tokio::test]
async fn the_metrics_of_a_breaker_arrive_with_all_that_makes_them_readable() {
    for wire in Wire::BOTH {
        let receiver = wire.receiver().await;
        let otlp = otlp(wire, &receiver.endpoint()).await;
        let telemetry = otlp.telemetry().build().unwrap();
        let breaker = steadfast_breaker::CircuitBreaker::builder("card").failure_threshold(2);
        let breaker = breaker.build().unwrap();
        telemetry.watch(&breaker);
        breaker.call_blocking(|| Ok::<_, ()>(())).unwrap();
        for _ in 0..3 {
            let _ = breaker.call_blocking(|| Err::<(), _>("refused"));
        }
        otlp.force_flush(LONG).await.unwrap();

        let requests = receiver.wait_for(OtlpSignal::Metrics, 1).await;
        let metrics = metrics(&requests[0]);
        let calls = named(&metrics, "resilience.circuit_breaker.calls");
        assert_eq!(calls.unit, "{call}");
        assert_eq!(
            calls.description,
            "Calls that ended or were rejected, by outcome; a panic is a failure."
        );
        let Some(Data::Sum(sum)) = &calls.data else {
            panic!("a sum: {calls:?}");
        };
        assert!(sum.is_monotonic);
        assert_eq!(
            sum.aggregation_temporality(),
            AggregationTemporality::Cumulative
        );
        let mut points = Vec::new();
        for point in &sum.data_points {
            assert!(0 < point.start_time_unix_nano);
            assert!(point.start_time_unix_nano < point.time_unix_nano);
            points.push((attributes(&point.attributes), point.value));
        }
        points.sort_by(|one, other| one.0.cmp(&other.0));
        let expected = [
            ("abandoned", 0),
            ("failure", 2),
            ("ignored", 0),
            ("rejected", 1),
            ("success", 1),
        ];
        let expected = expected.map(|(outcome, count)| {
            let pairs = pairs(&[("resilience.name", "card"), ("resilience.outcome", outcome)]);
            (pairs, Some(number_data_point::Value::AsInt(count)))
        });
        assert_eq!(points, expected, "{wire:?}");

        let state = named(&metrics, "resilience.circuit_breaker.state");
        assert_eq!(state.unit, "{circuit_breaker}");
        let Some(Data::Gauge(gauge)) = &state.data else {
            panic!("a gauge: {state:?}");
        };
        let is_open = |pair: &(String, String)| pair.1 == "open";
        for point in &gauge.data_points {
            let open = attributes(&point.attributes).iter().any(is_open);
            assert_eq!(
                point.value,
                Some(number_data_point::Value::AsInt(i64::from(open)))
            );
        }
        assert_eq!(gauge.data_points.len(), 3);
        assert_eq!(receiver.malformed(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn spans_arrive_with_their_parents_events_and_status() {
    for wire in Wire::BOTH {
        let receiver = wire.receiver().await;
        let otlp = otlp(wire, &receiver.endpoint()).await;
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
    let otlp = otlp(Wire::Http, &receiver.endpoint()).await;
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

#[cfg(feature = "breaker")]
#[tokio::test]
async fn three_thousand_breakers_are_told_apart_and_users_metrics_keep_the_limit_of_the_sdk() {
    let receiver = Wire::Grpc.receiver().await;
    let otlp = Wire::Grpc.otlp(&receiver);
    let telemetry: Telemetry = otlp.telemetry().build().unwrap();
    let breakers: Vec<_> = (0..3000)
        .map(|index| {
            let name = format!("breaker-{index}");
            let breaker = steadfast_breaker::CircuitBreaker::builder(name)
                .build()
                .unwrap();
            telemetry.watch(&breaker);
            breaker
        })
        .collect();
    let counter = otlp
        .meter_provider()
        .unwrap()
        .meter("test")
        .u64_counter("orders")
        .build();
    for customer in 0..3000 {
        counter.add(1, &[KeyValue::new("customer", customer)]);
    }
    otlp.force_flush(LONG).await.unwrap();
    let requests = receiver.wait_for(OtlpSignal::Metrics, 1).await;
    let scopes = &requests[0].metrics().resource_metrics[0].scope_metrics;
    let points = |name: &str| {
        let metrics = scopes.iter().flat_map(|scope| &scope.metrics);
        let metric = metrics.into_iter().find(|metric| metric.name == name);
        match &metric.unwrap().data {
            Some(Data::Sum(sum)) => sum.data_points.len(),
            other => panic!("a sum: {other:?}"),
        }
    };
    assert_eq!(
        points("resilience.circuit_breaker.in_flight"),
        breakers.len()
    );
    assert!(points("orders") <= 2001, "{}", points("orders"));
}
