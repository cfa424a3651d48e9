//! Watching a retry.

use std::sync::Arc;

use opentelemetry::KeyValue;
use steadfast_retry::{GaveUp, Observer, Retry, Retrying, WeakRetry};

use super::Watch;
use crate::event::EventKind;
use crate::instrument::Instrument;
use crate::names;
use crate::notes::Notes;
use crate::sink::EventSink;
use crate::source::{Samples, Source};
use crate::span_events::SpanEvents;
use crate::telemetry::Telemetry;
use crate::words;

/// Owned by the retry as its observer, and by nobody else: it ends with the retry.
struct Watched {
    retry: WeakRetry,
    name: Arc<str>,
    sink: EventSink,
    span_events: SpanEvents,
}

/// Its budget is watched too. One that it gets later, by other settings, is when it is watched again.
impl Watch for Retry {
    fn watched_by(&self, telemetry: &Telemetry) {
        if let Some(budget) = self.budget() {
            telemetry.watch(budget);
        }
        let watched = Arc::new(Watched {
            retry: self.downgrade(),
            name: Arc::from(self.name()),
            sink: telemetry.sink(),
            span_events: telemetry.span_events(),
        });
        let source: Arc<dyn Source> = Arc::<Watched>::clone(&watched);
        if telemetry.insert(self.downgrade(), WeakRetry::ptr_eq, &source) {
            self.add_observer(watched);
        }
    }
}

impl Observer for Watched {
    fn wants_retries(&self) -> bool {
        self.span_events.contains(SpanEvents::RETRIES) || self.sink.wants(EventKind::Retry)
    }

    fn retrying(&self, retrying: &Retrying) {
        if self.sink.wants(EventKind::Retry) {
            self.sink.push(retrying.clone());
        }
        let (wanted, event) = (SpanEvents::RETRIES, names::RETRY_EVENT);
        self.span_events.tell(wanted, event, || {
            [
                KeyValue::new(names::NAME, Arc::clone(&self.name)),
                KeyValue::new(names::ATTEMPTS, i64::from(retrying.attempt)),
                KeyValue::new(names::WAIT, retrying.wait.as_secs_f64()),
            ]
        });
    }

    fn gave_up(&self, gave_up: &GaveUp) {
        if self.sink.wants(EventKind::Retry) {
            self.sink.push(gave_up.clone());
        }
        let (wanted, event) = (SpanEvents::RETRIES, names::GAVE_UP_EVENT);
        self.span_events.tell(wanted, event, || {
            [
                KeyValue::new(names::NAME, Arc::clone(&self.name)),
                KeyValue::new(names::ATTEMPTS, i64::from(gave_up.attempts)),
                KeyValue::new(names::ERROR_TYPE, words::gave_up(gave_up.reason)),
            ]
        });
    }
}

impl Source for Watched {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "retry"
    }

    fn instruments(&self) -> &'static [Instrument] {
        names::RETRY
    }

    fn describe(&self, notes: &mut Notes) {
        if let Some(retry) = self.retry.upgrade() {
            let config = retry.config();
            notes.number("max_attempts", config.max_attempts);
            notes.seconds("max_elapsed_seconds", config.max_elapsed);
            if let Some(budget) = retry.budget() {
                notes.text("budget", budget.name());
            }
        }
    }

    fn interest_changed(&self) {
        if let Some(retry) = self.retry.upgrade() {
            retry.ask_observers();
        }
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let Some(retry) = self.retry.upgrade() else {
            return;
        };
        let now = retry.snapshot();
        let totals = now.totals;
        let calls = [
            ("first_try", totals.first_try),
            ("after_retry", totals.after_retry),
            ("exhausted", totals.exhausted_attempts),
            ("deadline", totals.exhausted_deadline),
            ("budget", totals.exhausted_budget),
            ("not_retryable", totals.not_retryable),
            ("retry_after_too_long", totals.retry_after_too_long),
            ("breaker", totals.rejected_by_breaker),
            ("abandoned", totals.abandoned),
            ("panicked", totals.panicked),
        ];
        for (outcome, calls) in calls {
            samples.record(&names::RETRY_CALLS, calls, &[(names::OUTCOME, outcome)]);
        }
        let first = calls.iter().map(|(_, calls)| calls).sum();
        for (attempt, attempts) in [("first", first), ("retry", totals.retries)] {
            let attempt = (names::ATTEMPT, attempt);
            samples.record(&names::RETRY_ATTEMPTS, attempts, &[attempt]);
        }
        let waited = totals.wait_total.as_secs_f64();
        samples.record_f64(&names::RETRY_DELAY, waited, &[]);
        let cut_off = totals.attempt_timeouts;
        samples.record(&names::RETRY_ATTEMPT_TIMEOUTS, cut_off, &[]);
        samples.record(&names::RETRY_WAITING, now.waiting, &[]);
        samples.record(&names::RETRY_OBSERVER_PANICS, totals.observer_panics, &[]);
    }
}
