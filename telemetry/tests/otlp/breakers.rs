//! Circuit breakers whose metrics are exported.

use std::net::TcpListener;

use steadfast_breaker::CircuitBreaker;
use steadfast_telemetry::opentelemetry::KeyValue;
use steadfast_telemetry::opentelemetry::metrics::MeterProvider;
use steadfast_testkit::OtlpSignal;
use steadfast_testkit::opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, metric::Data, number_data_point,
};

use crate::content::{metrics, named, otlp};
use crate::support::{LONG, Wire, attributes, pairs, span};

#[tokio::test]
async fn the_metrics_of_a_breaker_arrive_with_all_that_makes_them_readable() {
    for wire in Wire::BOTH {
        let receiver = wire.receiver().await;
        let otlp = otlp(wire, &receiver.endpoint());
        let telemetry = otlp.telemetry().build().unwrap();
        let breaker = CircuitBreaker::builder("card").failure_threshold(2);
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
async fn a_receiver_that_is_not_there_disturbs_no_call() {
    for wire in Wire::BOTH {
        // Bound and not listening to anybody once it is dropped.
        let gone = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", gone.local_addr().unwrap());
        drop(gone);
        let otlp = wire.builder(&endpoint, &[]).build().unwrap();
        let telemetry = otlp.telemetry().build().unwrap();
        let breaker = CircuitBreaker::builder("card").build().unwrap();
        telemetry.watch(&breaker);
        for _ in 0..100 {
            breaker.call(async || Ok::<_, ()>(())).await.unwrap();
            span(&otlp);
        }
        assert_eq!(breaker.snapshot().totals.success, 100);
        let undelivered = otlp.shutdown(LONG).await.unwrap_err();
        assert_eq!(
            (undelivered.spans, undelivered.metrics),
            (100, true),
            "{undelivered}"
        );
        assert!(!undelivered.timed_out, "{undelivered}");
    }
}

#[tokio::test]
async fn three_thousand_breakers_are_told_apart_and_users_metrics_keep_the_limit_of_the_sdk() {
    let receiver = Wire::Grpc.receiver().await;
    let otlp = Wire::Grpc.otlp(&receiver);
    let telemetry = otlp.telemetry().build().unwrap();
    let breakers: Vec<_> = (0..3000)
        .map(|index| {
            let name = format!("breaker-{index}");
            let breaker = CircuitBreaker::builder(name).build().unwrap();
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
