//! The environment of a process, in processes of their own: it belongs to the whole process, and the
//! SDK reads some of it by itself.

#![expect(clippy::print_stdout, reason = "the parent reads it")]

use std::collections::HashMap;
use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;

use steadfast_telemetry::opentelemetry::global;
use steadfast_telemetry::opentelemetry::trace::{Span, Tracer};
use steadfast_telemetry::{Telemetry, init_otlp};
use steadfast_testkit::{OtlpReceiver, OtlpSignal};

use crate::support::{LONG, SHORT, Wire, attributes, owned};

const CHILD: &str = "STEADFAST_OTLP_CHILD";

/// What an application does. Runs only where another test has started it.
#[test]
fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let otlp = match init_otlp("named in the code") {
            Ok(otlp) => otlp,
            Err(error) => return println!("{error}"),
        };
        // On the global providers.
        let _telemetry = Telemetry::new();
        global::meter("test")
            .u64_counter("orders")
            .build()
            .add(3, &[]);
        global::tracer("test").start("work").end();
        otlp.shutdown(Duration::from_secs(20)).await.unwrap();
        println!("shut down");
    });
}

/// Runs the child with these variables and no others of OpenTelemetry's, and returns what it prints.
async fn run<V>(variables: HashMap<String, V>) -> String
where
    V: AsRef<OsStr> + Send + 'static,
{
    run_child("environment::child", variables).await
}

async fn run_child<V>(child: &str, variables: HashMap<String, V>) -> String
where
    V: AsRef<OsStr> + Send + 'static,
{
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", child, "--nocapture"]);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OTEL_") {
            command.env_remove(name);
        }
    }
    command.envs(variables).env(CHILD, "1");
    let ran = tokio::task::spawn_blocking(move || command.output());
    let output = ran.await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complaints}");
    said
}

async fn service_name(receiver: &OtlpReceiver) -> String {
    let requests = receiver.wait_for(OtlpSignal::Traces, 1).await;
    let resource = requests[0].traces().resource_spans[0].resource.clone();
    let attributes = attributes(&resource.unwrap().attributes);
    let name = attributes
        .into_iter()
        .find(|(key, _)| key == "service.name");
    name.unwrap().1
}

