//! What became of what was to be exported.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use opentelemetry_sdk::error::OTelSdkError;
use parking_lot::Mutex;

/// Spans and collections of metrics by what became of them, since exporting was set up.
///
/// What a receiver takes in part (OTLP's partial success) counts as delivered; the SDK writes a
/// warning with the number of what was rejected, as a `tracing` event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct OtlpSnapshot {
    /// Spans that the receiver has taken.
    pub spans_delivered: u64,
    /// Spans whose export failed, after all retries.
    pub spans_failed: u64,
    /// Spans that found the queue full (`OTEL_BSP_MAX_QUEUE_SIZE`).
    pub spans_dropped: u64,
    /// Spans that wait for their export, or are being exported.
    pub spans_waiting: u64,
    /// Collections of metrics that the receiver has taken.
    pub metrics_delivered: u64,
    /// Collections of metrics whose export failed, after all retries.
    pub metrics_failed: u64,
}

/// Counts that order nothing, hence relaxed; the last word of each is read after the channel that
/// tells of its end.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    queued: AtomicU64,
    taken: AtomicU64,
    dropped: AtomicU64,
    delivered: AtomicU64,
    failed: AtomicU64,
    metrics_delivered: AtomicU64,
    metrics_failed: AtomicU64,
    metrics_missing: AtomicBool,
    spans_reason: Mutex<Reason>,
    metrics_reason: Mutex<Reason>,
}

/// Why an export has failed.
#[derive(Debug, Default)]
struct Reason {
    failures: u64,
    last: String,
    /// Whether another has succeeded since.
    is_over: bool,
}

/// How many exports of both signals had failed at some moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failures([u64; 2]);

impl Reason {
    fn note(&mut self, result: &Result<(), OTelSdkError>) {
        if let Err(error) = result {
            self.failures += 1;
            self.last = error.to_string();
        }
        self.is_over = result.is_ok();
    }

    /// One of before that moment counts only while nothing has succeeded.
    fn since(&self, failures: u64) -> Option<String> {
        let counts = self.failures > failures || (self.failures > 0 && !self.is_over);
        counts.then(|| self.last.clone())
    }
}

impl Tally {
    /// Whether the queue has room for a span, which counts as queued then and as dropped otherwise.
    ///
    /// The SDK's own queue of the same length is never fuller than this, so it drops nothing that is
    /// not counted here.
    pub(crate) fn queue(&self, room: u64) -> bool {
        let queued = self.queued.fetch_add(1, Ordering::Relaxed) + 1;
        let fits = queued.saturating_sub(self.taken.load(Ordering::Relaxed)) <= room;
        if !fits {
            self.queued.fetch_sub(1, Ordering::Relaxed);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        fits
    }

    /// An export of so many spans begins.
    pub(crate) fn take(&self, spans: u64) {
        self.taken.fetch_add(spans, Ordering::Relaxed);
    }

    pub(crate) fn spans_exported(&self, spans: u64, result: &Result<(), OTelSdkError>) {
        let count = match result {
            Ok(()) => &self.delivered,
            Err(_) => &self.failed,
        };
        // Before it is counted: who sees the count finds the reason.
        self.spans_reason.lock().note(result);
        count.fetch_add(spans, Ordering::Relaxed);
    }

    pub(crate) fn metrics_exported(&self, result: &Result<(), OTelSdkError>) {
        let count = match result {
            Ok(()) => &self.metrics_delivered,
            Err(_) => &self.metrics_failed,
        };
        self.metrics_reason.lock().note(result);
        count.fetch_add(1, Ordering::Relaxed);
        self.metrics_missing
            .store(result.is_err(), Ordering::Relaxed);
    }

    /// Whether the last collection of metrics that was to be exported was not.
    pub(crate) fn metrics_missing(&self) -> bool {
        self.metrics_missing.load(Ordering::Relaxed)
    }

    pub(crate) fn failures(&self) -> Failures {
        let of = |reason: &Mutex<Reason>| reason.lock().failures;
        Failures([of(&self.spans_reason), of(&self.metrics_reason)])
    }

    /// Why something has not been delivered since then.
    pub(crate) fn reason(&self, since: Failures) -> Option<String> {
        let Failures([spans, metrics]) = since;
        let of_spans = self.spans_reason.lock().since(spans);
        of_spans.or_else(|| self.metrics_reason.lock().since(metrics))
    }

    pub(crate) fn snapshot(&self) -> OtlpSnapshot {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        // What is delivered is read before what was queued: spans in between are taken for waiting.
        let (spans_delivered, spans_failed) = (read(&self.delivered), read(&self.failed));
        OtlpSnapshot {
            spans_delivered,
            spans_failed,
            spans_dropped: read(&self.dropped),
            spans_waiting: read(&self.queued).saturating_sub(spans_delivered + spans_failed),
            metrics_delivered: read(&self.metrics_delivered),
            metrics_failed: read(&self.metrics_failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn what_finds_the_queue_full_is_dropped_and_counted() {
        let tally = Tally::default();
        assert_eq!([(); 3].map(|()| tally.queue(2)), [true, true, false]);
        tally.take(2);
        assert!(tally.queue(2), "an export has made room");
        tally.spans_exported(2, &Ok(()));
        let snapshot = tally.snapshot();
        assert_eq!(snapshot.spans_dropped, 1);
        assert_eq!(snapshot.spans_delivered, 2);
        assert_eq!(snapshot.spans_waiting, 1);
    }
}
