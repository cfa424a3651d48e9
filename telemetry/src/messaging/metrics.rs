//! The metrics of operations and messages, on every meter of a telemetry object.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::metrics::{Counter, Histogram, Meter};

use super::MessagingStart;
use super::series::{Key, Outcome, Series};
use crate::bound::Cache;
use crate::names;
use crate::per_meter::{PerMeter, durations};
use crate::servers::Servers;

#[derive(Debug)]
pub(crate) struct MessagingMetrics {
    operations: PerMeter<Histogram<f64>>,
    sent: PerMeter<Counter<u64>>,
    servers: Servers,
    kept: Cache<Key, Series>,
}

impl MessagingMetrics {
    pub(crate) fn new(own_series: usize) -> Self {
        Self {
            operations: PerMeter::default(),
            sent: PerMeter::default(),
            servers: Servers::new(own_series),
            kept: Cache::default(),
        }
    }

    pub(crate) fn add(&self, meter: &Meter) {
        let operations = durations(meter, &names::MESSAGING_CLIENT_OPERATION_DURATION);
        self.operations.add(operations);
        let sent = names::MESSAGING_CLIENT_SENT_MESSAGES;
        let sent = meter
            .u64_counter(sent.name())
            .with_unit(sent.unit())
            .with_description(sent.description())
            .build();
        self.sent.add(sent);
        self.kept.clear();
    }

    /// The series of a message that is about to be sent.
    pub(super) fn series(&self, start: &mut MessagingStart) -> Arc<Series> {
        Key::lent(start, |key| self.series_of(key))
    }

    fn series_of(&self, key: &Key) -> Arc<Series> {
        if let Some(series) = self.kept.get(key) {
            return series;
        }
        let server = key.server.as_ref();
        if server.is_none_or(|server| self.servers.keeps(server)) {
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

    /// An operation has ended.
    pub(super) fn operation(&self, series: &Series, outcome: Outcome, took: Duration) {
        let attributes = || series.attributes(outcome);
        let handles = &series.operations;
        handles.record(&self.operations, outcome, took.as_secs_f64(), attributes);
    }

    /// A message was sent.
    pub(super) fn sent(&self, series: &Series, outcome: Outcome) {
        let attributes = || series.of_sent(outcome);
        series.sent.record(&self.sent, outcome, 1, attributes);
    }
}
