//! What the variables and the builder come to.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use opentelemetry_sdk::trace::{Sampler, SpanLimits};

use super::builder::OtlpBuilder;
use super::target::{Target, target};
use super::variables::{Variables, pairs, percent_decoded};
use crate::error::FieldError;

/// Checked. A signal that is off is not there.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) resource: Resource,
    pub(crate) traces: Option<Traces>,
    pub(crate) metrics: Option<Metrics>,
    pub(crate) disabled: bool,
}

#[derive(Debug)]
pub(crate) struct Traces {
    pub(crate) target: Target,
    pub(crate) sampler: Sampler,
    pub(crate) limits: SpanLimits,
    pub(crate) queue: usize,
    pub(crate) batch: usize,
    pub(crate) delay: Duration,
    /// Of one export, its retries included.
    pub(crate) timeout: Duration,
}

#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) target: Target,
    pub(crate) temporality: Temporality,
    pub(crate) interval: Duration,
    /// Of one export, its retries included.
    pub(crate) timeout: Duration,
}

impl Settings {
    /// # Errors
    /// Everything that is wrong.
    pub(crate) fn read(builder: &OtlpBuilder) -> Result<Self, Vec<FieldError>> {
        let mut variables = Variables::new(&builder.lookup);
        let disabled = switch(&mut variables, &["OTEL_SDK_DISABLED"]);
        if disabled {
            // Whatever else is set is of no account then, right or wrong.
            return Ok(Self {
                resource: Resource::builder_empty().build(),
                traces: None,
                metrics: None,
                disabled,
            });
        }
        let resource = resource(&mut variables, builder);
        let exports = |variables: &mut Variables<'_>, name| {
            let words = &[("otlp", true), ("none", false)];
            let exporter = variables.word(&[name], "must be otlp or none", words);
            exporter.unwrap_or(true)
        };
        let to_export = exports(&mut variables, "OTEL_TRACES_EXPORTER") && builder.traces;
        let traces = to_export.then(|| traces(&mut variables));
        let to_export = exports(&mut variables, "OTEL_METRICS_EXPORTER") && builder.metrics;
        let metrics = to_export.then(|| metrics(&mut variables));
        if builder.shutdown_timeout.is_zero() {
            let value = format!("{:?}", builder.shutdown_timeout);
            variables.refuse("shutdown_timeout", value, "must be longer than zero");
        }
        let errors = variables.into_errors();
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            resource,
            // Both are there unless an error was reported.
            traces: traces.flatten(),
            metrics: metrics.flatten(),
            disabled,
        })
    }
}

pub(crate) fn switch(variables: &mut Variables<'_>, names: &[&'static str]) -> bool {
    let words = &[("true", true), ("false", false)];
    let value = variables.word(names, "must be true or false", words);
    value.unwrap_or(false)
}

fn resource(variables: &mut Variables<'_>, builder: &OtlpBuilder) -> Resource {
    const ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
    const NAME: &str = "service.name";
    let mut attributes = builder.attributes.clone();
    attributes.push(KeyValue::new(NAME, builder.service_name.clone()));
    if builder
        .attributes
        .iter()
        .any(|pair| pair.key.as_str().is_empty())
    {
        variables.refuse("resource_attribute", "\"\"", "must have a key");
    }
    if let Some((_, list)) = variables.first(&[ATTRIBUTES]) {
        let decoded: Option<Vec<_>> = pairs(&list).ok().and_then(|pairs| {
            let pair = |(key, value)| Some((percent_decoded(key)?, percent_decoded(value)?));
            pairs.into_iter().map(pair).collect()
        });
        match decoded {
            Some(pairs) => {
                attributes.extend(
                    pairs
                        .into_iter()
                        .map(|(key, value)| KeyValue::new(key, value)),
                );
            }
            None => variables.refuse(ATTRIBUTES, list, "must be key=value,..., percent-encoded"),
        }
    }
    if let Some((_, name)) = variables.first(&["OTEL_SERVICE_NAME"]) {
        attributes.push(KeyValue::new(NAME, name));
    }
    // The last one of a key counts.
    let named = attributes
        .iter()
        .rev()
        .find(|pair| pair.key.as_str() == NAME);
    if named.is_none_or(|pair| pair.value.as_str().trim().is_empty()) {
        variables.refuse("service_name", "\"\"", "must not be empty");
    }
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes(attributes)
        .build()
}

