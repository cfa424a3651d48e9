//! Watching a bulkhead.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use steadfast_bulkhead::{
    Acquired, Bulkhead, Observer, Priority, Queued, Rejected, Snapshot, WeakBulkhead,
};

use super::Watch;
use crate::event::{Detail, EventKind};
use crate::instrument::Instrument;
use crate::names;
use crate::notes::Notes;
use crate::sink::EventSink;
use crate::source::{Samples, Source};
use crate::span_events::SpanEvents;
use crate::telemetry::Telemetry;
use crate::words;

/// Owned by the bulkhead as its observer, and by nobody else: it ends with the bulkhead.
struct Watched {
    bulkhead: WeakBulkhead,
    name: Arc<str>,
    sink: EventSink,
    span_events: SpanEvents,
}

impl Watch for Bulkhead {
    fn watched_by(&self, telemetry: &Telemetry) {
        let watched = Arc::new(Watched {
            bulkhead: self.downgrade(),
            name: Arc::from(self.name()),
            sink: telemetry.sink(),
            span_events: telemetry.span_events(),
        });
        let source: Arc<dyn Source> = Arc::<Watched>::clone(&watched);
        if telemetry.insert(self.downgrade(), WeakBulkhead::ptr_eq, &source) {
            self.add_observer(watched);
        }
    }
}

impl Observer for Watched {
    fn wants_waits(&self) -> bool {
        self.span_events.contains(SpanEvents::IN_LINE) || self.wants_rejections()
    }

    fn wants_rejections(&self) -> bool {
        self.span_events.contains(SpanEvents::REJECTIONS)
            || self.sink.wants(EventKind::BulkheadCheckout)
    }

    fn queued(&self, queued: &Queued) {
        self.push(queued);
        let (wanted, event) = (SpanEvents::IN_LINE, names::QUEUED_EVENT);
        self.span_events.tell(wanted, event, || [self.named()]);
    }

    fn acquired(&self, acquired: &Acquired) {
        self.push(acquired);
        let (wanted, event) = (SpanEvents::IN_LINE, names::ACQUIRED_EVENT);
        let waited = acquired.waited.unwrap_or_default();
        self.span_events
            .tell(wanted, event, || [self.named(), wait(waited)]);
    }

    fn rejected(&self, rejected: &Rejected) {
        self.push(rejected);
        let (wanted, event) = (SpanEvents::REJECTIONS, names::REJECTED_EVENT);
        self.span_events
            .tell(wanted, event, || [self.named(), why(rejected)]);
    }

    fn timed_out(&self, rejected: &Rejected) {
        self.push(rejected);
        let (wanted, event) = (SpanEvents::TIMEOUTS, names::REJECTED_EVENT);
        self.span_events.tell(wanted, event, || {
            [self.named(), why(rejected), wait(rejected.waited())]
        });
    }
}

impl Watched {
    fn push<E: Clone + Into<Detail>>(&self, event: &E) {
        if self.sink.wants(EventKind::BulkheadCheckout) {
            self.sink.push(event.clone());
        }
    }

    fn named(&self) -> KeyValue {
        KeyValue::new(names::NAME, Arc::clone(&self.name))
    }
}

fn why(rejected: &Rejected) -> KeyValue {
    KeyValue::new(names::ERROR_TYPE, words::refused(rejected.reason()))
}

fn wait(waited: Duration) -> KeyValue {
    KeyValue::new(names::WAIT, waited.as_secs_f64())
}

/// Notes down percentiles of the time in line and of the time that places are held, since the bulkhead was
/// built: `queue_p50_seconds`, `hold_p99_seconds` and the like. What never happened, or is not measured, is
/// not there.
pub(super) fn times(notes: &mut Notes, now: &Snapshot) {
    for (share, queue, hold) in [
        (0.5, "queue_p50_seconds", "hold_p50_seconds"),
        (0.95, "queue_p95_seconds", "hold_p95_seconds"),
        (0.99, "queue_p99_seconds", "hold_p99_seconds"),
    ] {
        notes.seconds(queue, now.waits.percentile(share));
        notes.seconds(hold, now.holds.percentile(share));
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
            let now = bulkhead.snapshot();
            notes.flag("closed", now.closed);
            times(notes, &now);
            let patience = bulkhead.config().checkout_timeout;
            notes.seconds("checkout_timeout_seconds", patience);
        }
    }

    fn interest_changed(&self) {
        if let Some(bulkhead) = self.bulkhead.upgrade() {
            bulkhead.ask_observers();
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
