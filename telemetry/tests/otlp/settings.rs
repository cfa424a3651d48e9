//! What the variables may say, and what is said when they are wrong.

use steadfast_telemetry::{Otlp, OtlpError};

use crate::support::{LONG, Wire, owned, span, with_variables};
use steadfast_testkit::OtlpSignal;

fn refused(variables: &[(&str, &str)]) -> Vec<(String, String, String)> {
    match with_variables(owned(variables)).build() {
        Err(OtlpError::Settings(fields)) => fields
            .into_iter()
            .map(|field| (field.field.to_owned(), field.value, field.rule.to_owned()))
            .collect(),
        other => panic!("{variables:?} should be refused: {other:?}"),
    }
}

#[test]
fn every_bad_variable_is_named_with_its_value_and_rule_and_once() {
    let millis = "must be a whole number of milliseconds, at least 1";
    let size = "must be a whole number from 1 to 1000000";
    let count = "must be a whole number";
    let unsupported = "is not supported here and must not be set";
    let bad = [
        ("OTEL_TRACES_EXPORTER", "zipkin", "must be otlp or none"),
        (
            "OTEL_METRICS_EXPORTER",
            "otlp,console",
            "must be otlp or none",
        ),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "a=1,b",
            "must be key=value,..., percent-encoded",
        ),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0", size),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1e3", size),
        ("OTEL_BSP_SCHEDULE_DELAY", "5s", millis),
        ("OTEL_BSP_EXPORT_TIMEOUT", "0", millis),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5", "must be from 0 to 1"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "-1", count),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "many", count),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "1.0", count),
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "x", count),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100", unsupported),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem", unsupported),
        (
            "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
            "/key.pem",
            unsupported,
        ),
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "http/json",
            "must be grpc or http/protobuf",
        ),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "-5", millis),
        (
            "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
            "zstd",
            "must be gzip or none",
        ),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "localhost:4318",
            "must be an http:// or https:// URL",
        ),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1m", millis),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "", ""),
        (
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
            "sum",
            "must be cumulative, delta or lowmemory",
        ),
        (
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            "base2_exponential_bucket_histogram",
            "must be explicit_bucket_histogram, the only one there is here",
        ),
    ];
    let mut variables: Vec<_> = bad.iter().map(|(name, value, _)| (*name, *value)).collect();
    variables.push(("OTEL_TRACES_SAMPLER", "traceidratio"));
    let mut found = refused(&variables);
    let mut expected: Vec<_> = bad
        .iter()
        .filter(|(_, value, _)| !value.is_empty())
        .map(|(name, value, rule)| (name.to_string(), value.to_string(), rule.to_string()))
        .collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn what_depends_on_something_else_is_held_to_it() {
    let batch = [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "101"),
    ];
    assert_eq!(
        refused(&batch)[0].2,
        "must be at most OTEL_BSP_MAX_QUEUE_SIZE"
    );
    let sampler = [("OTEL_TRACES_SAMPLER_ARG", "0.1")];
    assert_eq!(
        refused(&sampler)[0].2,
        "has a meaning only for traceidratio samplers"
    );
    let sampler = [("OTEL_TRACES_SAMPLER", "jaeger_remote")];
    assert_eq!(refused(&sampler)[0].0, "OTEL_TRACES_SAMPLER");
    // A short queue alone is no mistake.
    let queue = owned(&[("OTEL_BSP_MAX_QUEUE_SIZE", "100")]);
    assert!(with_variables(queue).build().is_ok());
}

#[test]
fn secrets_are_not_in_what_is_said_of_them() {
    let bad = [
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "x-tenant=a,authorization=hush\u{7f}",
        ),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://user:hush@host/path"),
    ];
    let said = with_variables(owned(&bad)).build().unwrap_err().to_string();
    assert!(!said.contains("hush"), "{said}");
    assert!(said.contains("entry 2, not shown"), "{said}");
    assert!(said.contains("ftp://***@host/path"), "{said}");
}

#[test]
fn a_header_of_grpc_that_would_be_binary_is_refused() {
    let binary = [("OTEL_EXPORTER_OTLP_HEADERS", "a=b,grpc-trace-bin=hush")];
    let rule = "must be name=value,... of HTTP headers, percent-encoded";
    let [(_, value, found)] = &refused(&binary)[..] else {
        panic!("once");
    };
    assert_eq!(
        (value.as_str(), found.as_str()),
        ("entry 2, not shown", rule)
    );
}