fn traces(variables: &mut Variables<'_>) -> Option<Traces> {
    const BATCH: &str = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
    let queue = variables.size(&["OTEL_BSP_MAX_QUEUE_SIZE"]).unwrap_or(2048);
    let batch = variables.size(&[BATCH]);
    if let Some(batch) = batch.filter(|batch| *batch > queue) {
        let rule = "must be at most OTEL_BSP_MAX_QUEUE_SIZE";
        variables.refuse(BATCH, batch.to_string(), rule);
    }
    let delay = variables.milliseconds(&["OTEL_BSP_SCHEDULE_DELAY"]);
    let timeout = variables.milliseconds(&["OTEL_BSP_EXPORT_TIMEOUT"]);
    let sampler = sampler(variables);
    let limits = limits(variables);
    let target = target(variables, &super::target::TRACES);
    Some(Traces {
        target: target?,
        sampler: sampler?,
        limits,
        queue,
        batch: batch.unwrap_or_else(|| queue.min(512)),
        delay: delay.unwrap_or(Duration::from_secs(5)),
        timeout: timeout.unwrap_or(Duration::from_secs(30)),
    })
}

fn metrics(variables: &mut Variables<'_>) -> Option<Metrics> {
    let interval = variables.milliseconds(&["OTEL_METRIC_EXPORT_INTERVAL"]);
    let timeout = variables.milliseconds(&["OTEL_METRIC_EXPORT_TIMEOUT"]);
    let temporality = variables.word(
        &["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"],
        "must be cumulative, delta or lowmemory",
        &[
            ("cumulative", Temporality::Cumulative),
            ("delta", Temporality::Delta),
            ("lowmemory", Temporality::LowMemory),
        ],
    );
    variables.word(
        &["OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION"],
        "must be explicit_bucket_histogram, the only one there is here",
        &[("explicit_bucket_histogram", ())],
    );
    let target = target(variables, &super::target::METRICS);
    Some(Metrics {
        target: target?,
        temporality: temporality.unwrap_or_default(),
        interval: interval.unwrap_or(Duration::from_secs(60)),
        timeout: timeout.unwrap_or(Duration::from_secs(30)),
    })
}

fn sampler(variables: &mut Variables<'_>) -> Option<Sampler> {
    const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
    const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
    let parent = |sampler| Sampler::ParentBased(Box::new(sampler));
    let (_, name) = variables
        .first(&[SAMPLER])
        .unwrap_or((SAMPLER, String::new()));
    let argument = variables.first(&[ARGUMENT]);
    let name = name.to_ascii_lowercase();
    let sampler = match name.as_str() {
        "always_on" => Sampler::AlwaysOn,
        "always_off" => Sampler::AlwaysOff,
        "" | "parentbased_always_on" => parent(Sampler::AlwaysOn),
        "parentbased_always_off" => parent(Sampler::AlwaysOff),
        "traceidratio" | "parentbased_traceidratio" => {
            let ratio = argument.as_ref().map_or(Some(1.0), |(_, value)| {
                let ratio = value.parse::<f64>().ok();
                ratio.filter(|ratio| (0.0..=1.0).contains(ratio))
            });
            let Some(ratio) = ratio else {
                let (_, value) = argument.unwrap_or_default();
                variables.refuse(ARGUMENT, value, "must be from 0 to 1");
                return None;
            };
            let sampler = Sampler::TraceIdRatioBased(ratio);
            return Some(if name == "traceidratio" {
                sampler
            } else {
                parent(sampler)
            });
        }
        _ => {
            let rule =
                "must be always_on, always_off or traceidratio, or one of them after parentbased_";
            variables.refuse(SAMPLER, name, rule);
            return None;
        }
    };
    if let Some((_, value)) = argument {
        // Left unsaid, it would export ten times what somebody meant.
        variables.refuse(
            ARGUMENT,
            value,
            "has a meaning only for traceidratio samplers",
        );
    }
    Some(sampler)
}

fn limits(variables: &mut Variables<'_>) -> SpanLimits {
    let all = "OTEL_ATTRIBUTE_COUNT_LIMIT";
    let mut limits = SpanLimits::default();
    let mut set = |limit: &mut u32, names: &[&'static str]| {
        *limit = variables.limit(names).unwrap_or(128);
    };
    set(
        &mut limits.max_attributes_per_span,
        &["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", all],
    );
    set(
        &mut limits.max_events_per_span,
        &["OTEL_SPAN_EVENT_COUNT_LIMIT"],
    );
    set(
        &mut limits.max_links_per_span,
        &["OTEL_SPAN_LINK_COUNT_LIMIT"],
    );
    set(
        &mut limits.max_attributes_per_event,
        &["OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", all],
    );
    set(
        &mut limits.max_attributes_per_link,
        &["OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", all],
    );
    variables.unsupported(&[
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    ]);
    limits
}
