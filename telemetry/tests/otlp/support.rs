//! A receiver and an exporter that know of each other, and something to export.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use steadfast_telemetry::opentelemetry::trace::{Span, Tracer, TracerProvider};
use steadfast_telemetry::{EventSink, EventSinks, Otlp, OtlpBuilder, Source};
use steadfast_testkit::OtlpReceiver;
use steadfast_testkit::opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};

/// Far above anything that is waited for here.
pub(crate) const LONG: Duration = Duration::from_secs(20);
/// For a receiver that never answers.
pub(crate) const SHORT: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Http,
    Grpc,
}

impl Wire {
    pub(crate) const BOTH: [Self; 2] = [Self::Http, Self::Grpc];

    pub(crate) async fn receiver(self) -> OtlpReceiver {
        match self {
            Self::Http => OtlpReceiver::http().await,
            Self::Grpc => OtlpReceiver::grpc().await,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http => "http/protobuf",
            Self::Grpc => "grpc",
        }
    }

    /// Exports nothing by itself before an hour has passed, and gives nothing up before that either.
    pub(crate) fn variables(self, endpoint: &str) -> HashMap<String, String> {
        let variables = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", self.name()),
            ("OTEL_METRIC_EXPORT_INTERVAL", "3600000"),
            ("OTEL_BSP_SCHEDULE_DELAY", "3600000"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000"),
            ("OTEL_METRIC_EXPORT_TIMEOUT", "3600000"),
            ("OTEL_BSP_EXPORT_TIMEOUT", "3600000"),
        ];
        owned(&variables)
    }

    /// With more variables, which win.
    pub(crate) fn builder(self, endpoint: &str, more: &[(&str, &str)]) -> OtlpBuilder {
        let mut variables = self.variables(endpoint);
        variables.extend(owned(more));
        with_variables(variables)
    }

    pub(crate) fn otlp(self, receiver: &OtlpReceiver) -> Otlp {
        self.builder(&receiver.endpoint(), &[]).build().unwrap()
    }
}

pub(crate) fn with_variables(variables: HashMap<String, String>) -> OtlpBuilder {
    Otlp::builder("orders")
        .set_global(false)
        .variables(move |name| variables.get(name).cloned())
}

pub(crate) fn owned(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// One span that has ended.
pub(crate) fn span(otlp: &Otlp) {
    let tracer = otlp.tracer_provider().unwrap().tracer("test");
    tracer.start("work").end();
}

/// A client of a server, as the HTTP crate has it.
#[derive(Default)]
pub(crate) struct Client {
    pub(crate) sinks: EventSinks,
}

impl Source for Client {
    fn name(&self) -> &str {
        "shop"
    }

    fn watched(&self, sink: EventSink) {
        self.sinks.add(sink);
    }
}

pub(crate) fn client() -> Arc<Client> {
    Arc::new(Client::default())
}

/// The attributes as text, in their order by name.
pub(crate) fn attributes(pairs: &[KeyValue]) -> Vec<(String, String)> {
    let mut attributes: Vec<_> = pairs
        .iter()
        .map(|pair| {
            let value = pair.value.as_ref().and_then(|value| value.value.as_ref());
            let text = match value {
                Some(Value::StringValue(text)) => text.clone(),
                Some(Value::IntValue(number)) => number.to_string(),
                Some(Value::DoubleValue(number)) => number.to_string(),
                other => format!("{other:?}"),
            };
            (pair.key.clone(), text)
        })
        .collect();
    attributes.sort();
    attributes
}

pub(crate) fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut expected: Vec<_> = owned(expected).into_iter().collect();
    expected.sort();
    expected
}

/// Waits for something that no channel tells of.
pub(crate) async fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(LONG, async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    assert!(waited.await.is_ok(), "never happened: {what}");
}
