//! The text exposition: the same instruments on a private meter provider that Prometheus reads.

use std::fmt::Write;
use std::sync::Arc;

use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::metrics::{Instrument, SdkMeterProvider, Stream};
use prometheus::TextEncoder;

use crate::registry::{Registry, scope};

/// The media type of [`Telemetry::export_prometheus_metrics`](crate::Telemetry::export_prometheus_metrics).
pub const PROMETHEUS_CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// Series of one metric that are told apart.
const MAX_SERIES: usize = 10_000;

pub(crate) struct Exposition {
    families: prometheus::Registry,
    /// Keeps the instruments alive. An error is said in the text.
    provider: Result<SdkMeterProvider, OTelSdkError>,
}

impl Exposition {
    pub(crate) fn new(registry: &Arc<Registry>) -> Self {
        let families = prometheus::Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(families.clone())
            .scope_info_enabled(false)
            .without_target_info()
            .build();
        let provider = exporter.map(|exporter| {
            let provider = SdkMeterProvider::builder()
                .with_reader(exporter)
                .with_view(stream)
                .build();
            registry.export_to(provider.meter_with_scope(scope()));
            provider
        });
        Self { families, provider }
    }

    /// Family by family, so that one that cannot be written does not take the others along.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        if let Err(error) = &self.provider {
            comment(&mut text, error);
        }
        for family in self.families.gather() {
            let written = text.len();
            let encoded = TextEncoder::new().encode_utf8(std::slice::from_ref(&family), &mut text);
            if let Err(error) = encoded {
                text.truncate(written);
                comment(&mut text, &error);
            }
        }
        text
    }
}

fn stream(instrument: &Instrument) -> Option<Stream> {
    let stream = Stream::builder().with_cardinality_limit(MAX_SERIES);
    // The exporter says a unit of 1 as `_ratio`, also behind a name that does so itself.
    if instrument.unit() == "1" && instrument.name().ends_with(".ratio") {
        stream.with_unit("").build().ok()
    } else {
        stream.build().ok()
    }
}

/// A scrape that cannot tell everything says so, where the operator looks.
fn comment(text: &mut String, error: &dyn std::error::Error) {
    let reason = error.to_string().replace(['\n', '\r'], " ");
    let _ = writeln!(text, "# not exported: {reason}");
}
