//! Instruments that are recorded into as things happen: one on each meter.

use std::fmt;
use std::sync::Arc;
#[cfg(feature = "bound")]
use std::sync::atomic::{AtomicUsize, Ordering};

use opentelemetry::KeyValue;
#[cfg(feature = "bound")]
use opentelemetry::metrics::{BoundCounter, BoundHistogram};
use opentelemetry::metrics::{Counter, Histogram, Meter};
use parking_lot::RwLock;

use crate::instrument::Instrument;
use crate::names;

/// An instrument that takes values.
pub(crate) trait Recorder: Clone {
    type Value: Copy;
    /// The instrument with its attributes, which need no look-up any more.
    #[cfg(feature = "bound")]
    type Bound;

    fn record(&self, value: Self::Value, attributes: &[KeyValue]);

    #[cfg(feature = "bound")]
    fn bind(&self, attributes: &[KeyValue]) -> Self::Bound;

    #[cfg(feature = "bound")]
    fn record_bound(bound: &Self::Bound, value: Self::Value);
}

impl Recorder for Histogram<f64> {
    type Value = f64;
    #[cfg(feature = "bound")]
    type Bound = BoundHistogram<f64>;

    fn record(&self, value: f64, attributes: &[KeyValue]) {
        self.record(value, attributes);
    }

    #[cfg(feature = "bound")]
    fn bind(&self, attributes: &[KeyValue]) -> Self::Bound {
        self.bind(attributes)
    }

    #[cfg(feature = "bound")]
    fn record_bound(bound: &Self::Bound, value: f64) {
        bound.record(value);
    }
}

impl Recorder for Counter<u64> {
    type Value = u64;
    #[cfg(feature = "bound")]
    type Bound = BoundCounter<u64>;

    fn record(&self, value: u64, attributes: &[KeyValue]) {
        self.add(value, attributes);
    }

    #[cfg(feature = "bound")]
    fn bind(&self, attributes: &[KeyValue]) -> Self::Bound {
        self.bind(attributes)
    }

    #[cfg(feature = "bound")]
    fn record_bound(bound: &Self::Bound, value: u64) {
        bound.add(value);
    }
}

/// There is one meter, and that of the Prometheus text once somebody has asked for it.
pub(crate) struct PerMeter<R> {
    recorders: RwLock<Arc<[R]>>,
    /// How many there are. Who reads it a moment too early records as a moment earlier, hence relaxed.
    #[cfg(feature = "bound")]
    count: AtomicUsize,
}

impl<R: Recorder> PerMeter<R> {
    pub(crate) fn add(&self, recorder: R) {
        let mut recorders = self.recorders.write();
        *recorders = recorders.iter().cloned().chain([recorder]).collect();
        #[cfg(feature = "bound")]
        self.count.store(recorders.len(), Ordering::Relaxed);
    }

    pub(crate) fn record(&self, value: R::Value, attributes: &[KeyValue]) {
        let recorders = self.recorders();
        let record = |recorder: &R| recorder.record(value, attributes);
        recorders.iter().for_each(record);
    }

    #[cfg(feature = "bound")]
    pub(crate) fn bind(&self, attributes: &[KeyValue]) -> Box<[R::Bound]> {
        let recorders = self.recorders();
        recorders.iter().map(|one| one.bind(attributes)).collect()
    }

    #[cfg(feature = "bound")]
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Cloned out, so that no lock is held while the SDK works.
    fn recorders(&self) -> Arc<[R]> {
        Arc::clone(&self.recorders.read())
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

impl<R> Default for PerMeter<R> {
    fn default() -> Self {
        Self {
            recorders: RwLock::default(),
            #[cfg(feature = "bound")]
            count: AtomicUsize::new(0),
        }
    }
}

impl<R> fmt::Debug for PerMeter<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerMeter")
            .field("meters", &self.recorders.read().len())
            .finish()
    }
}
