//! Providers, exporters and what is between them.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{HttpClient, Request};
use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
#[cfg(feature = "otlp-tls")]
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{
    Compression, ExporterBuildError, MetricExporter, Protocol, SpanExporter, WithExportConfig,
    WithHttpConfig, WithTonicConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{Instrument, PeriodicReader, SdkMeterProvider, Stream};
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, watch};

use super::exporters::{Counted, Gated};
use super::gate::Gate;
use super::sending::NotOfTransports;
use super::settings::{Metrics, Settings, Traces};
use super::tally::Tally;
use super::target::{Target, Transport};

/// What exports, and what is needed to end it. A signal that is off is not there.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) traces: Option<Signal<SdkTracerProvider>>,
    pub(crate) metrics: Option<Signal<SdkMeterProvider>>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) tally: Arc<Tally>,
}

#[derive(Debug)]
pub(crate) struct Signal<P> {
    pub(crate) provider: P,
    /// Whether its thread has let go of the exporter.
    pub(crate) ended: watch::Receiver<bool>,
    /// Held by the flush whose turn it is, to the end of the SDK's part in it.
    pub(crate) turn: Arc<Mutex<()>>,
}

impl<P> Signal<P> {
    fn new(provider: P, ended: watch::Receiver<bool>) -> Self {
        Self {
            provider,
            ended,
            turn: Arc::default(),
        }
    }
}

impl Pipeline {
    /// To be called within the runtime: connections belong to it.
    pub(crate) fn build(settings: &Settings, runtime: Handle) -> Result<Self, ExporterBuildError> {
        let gate = Arc::new(Gate::new(runtime));
        let tally = Arc::new(Tally::default());
        // What can fail comes before what starts threads.
        let traces = settings.traces.as_ref();
        let traces = traces.map(|traces| Ok((traces, span_exporter(&traces.target)?)));
        let traces = traces.transpose()?;
        let metrics = settings.metrics.as_ref();
        let metrics = metrics.map(|metrics| Ok((metrics, metric_exporter(metrics)?)));
        let metrics = metrics.transpose()?;
        let resource = &settings.resource;
        Ok(Self {
            traces: traces.map(|(traces, exporter)| {
                let limit = traces.timeout.min(traces.target.timeout);
                let exporter = Gated::new(exporter, &gate, &tally, limit);
                tracer_provider(traces, exporter, &tally, resource.clone())
            }),
            metrics: metrics.map(|(metrics, exporter)| {
                let limit = metrics.timeout.min(metrics.target.timeout);
                let exporter = Gated::new(exporter, &gate, &tally, limit);
                meter_provider(metrics.interval, exporter, resource.clone())
            }),
            gate,
            tally,
        })
    }
}

fn tracer_provider(
    traces: &Traces,
    exporter: Gated<SpanExporter>,
    tally: &Arc<Tally>,
    resource: Resource,
) -> Signal<SdkTracerProvider> {
    let ended = exporter.ended();
    let batches = BatchConfigBuilder::default()
        .with_max_queue_size(traces.queue)
        .with_max_export_batch_size(traces.batch)
        .with_scheduled_delay(traces.delay)
        .build();
    let processor = BatchSpanProcessor::builder(exporter)
        .with_batch_config(batches)
        .build();
    let provider = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(NotOfTransports(traces.sampler.clone()))
        .with_span_limits(traces.limits)
        .with_span_processor(Counted::new(processor, tally, traces.queue))
        .build();
    Signal::new(provider, ended)
}

fn meter_provider(
    interval: Duration,
    exporter: Gated<MetricExporter>,
    resource: Resource,
) -> Signal<SdkMeterProvider> {
    let ended = exporter.ended();
    let reader = PeriodicReader::builder(exporter)
        .with_interval(interval)
        .build();
    let provider = SdkMeterProvider::builder()
        .with_resource(resource)
        .with_reader(reader)
        .with_view(stream)
        .build();
    Signal::new(provider, ended)
}

/// The SDK keeps 2000 series of a metric apart; a service with more than 400 circuit breakers has more.
fn stream(instrument: &Instrument) -> Option<Stream> {
    let ours = instrument.name().starts_with("resilience.");
    let stream = ours.then(|| Stream::builder().with_cardinality_limit(MAX_SERIES).build());
    stream?.ok()
}

const MAX_SERIES: usize = 10_000;

/// Says everything that the exporter would otherwise read from the environment by itself.
macro_rules! exporter {
    ($builder:expr, $target:expr) => {{
        let target: &Target = $target;
        match target.transport {
            Transport::Http => {
                let headers = target.headers.iter().cloned().collect();
                let mut builder = $builder
                    .with_http()
                    .with_shared_http_client(client(target)?)
                    .with_protocol(Protocol::HttpBinary)
                    .with_endpoint(&target.endpoint)
                    .with_timeout(target.timeout)
                    .with_headers(headers);
                if target.gzip {
                    builder = builder.with_compression(Compression::Gzip);
                }
                builder.build()
            }
            Transport::Grpc => {
                let mut builder = $builder
                    .with_tonic()
                    .with_endpoint(&target.endpoint)
                    .with_timeout(target.timeout)
                    .with_metadata(metadata(&target.headers));
                #[cfg(feature = "otlp-tls")]
                if target.has_tls() {
                    let tls = ClientTlsConfig::new().with_native_roots();
                    builder = builder.with_tls_config(tls);
                }
                if target.gzip {
                    builder = builder.with_compression(Compression::Gzip);
                }
                builder.build()
            }
        }
    }};
}

fn span_exporter(target: &Target) -> Result<SpanExporter, ExporterBuildError> {
    exporter!(SpanExporter::builder(), target)
}

fn metric_exporter(metrics: &Metrics) -> Result<MetricExporter, ExporterBuildError> {
    let builder = MetricExporter::builder().with_temporality(metrics.temporality);
    exporter!(builder, &metrics.target)
}

/// hyper's client, which runs on our own thread. reqwest's blocking one would bring a thread and a
/// runtime of its own for each signal, and must not be dropped inside a runtime.
fn client(target: &Target) -> Result<Arc<dyn HttpClient>, ExporterBuildError> {
    #[cfg(feature = "otlp-tls")]
    if target.has_tls() {
        // Only then: a machine without certificates may have a collector beside it.
        let provider = rustls::crypto::ring::default_provider();
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .map_err(|error| ExporterBuildError::InternalFailure(error.to_string()))?
            .https_only()
            .enable_http1()
            .build();
        return Ok(Arc::new(HyperClient::new(connector, target.timeout, None)));
    }
    let client = HyperClient::with_default_connector(target.timeout, None);
    Ok(Arc::new(client))
}

/// The headers were checked when they were read.
fn metadata(headers: &[(String, String)]) -> MetadataMap {
    let request = headers
        .iter()
        .fold(Request::get("/"), |request, (name, value)| {
            let value = super::variables::percent_decoded(value);
            request.header(name, value.unwrap_or_default())
        });
    let request = request.body(()).unwrap_or_default();
    MetadataMap::from_headers(request.into_parts().0.headers)
}
