//! What the exporter got, as something a test can ask questions.

use std::collections::BTreeMap;

use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData};
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, PeriodicReader, SdkMeterProvider, Temporality,
};
use steadfast_telemetry::Telemetry;
use steadfast_telemetry::names;
use steadfast_telemetry::opentelemetry::KeyValue;

/// A telemetry object, and the far end of its meter provider.
pub(crate) struct Bench {
    pub(crate) telemetry: Telemetry,
    pub(crate) far_end: FarEnd,
}

pub(crate) struct FarEnd {
    exporter: InMemoryMetricExporter,
    pub(crate) provider: SdkMeterProvider,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) metric: String,
    pub(crate) unit: String,
    pub(crate) description: String,
    pub(crate) kind: &'static str,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) value: f64,
}

#[derive(Debug)]
pub(crate) struct Export(pub(crate) Vec<Series>);

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with_queue(1024)
    }

    pub(crate) fn with_queue(events: usize) -> Self {
        let far_end = FarEnd::new();
        let builder = Telemetry::builder().meter_provider(&far_end.provider);
        Self {
            telemetry: builder.queue(events).build().unwrap(),
            far_end,
        }
    }

    pub(crate) fn export(&self) -> Export {
        self.far_end.export()
    }
}

impl FarEnd {
    pub(crate) fn new() -> Self {
        let exporter = InMemoryMetricExporter::default();
        let reader = PeriodicReader::builder(exporter.clone()).build();
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        Self { exporter, provider }
    }

    /// Collects now.
    pub(crate) fn export(&self) -> Export {
        self.exporter.reset();
        self.provider.force_flush().unwrap();
        let collections = self.exporter.get_finished_metrics().unwrap();
        let scopes = collections.iter().flat_map(|all| all.scope_metrics());
        let metrics = scopes.flat_map(|scope| {
            assert_eq!(scope.scope().name(), "steadfast-telemetry");
            scope.metrics()
        });
        let mut all: Vec<_> = metrics.flat_map(series).collect();
        all.sort_by_cached_key(|series| (series.metric.clone(), series.attributes.clone()));
        Export(all)
    }
}

impl Export {
    /// The value of the one series of this metric with exactly these attributes.
    pub(crate) fn value(&self, metric: &str, attributes: &[(&str, &str)]) -> f64 {
        let attributes: BTreeMap<_, _> = attributes
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let mut found = self
            .0
            .iter()
            .filter(|series| series.metric == metric && series.attributes == attributes);
        let Some(series) = found.next() else {
            panic!("no {metric} {attributes:?} in {:#?}", self.of(metric));
        };
        assert!(found.next().is_none(), "two of {metric} {attributes:?}");
        series.value
    }

    pub(crate) fn of(&self, metric: &str) -> Vec<&Series> {
        let all = self.0.iter();
        all.filter(|series| series.metric == metric).collect()
    }

    /// The series that belong to components of this name.
    pub(crate) fn named(&self, name: &str) -> Vec<&Series> {
        let all = self.0.iter();
        all.filter(|series| {
            series
                .attributes
                .get("resilience.name")
                .is_some_and(|n| n == name)
        })
        .collect()
    }

    /// The value of the attribute `key` that has 1 in this one-hot metric.
    #[cfg(any(feature = "breaker", feature = "health"))]
    pub(crate) fn hot(&self, metric: &str, with: &[(&str, &str)], key: &str) -> String {
        let series: Vec<_> = self
            .of(metric)
            .into_iter()
            .filter(|series| {
                with.iter()
                    .all(|(key, value)| series.attributes.get(*key).is_some_and(|v| v == value))
            })
            .collect();
        let total: f64 = series.iter().map(|series| series.value).sum();
        assert!(total == 1.0, "not one-hot: {series:#?}");
        let hot = series.iter().find(|series| series.value == 1.0).unwrap();
        hot.attributes[key].clone()
    }
}

fn series(metric: &Metric) -> Vec<Series> {
    match metric.data() {
        AggregatedMetrics::F64(data) => points(metric, data, "f64", |value| value),
        AggregatedMetrics::U64(data) => points(metric, data, "u64", |value| value as f64),
        AggregatedMetrics::I64(data) => points(metric, data, "i64", |value| value as f64),
    }
}

fn points<T: Copy + std::fmt::Debug>(
    metric: &Metric,
    data: &MetricData<T>,
    number: &'static str,
    value: impl Fn(T) -> f64,
) -> Vec<Series> {
    let series = |kind, attributes: BTreeMap<String, String>, number: T| Series {
        metric: metric.name().to_owned(),
        unit: metric.unit().to_owned(),
        description: metric.description().to_owned(),
        kind,
        attributes,
        value: value(number),
    };
    match data {
        MetricData::Gauge(gauge) => {
            let kind = if number == "f64" {
                "gauge f64"
            } else {
                "gauge"
            };
            let points = gauge.data_points();
            points
                .map(|point| series(kind, attributes(point.attributes()), point.value()))
                .collect()
        }
        MetricData::Sum(sum) => {
            assert_eq!(sum.temporality(), Temporality::Cumulative);
            let kind = match (sum.is_monotonic(), number) {
                (true, "f64") => "counter f64",
                (true, _) => "counter",
                (false, _) => "up-down counter",
            };
            let points = sum.data_points();
            points
                .map(|point| series(kind, attributes(point.attributes()), point.value()))
                .collect()
        }
        MetricData::Histogram(histogram) => {
            let points = histogram.data_points();
            points
                .map(|point| {
                    let bounds: Vec<_> = point.bounds().collect();
                    assert_eq!(bounds, names::DURATION_BOUNDARIES);
                    series("histogram", attributes(point.attributes()), point.sum())
                })
                .collect()
        }
        other @ MetricData::ExponentialHistogram(_) => {
            panic!("{} is none of ours: {other:?}", metric.name())
        }
    }
}

fn attributes<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> BTreeMap<String, String> {
    attributes
        .map(|one| (one.key.to_string(), one.value.to_string()))
        .collect()
}