#[test]
fn credentials_in_an_address_are_refused_and_not_shown() {
    for wire in Wire::BOTH {
        for address in ["http://user:hush@host:4317", "http://user:hush@host?x=/"] {
            let variables = [
                ("OTEL_EXPORTER_OTLP_PROTOCOL", wire.name()),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", address),
            ];
            let [(name, value, rule)] = &refused(&variables)[..] else {
                panic!("once");
            };
            assert_eq!(name, "OTEL_EXPORTER_OTLP_ENDPOINT");
            assert!(value.starts_with("http://***@host"), "{value}");
            assert_eq!(
                rule,
                "must have no user and password: headers say who exports"
            );
        }
    }
    // It is no user in a path.
    let path = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://host/@tenant")];
    assert!(with_variables(owned(&path)).build().is_ok());
}

#[cfg(not(feature = "otlp-tls"))]
#[test]
fn without_tls_an_address_that_asks_for_it_is_refused() {
    let rule = "must be an http:// URL: this build has no TLS (feature otlp-tls)";
    let https = [("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4318")];
    assert_eq!(refused(&https)[0].2, rule);
    // So says the specification of gRPC addresses without a scheme.
    let bare = [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
    ];
    assert_eq!(refused(&bare)[0].2, rule);
}

#[test]
fn settings_of_the_code_are_checked_with_the_variables() {
    let builder = Otlp::builder(" ").shutdown_timeout(std::time::Duration::ZERO);
    let builder = builder.resource_attribute("", "x").set_global(false);
    let builder = builder.variables(|name| (name == "OTEL_SDK_DISABLED").then(|| "no".to_owned()));
    let error = builder.build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "OTLP is misconfigured: OTEL_SDK_DISABLED = no (must be true or false); \
         resource_attribute = \"\" (must have a key); service_name = \"\" (must not be empty); \
         shutdown_timeout = 0ns (must be longer than zero)"
    );
}

#[tokio::test]
async fn a_disabled_sdk_exports_nothing_and_minds_nothing() {
    let receiver = Wire::Http.receiver().await;
    let variables = [
        ("OTEL_SDK_DISABLED", "TRUE"),
        ("OTEL_BSP_SCHEDULE_DELAY", "soon"),
    ];
    let otlp = Wire::Http
        .builder(&receiver.endpoint(), &variables)
        .build()
        .unwrap();
    assert!(otlp.is_disabled());
    assert!(otlp.tracer_provider().is_none() && otlp.meter_provider().is_none());
    otlp.telemetry().build().unwrap();
    otlp.force_flush(LONG).await.unwrap();
    otlp.shutdown(LONG).await.unwrap();
    assert_eq!(receiver.requests().len(), 0);
}

#[tokio::test]
async fn a_signal_may_be_off() {
    let receiver = Wire::Http.receiver().await;
    let off = [
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "ignored"),
    ];
    let otlp = Wire::Http
        .builder(&receiver.endpoint(), &off)
        .build()
        .unwrap();
    assert!(otlp.meter_provider().is_none() && !otlp.is_disabled());
    span(&otlp);
    otlp.shutdown(LONG).await.unwrap();
    assert_eq!(receiver.wait_for(OtlpSignal::Traces, 1).await.len(), 1);
}

#[tokio::test]
async fn a_signal_may_have_an_address_and_a_protocol_of_its_own() {
    let (http, grpc) = (Wire::Http.receiver().await, Wire::Grpc.receiver().await);
    let bare = grpc.endpoint().replace("http://", "");
    let more = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", bare.as_str()),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "true"),
    ];
    let slash = format!("{}/", http.endpoint());
    let otlp = Wire::Http.builder(&slash, &more).build().unwrap();
    span(&otlp);
    crate::protocol::counted(&otlp);
    otlp.shutdown(LONG).await.unwrap();
    assert_eq!(grpc.wait_for(OtlpSignal::Traces, 1).await.len(), 1);
    assert_eq!(http.wait_for(OtlpSignal::Metrics, 1).await.len(), 1);
    assert_eq!(http.requests().len(), 1);
}

#[tokio::test]
async fn the_sampler_is_that_of_the_variables() {
    let receiver = Wire::Http.receiver().await;
    for (sampler, argument, expected) in [
        ("always_off", "", 0),
        ("parentbased_always_off", "", 0),
        ("traceidratio", "0", 0),
        ("parentbased_traceidratio", "1", 1),
        ("always_on", "", 1),
        ("AlwaYs_On", "", 1),
        ("TraceIdRatio", "1", 1),
    ] {
        let more = [
            ("OTEL_TRACES_SAMPLER", sampler),
            ("OTEL_TRACES_SAMPLER_ARG", argument),
        ];
        let otlp = Wire::Http
            .builder(&receiver.endpoint(), &more)
            .build()
            .unwrap();
        span(&otlp);
        otlp.shutdown(LONG).await.unwrap();
        assert_eq!(otlp.snapshot().spans_delivered, expected, "{sampler}");
    }
}
