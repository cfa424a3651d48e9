//! The histogram of how long attempts take, on every meter of a telemetry object.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};
use parking_lot::RwLock;

use crate::names;

/// Histograms are not collected but recorded into, one for each meter: there is one, and that of the
/// Prometheus text once somebody has asked for it.
#[derive(Default)]
pub(crate) struct Durations {
    histograms: RwLock<Arc<[Histogram<f64>]>>,
}

impl Durations {
    pub(crate) fn add(&self, meter: &Meter) {
        let instrument = names::HTTP_CLIENT_REQUEST_DURATION;
        let histogram = meter
            .f64_histogram(instrument.name())
            .with_unit(instrument.unit())
            .with_description(instrument.description())
            .with_boundaries(names::DURATION_BOUNDARIES.to_vec())
            .build();
        let mut histograms = self.histograms.write();
        *histograms = histograms.iter().cloned().chain([histogram]).collect();
    }

    pub(super) fn record(&self, took: Duration, attributes: &[KeyValue]) {
        // Cloned out, so that no lock is held while the SDK works.
        let histograms = Arc::clone(&self.histograms.read());
        for histogram in histograms.iter() {
            histogram.record(took.as_secs_f64(), attributes);
        }
    }
}

impl fmt::Debug for Durations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Durations")
            .field("histograms", &self.histograms.read().len())
            .finish()
    }
}
