//! Watching a bulkhead.

use std::sync::Arc;

use steadfast_bulkhead::{Acquired, Bulkhead, Observer, Priority, Queued, Rejected, WeakBulkhead};

use super::Watch;
use crate::event::EventKind;
use crate::instrument::Instrument;
use crate::names;
use crate::notes::Notes;
use crate::sink::EventSink;
use crate::source::{Samples, Source};
use crate::telemetry::Telemetry;

/// Owned by the bulkhead as its observer, and by nobody else: it ends with the bulkhead.
struct Watched {
    bulkhead: WeakBulkhead,
    name: Arc<str>,
    sink: EventSink,
}

impl Watch for Bulkhead {
    fn watched_by(&self, telemetry: &Telemetry) {
        let watched = Arc::new(Watched {
            bulkhead: self.downgrade(),
            name: Arc::from(self.name()),
            sink: telemetry.sink(),
        });
        let source: Arc<dyn Source> = Arc::<Watched>::clone(&watched);
        if telemetry.insert(self.downgrade(), WeakBulkhead::ptr_eq, &source) {
            self.add_observer(watched);
        }
    }
}

impl Observer for Watched {
    fn queued(&self, queued: &Queued) {
        if self.sink.wants(EventKind::BulkheadCheckout) {
            self.sink.push(queued.clone());
        }
    }

    fn acquired(&self, acquired: &Acquired) {
        if self.sink.wants(EventKind::BulkheadCheckout) {
            self.sink.push(acquired.clone());
        }
    }

    fn rejected(&self, rejected: &Rejected) {
        if self.sink.wants(EventKind::BulkheadCheckout) {
            self.sink.push(rejected.clone());
        }
    }
}

impl Source for Watched {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "bulkhead"
    }

    fn instruments(&self) -> &'static [Instrument] {
        names::BULKHEAD
    }

    fn describe(&self, notes: &mut Notes) {
        if let Some(bulkhead) = self.bulkhead.upgrade() {
            notes.flag("closed", bulkhead.snapshot().closed);
            let patience = bulkhead.config().checkout_timeout;
            notes.seconds("checkout_timeout_seconds", patience);
        }
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let Some(bulkhead) = self.bulkhead.upgrade() else {
            return;
        };
        let now = bulkhead.snapshot();
        let totals = &now.totals;
        for (instrument, places) in [
            (names::BULKHEAD_IN_FLIGHT, now.busy),
            (names::BULKHEAD_QUEUED, now.waiting),
            (names::BULKHEAD_LIMIT, now.max_concurrent),
            (names::BULKHEAD_QUEUE_LIMIT, now.max_waiting),
            (names::BULKHEAD_PEAK_IN_FLIGHT, now.peak_busy),
            (names::BULKHEAD_PEAK_QUEUED, now.peak_waiting),
        ] {
            samples.record(&instrument, places as u64, &[]);
        }
        let at_once = totals.acquired - totals.acquired_after_wait;
        for (outcome, acquired) in [
            ("at_once", at_once),
            ("after_wait", totals.acquired_after_wait),
        ] {
            let outcome = (names::OUTCOME, outcome);
            samples.record(&names::BULKHEAD_ACQUIRED, acquired, &[outcome]);
        }
        for (reason, rejected) in [
            ("full", totals.rejected_full),
            ("timeout", totals.rejected_timeout),
            ("closed", totals.rejected_closed),
            ("too_many", totals.rejected_too_many),
        ] {
            let reason = (names::ERROR_TYPE, reason);
            samples.record(&names::BULKHEAD_REJECTED, rejected, &[reason]);
        }
        for (priority, word) in [
            (Priority::High, "high"),
            (Priority::Normal, "normal"),
            (Priority::Low, "low"),
        ] {
            let waiting = now.waiting_at(priority) as u64;
            let priority = (names::PRIORITY, word);
            samples.record(&names::BULKHEAD_QUEUED_BY_PRIORITY, waiting, &[priority]);
        }
        if now.holds.count > 0 {
            let held = now.holds.sum.as_secs_f64();
            samples.record_f64(&names::BULKHEAD_HOLD_TIME, held, &[]);
        }
        let waited = totals.wait_total.as_secs_f64();
        samples.record_f64(&names::BULKHEAD_QUEUE_TIME, waited, &[]);
        for (instrument, count) in [
            (&names::BULKHEAD_DISPLACED, totals.displaced),
            (&names::BULKHEAD_ABANDONED, totals.abandoned),
            (&names::BULKHEAD_COMPLETED, totals.completed),
            (&names::BULKHEAD_OBSERVER_PANICS, totals.observer_panics),
        ] {
            samples.record(instrument, count, &[]);
        }
    }
}
