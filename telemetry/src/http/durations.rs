//! The histogram of how long attempts take, on every meter of a telemetry object.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};

use crate::names;
use crate::per_meter::{PerMeter, durations};

#[derive(Debug, Default)]
pub(crate) struct Durations(PerMeter<Histogram<f64>>);

impl Durations {
    pub(crate) fn add(&self, meter: &Meter) {
        let histogram = durations(meter, &names::HTTP_CLIENT_REQUEST_DURATION);
        self.0.add(histogram);
    }

    pub(super) fn record(&self, took: Duration, attributes: &[KeyValue]) {
        self.0
            .each(|histogram| histogram.record(took.as_secs_f64(), attributes));
    }
}