#[tokio::test]
async fn an_application_exports_as_its_environment_says() {
    for wire in Wire::BOTH {
        let receiver = wire.receiver().await;
        let mut variables = wire.variables(&receiver.endpoint());
        variables.extend(owned(&[
            ("OTEL_SERVICE_NAME", "named by the operator"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a%20b"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ]));
        let said = run(variables).await;
        assert!(said.contains("shut down"), "{said}");
        assert_eq!(service_name(&receiver).await, "named by the operator");
        let metrics = receiver.wait_for(OtlpSignal::Metrics, 1).await;
        let names: Vec<_> = metrics[0].metrics().resource_metrics[0]
            .scope_metrics
            .iter()
            .flat_map(|scope| &scope.metrics)
            .map(|metric| metric.name.as_str())
            .collect();
        assert!(names.contains(&"orders"), "{names:?}");
        assert!(
            names.contains(&"resilience.telemetry.source_panics"),
            "{names:?}"
        );
        for request in receiver.requests() {
            let tenants = request
                .headers
                .iter()
                .filter(|(name, _)| name == "x-tenant");
            let tenants: Vec<_> = tenants.map(|(_, value)| value.as_str()).collect();
            assert_eq!(tenants, ["a b"], "{wire:?}");
            assert!(request.compressed && request.accepted);
        }
        assert_eq!(receiver.requests().len(), 2);
    }
}

#[tokio::test]
async fn http_is_the_default_and_the_code_names_the_service_that_nobody_else_does() {
    let receiver = Wire::Http.receiver().await;
    let endpoint = receiver.endpoint();
    run(owned(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)])).await;
    assert_eq!(service_name(&receiver).await, "named in the code");
}

#[tokio::test]
async fn a_disabled_sdk_says_nothing() {
    let receiver = Wire::Http.receiver().await;
    let mut variables = Wire::Http.variables(&receiver.endpoint());
    variables.extend(owned(&[("OTEL_SDK_DISABLED", "true")]));
    assert!(run(variables).await.contains("shut down"));
    assert_eq!(receiver.requests().len(), 0);
    assert_eq!(receiver.malformed().len(), 0);
}

#[tokio::test]
async fn a_bad_environment_is_refused() {
    let variables = owned(&[("OTEL_METRIC_EXPORT_INTERVAL", "often")]);
    let said = run(variables).await;
    let expected = "OTLP is misconfigured: OTEL_METRIC_EXPORT_INTERVAL = often \
                    (must be a whole number of milliseconds, at least 1)";
    assert!(said.contains(expected), "{said}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_secret_that_is_not_utf8_is_not_shown() {
    use std::os::unix::ffi::OsStringExt;
    let name = "OTEL_EXPORTER_OTLP_HEADERS".to_owned();
    let value = std::ffi::OsString::from_vec(b"authorization=hush\xff".to_vec());
    let said = run(HashMap::from([(name, value)])).await;
    let expected = "OTEL_EXPORTER_OTLP_HEADERS = not shown (must be UTF-8)";
    assert!(said.contains(expected) && !said.contains("hush"), "{said}");
}

/// Takes its time over what the thread that sends has to say.
mod held_up {
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    pub(super) struct HoldsUp;

    impl Subscriber for HoldsUp {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            if std::thread::current().name() == Some("steadfast-otlp") {
                println!("held up");
                loop {
                    std::thread::park();
                }
            }
            false
        }

        fn register_callsite(
            &self,
            _: &'static Metadata<'static>,
        ) -> tracing::subscriber::Interest {
            tracing::subscriber::Interest::sometimes()
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, _: &Event<'_>) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }
}

/// Runs only where another test has started it.
#[test]
fn held_up_child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let otlp = init_otlp("orders").unwrap();
    tracing::subscriber::set_global_default(held_up::HoldsUp).unwrap();
    global::tracer("test").start("work").end();
    let undelivered = otlp.shutdown_blocking(SHORT).unwrap_err();
    println!("{undelivered}");
}

#[tokio::test]
async fn a_blocking_shutdown_comes_back_when_the_thread_that_sends_is_held_up() {
    let receiver = Wire::Grpc.receiver().await;
    let variables = Wire::Grpc.variables(&receiver.endpoint());
    let child = run_child("environment::held_up_child", variables);
    let said = tokio::time::timeout(LONG, child).await.unwrap();
    assert!(said.contains("held up"), "{said}");
    let expected = "1 spans and the last metrics; time ran out; the OTLP thread does not answer";
    assert!(said.contains(expected), "{said}");
}

/// Runs only where another test has started it.
#[test]
fn traced_child() {
    use tracing_subscriber::layer::SubscriberExt;

    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let otlp = init_otlp("orders").unwrap();
    let layer = tracing_opentelemetry::layer().with_tracer(global::tracer("test"));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    tracing::info_span!("work").in_scope(|| ());
    for _ in 0..5 {
        otlp.force_flush_blocking(LONG).unwrap();
    }
    let snapshot = otlp.snapshot();
    println!(
        "{} delivered, {} waiting",
        snapshot.spans_delivered, snapshot.spans_waiting
    );
    otlp.shutdown_blocking(LONG).unwrap();
}

/// What the transports trace would have to be exported, and traced again, for ever.
#[tokio::test]
async fn exporting_is_not_told_of() {
    for wire in Wire::BOTH {
        let receiver = wire.receiver().await;
        let variables = wire.variables(&receiver.endpoint());
        let said = run_child("environment::traced_child", variables).await;
        assert!(said.contains("1 delivered, 0 waiting"), "{said}");
    }
}
