//! The metrics of operations and messages, on every meter of a telemetry object.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};

use crate::names;
use crate::per_meter::{PerMeter, durations};

#[derive(Debug, Default)]
pub(crate) struct MessagingMetrics(PerMeter<Instruments>);

#[derive(Clone)]
struct Instruments {
    operations: Histogram<f64>,
    sent: Counter<u64>,
}

impl MessagingMetrics {
    pub(crate) fn add(&self, meter: &Meter) {
        let sent = names::MESSAGING_CLIENT_SENT_MESSAGES;
        self.0.add(Instruments {
            operations: durations(meter, &names::MESSAGING_CLIENT_OPERATION_DURATION),
            sent: meter
                .u64_counter(sent.name())
                .with_unit(sent.unit())
                .with_description(sent.description())
                .build(),
        });
    }

    /// An operation has ended.
    pub(super) fn operation(&self, took: Duration, attributes: &[KeyValue]) {
        self.0.each(|instruments| {
            instruments
                .operations
                .record(took.as_secs_f64(), attributes)
        });
    }

    /// A message was sent.
    pub(super) fn sent(&self, attributes: &[KeyValue]) {
        self.0
            .each(|instruments| instruments.sent.add(1, attributes));
    }
}
