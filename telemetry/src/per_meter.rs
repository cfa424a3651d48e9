//! Instruments that are recorded into as things happen: a set of them for each meter.

use std::fmt;
use std::sync::Arc;

use opentelemetry::metrics::{Histogram, Meter};
use parking_lot::RwLock;

use crate::instrument::Instrument;
use crate::names;

/// There is one meter, and that of the Prometheus text once somebody has asked for it.
pub(crate) struct PerMeter<T> {
    sets: RwLock<Arc<[T]>>,
}

impl<T: Clone> PerMeter<T> {
    pub(crate) fn add(&self, set: T) {
        let mut sets = self.sets.write();
        *sets = sets.iter().cloned().chain([set]).collect();
    }

    pub(crate) fn each(&self, record: impl FnMut(&T)) {
        // Cloned out, so that no lock is held while the SDK works.
        let sets = Arc::clone(&self.sets.read());
        sets.iter().for_each(record);
    }
}

/// A histogram of seconds.
pub(crate) fn durations(meter: &Meter, instrument: &Instrument) -> Histogram<f64> {
    meter
        .f64_histogram(instrument.name())
        .with_unit(instrument.unit())
        .with_description(instrument.description())
        .with_boundaries(names::DURATION_BOUNDARIES.to_vec())
        .build()
}

impl<T> Default for PerMeter<T> {
    fn default() -> Self {
        Self {
            sets: RwLock::default(),
        }
    }
}

impl<T> fmt::Debug for PerMeter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerMeter")
            .field("meters", &self.sets.read().len())
            .finish()
    }
}
