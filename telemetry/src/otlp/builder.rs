//! Settings of the code; those of the environment go before them.

use std::time::Duration;

use opentelemetry::{Key, KeyValue, Value, global};

use super::Otlp;
use super::error::OtlpError;
use super::settings::Settings;
use super::variables::Lookup;
use super::worker;

/// Sets up exporting over OTLP; from [`Otlp::builder`].
///
/// What is set here are defaults: a variable of the environment wins over them, so that whoever runs a
/// service has the last word.
///
/// # Examples
/// ```
/// use steadfast_telemetry::Otlp;
///
/// let otlp = Otlp::builder("orders")
///     .resource_attribute("service.version", "1.4.2")
///     .traces(false)
///     .set_global(false)
///     .build()?;
/// assert!(otlp.tracer_provider().is_none());
/// # Ok::<_, steadfast_telemetry::OtlpError>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct OtlpBuilder {
    pub(crate) service_name: String,
    pub(crate) attributes: Vec<KeyValue>,
    pub(crate) traces: bool,
    pub(crate) metrics: bool,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) lookup: Lookup,
    global: bool,
}

impl OtlpBuilder {
    pub(crate) fn new(service_name: String) -> Self {
        Self {
            service_name,
            attributes: Vec::new(),
            traces: true,
            metrics: true,
            shutdown_timeout: Duration::from_secs(5),
            lookup: Lookup::Environment,
            global: true,
        }
    }

    /// Adds an attribute to the resource: what is said of the process, with all that it exports. Of
    /// two with one key the later counts, and one of `OTEL_RESOURCE_ATTRIBUTES` before both.
    pub fn resource_attribute(mut self, key: impl Into<Key>, value: impl Into<Value>) -> Self {
        self.attributes.push(KeyValue::new(key, value));
        self
    }

    /// Whether spans are exported; true by default. `OTEL_TRACES_EXPORTER=none` turns them off, and
    /// nothing turns on what is off here.
    pub fn traces(mut self, exported: bool) -> Self {
        self.traces = exported;
        self
    }

    /// Whether metrics are exported; true by default. `OTEL_METRICS_EXPORTER=none` turns them off, and
    /// nothing turns on what is off here.
    pub fn metrics(mut self, exported: bool) -> Self {
        self.metrics = exported;
        self
    }

    /// Whether the providers become OpenTelemetry's global ones; true by default, so that
    /// [`Telemetry::new`](crate::Telemetry::new) and everything else that asks for those uses them.
    pub fn set_global(mut self, global: bool) -> Self {
        self.global = global;
        self
    }

    /// How long the shutdown may take that begins, in the background, when the last handle is dropped;
    /// 5 seconds by default, as in the SDK. [`Otlp::shutdown`] is told each time.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// Where the `OTEL_*` variables are looked up, in place of the environment: a configuration file,
    /// say. The exporters add the headers of the process's own environment all the same, and compress if that
    /// says so and this does not.
    pub fn variables<F>(mut self, lookup: F) -> Self
    where
        F: Fn(&str) -> Option<String> + Send + Sync + 'static,
    {
        self.lookup = Lookup::Given(Box::new(lookup));
        self
    }

    /// Builds the providers and starts the threads that export. Connects to nothing yet: a receiver
    /// that is away now is no error, and may come later.
    ///
    /// # Errors
    /// [`OtlpError`] if a variable or a setting is wrong, or a thread cannot be started. Nothing is
    /// left behind then, and the global providers are as they were.
    pub fn build(self) -> Result<Otlp, OtlpError> {
        let settings = Settings::read(&self).map_err(OtlpError::Settings)?;
        let disabled = settings.disabled;
        if settings.traces.is_none() && settings.metrics.is_none() {
            return Ok(Otlp::new(None, disabled));
        }
        let running = worker::start(settings, self.shutdown_timeout)?;
        if self.global {
            if let Some(provider) = &running.tracer_provider {
                global::set_tracer_provider(provider.clone());
            }
            if let Some(provider) = &running.meter_provider {
                global::set_meter_provider(provider.clone());
            }
        }
        Ok(Otlp::new(Some(running), disabled))
    }
}
