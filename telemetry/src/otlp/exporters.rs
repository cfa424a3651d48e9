//! OpenTelemetry's exporters and span processor, with a gate before them and every result counted.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};
use tokio::sync::watch;

use super::gate::Gate;
use super::tally::Tally;

/// Sends through the gate.
pub(crate) struct Gated<E> {
    exporter: E,
    gate: Arc<Gate>,
    tally: Arc<Tally>,
    timeout: Duration,
    /// Whether the SDK has let go of it. It waits five seconds for its own threads, whatever it is
    /// told; they go on after that.
    ended: watch::Sender<bool>,
}

impl<E> Gated<E> {
    pub(crate) fn new(
        exporter: E,
        gate: &Arc<Gate>,
        tally: &Arc<Tally>,
        timeout: Duration,
    ) -> Self {
        Self {
            exporter,
            gate: Arc::clone(gate),
            tally: Arc::clone(tally),
            timeout,
            ended: watch::Sender::new(false),
        }
    }

    pub(crate) fn ended(&self) -> watch::Receiver<bool> {
        self.ended.subscribe()
    }
}

impl<E> fmt::Debug for Gated<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gated").finish_non_exhaustive()
    }
}

impl<E: SpanExporter> SpanExporter for Gated<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        self.tally.take(spans);
        let export = self.exporter.export(batch);
        let result = self.gate.run(self.timeout, export).await;
        self.tally.spans_exported(spans, &result);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        let result = self.exporter.shutdown_with_timeout(timeout);
        self.ended.send_replace(true);
        result
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for Gated<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let export = self.exporter.export(metrics);
        let result = self.gate.run(self.timeout, export).await;
        self.tally.metrics_exported(&result);
        result
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        let result = self.exporter.shutdown_with_timeout(timeout);
        self.ended.send_replace(true);
        result
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}

/// Counts what ends, and what finds no room: the SDK's processor tells nobody.
#[derive(Debug)]
pub(crate) struct Counted {
    processor: BatchSpanProcessor,
    tally: Arc<Tally>,
    room: u64,
}

impl Counted {
    pub(crate) fn new(processor: BatchSpanProcessor, tally: &Arc<Tally>, room: usize) -> Self {
        Self {
            processor,
            tally: Arc::clone(tally),
            room: room as u64,
        }
    }
}

impl SpanProcessor for Counted {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.processor.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.tally.queue(self.room) {
            self.processor.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.processor.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.processor.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.processor.set_resource(resource);
    }
}
