//! The histogram of how long attempts take, on every meter of a telemetry object.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::metrics::{Histogram, Meter};

use super::series::{Key, Outcome, Series};
use crate::bound::Cache;
use crate::names;
use crate::per_meter::{PerMeter, durations};
use crate::servers::Servers;

#[derive(Debug)]
pub(crate) struct Durations {
    histograms: PerMeter<Histogram<f64>>,
    servers: Servers,
    kept: Cache<Key, Series>,
}

impl Durations {
    pub(crate) fn new(own_series: usize) -> Self {
        Self {
            histograms: PerMeter::default(),
            servers: Servers::new(own_series),
            kept: Cache::default(),
        }
    }

    pub(crate) fn add(&self, meter: &Meter) {
        let histogram = durations(meter, &names::HTTP_CLIENT_REQUEST_DURATION);
        self.histograms.add(histogram);
        self.kept.clear();
    }

    /// The series of attempts that are about to begin.
    pub(super) fn series(&self, key: &Key) -> Arc<Series> {
        if let Some(series) = self.kept.get(key) {
            return series;
        }
        if self.servers.keeps(&key.server) {
            return self.keep(key);
        }
        let key = key.at_others();
        let kept = self.kept.get(&key);
        kept.unwrap_or_else(|| self.keep(&key))
    }

    fn keep(&self, key: &Key) -> Arc<Series> {
        let series = |is_kept| Series::new(key.clone(), is_kept);
        self.kept.keep(key, series)
    }

    pub(super) fn record(&self, series: &Series, outcome: Outcome, took: Duration) {
        let attributes = || series.attributes(outcome);
        let handles = &series.handles;
        handles.record(&self.histograms, outcome, took.as_secs_f64(), attributes);
    }
}
