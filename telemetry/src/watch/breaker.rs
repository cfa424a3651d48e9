//! Watching a circuit breaker.

use std::sync::Arc;

use opentelemetry::KeyValue;
use steadfast_breaker::{
    CircuitBreaker, Mode, ModeChange, Observer, Rejected, State, Totals, Transition,
    WeakCircuitBreaker, WindowSnapshot,
};

use super::Watch;
use crate::event::EventKind;
use crate::instrument::Instrument;
use crate::names;
use crate::notes::{ErrorNote, Notes};
use crate::sink::EventSink;
use crate::source::{Samples, Source};
use crate::span_events::SpanEvents;
use crate::telemetry::Telemetry;
use crate::words;

/// Owned by the breaker as its observer, and by nobody else: it ends with the breaker.
struct Watched {
    breaker: WeakCircuitBreaker,
    name: Arc<str>,
    sink: EventSink,
    span_events: SpanEvents,
}

impl Watch for CircuitBreaker {
    fn watched_by(&self, telemetry: &Telemetry) {
        let watched = Arc::new(Watched {
            breaker: self.downgrade(),
            name: Arc::from(self.name()),
            sink: telemetry.sink(),
            span_events: telemetry.span_events(),
        });
        let source: Arc<dyn Source> = Arc::<Watched>::clone(&watched);
        if telemetry.insert(self.downgrade(), WeakCircuitBreaker::ptr_eq, &source) {
            self.add_observer(watched);
        }
    }
}

impl Observer for Watched {
    fn transition(&self, transition: &Transition) {
        if self.sink.wants(EventKind::BreakerTransition) {
            self.sink.push(transition.clone());
        }
    }

    fn mode_changed(&self, change: &ModeChange) {
        if self.sink.wants(EventKind::BreakerModeChange) {
            self.sink.push(change.clone());
        }
    }

    /// Unless the current span is to be told they are only counted, so that an open breaker goes on
    /// rejecting without a lock.
    fn hears_rejections(&self) -> bool {
        self.span_events.contains(SpanEvents::REJECTIONS)
    }

    fn rejected(&self, _: &Rejected) {
        let (wanted, event) = (SpanEvents::REJECTIONS, names::REJECTED_EVENT);
        self.span_events.tell(wanted, event, || {
            [
                KeyValue::new(names::NAME, Arc::clone(&self.name)),
                KeyValue::new(names::ERROR_TYPE, "circuit_open"),
            ]
        });
    }
}

/// How many failures in a row open a breaker that was given no rule.
const FAILURE_THRESHOLD: u32 = 5;

/// Why it is as it is, and how far it is from opening.
fn describe(breaker: &CircuitBreaker, notes: &mut Notes) {
    let now = breaker.snapshot();
    notes.text("state", words::state(now.state));
    notes.text("mode", words::mode(now.mode));
    notes.seconds("in_state_for_seconds", now.in_state_for);
    notes.seconds("retry_after_seconds", now.retry_after);
    notes.seconds("mode_expires_in_seconds", now.mode_expires_in);
    if let Some(cause) = now.cause {
        notes.text("cause", cause);
    }
    if let Some(reason) = now.mode_reason {
        notes.text("mode_reason", reason);
    }
    let errors = now.last_errors.iter();
    notes.errors(
        "last_errors",
        errors.map(|error| {
            let (class, message) = (&*error.class, &*error.message);
            ErrorNote::new(class, message, error.count, error.first_ago, error.last_ago)
        }),
    );
    let config = breaker.config();
    // As its documentation says, it has this rule if it was given none.
    let has_rate = config.failure_rate.is_some() || config.slow_call_rate.is_some();
    let by_default = (!has_rate).then_some(FAILURE_THRESHOLD);
    let failure_threshold = config.failure_threshold.or(by_default);
    let rules = [
        ("failure_threshold", failure_threshold.map(f64::from)),
        ("failure_rate_threshold", config.failure_rate),
        ("slow_call_rate_threshold", config.slow_call_rate),
        ("min_calls", config.min_calls.map(f64::from)),
    ];
    for (key, rule) in rules {
        if let Some(rule) = rule {
            notes.number(key, rule);
        }
    }
    notes.seconds("slow_call_duration_seconds", config.slow_call_duration);
    notes.seconds("open_for_seconds", config.open_for);
}

impl Source for Watched {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "circuit_breaker"
    }

    fn instruments(&self) -> &'static [Instrument] {
        names::BREAKER
    }

    fn describe(&self, notes: &mut Notes) {
        if let Some(breaker) = self.breaker.upgrade() {
            describe(&breaker, notes);
        }
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let Some(breaker) = self.breaker.upgrade() else {
            return;
        };
        let now = breaker.snapshot();
        let totals = now.totals;
        record_totals(samples, &totals);
        // OpenTelemetry's values have underscores, unlike `Display`.
        for (state, word, entered) in [
            (State::Closed, "closed", totals.closed),
            (State::Open, "open", totals.opened),
            (State::HalfOpen, "half_open", totals.half_opened),
        ] {
            let is_in = u64::from(now.state == state);
            let state = (names::STATE, word);
            samples.record(&names::BREAKER_STATE, is_in, &[state]);
            samples.record(&names::BREAKER_TRANSITIONS, entered, &[state]);
        }
        for (mode, word) in [
            (Mode::Automatic, "automatic"),
            (Mode::ForcedOpen, "forced_open"),
            (Mode::ForcedClosed, "forced_closed"),
            (Mode::Disabled, "disabled"),
            (Mode::Shadow, "shadow"),
        ] {
            let is_in = u64::from(now.mode == mode);
            samples.record(&names::BREAKER_MODE, is_in, &[(names::MODE, word)]);
        }
        let failures = u64::from(now.consecutive_failures);
        samples.record(&names::BREAKER_IN_FLIGHT, now.in_flight, &[]);
        samples.record(&names::BREAKER_CONSECUTIVE_FAILURES, failures, &[]);
        for (instrument, time) in [
            (&names::BREAKER_RETRY_AFTER, now.retry_after),
            (&names::BREAKER_MODE_REMAINING, now.mode_expires_in),
        ] {
            if let Some(time) = time {
                samples.record_f64(instrument, time.as_secs_f64(), &[]);
            }
        }
        if let Some(share) = now.ramp_up_share {
            samples.record_f64(&names::BREAKER_RAMP_UP_RATIO, share, &[]);
        }
        if let Some(window) = now.window {
            record_window(samples, &window);
        }
    }
}

fn record_totals(samples: &mut Samples<'_>, totals: &Totals) {
    for (outcome, calls) in [
        ("success", totals.success),
        ("failure", totals.failure),
        ("ignored", totals.ignored),
        ("abandoned", totals.abandoned),
        ("rejected", totals.rejected),
    ] {
        samples.record(&names::BREAKER_CALLS, calls, &[(names::OUTCOME, outcome)]);
    }
    for (instrument, count) in [
        (&names::BREAKER_SLOW_CALLS, totals.slow),
        (&names::BREAKER_WOULD_REJECT, totals.would_reject),
        (&names::BREAKER_PANICS, totals.panicked),
        (&names::BREAKER_STALE, totals.stale),
        (&names::BREAKER_OBSERVER_PANICS, totals.observer_panics),
    ] {
        samples.record(instrument, count, &[]);
    }
}

/// A rate that nobody asked for, or that too few calls are known for, is no series: 0 would say that
/// all is well.
fn record_window(samples: &mut Samples<'_>, window: &WindowSnapshot) {
    samples.record(&names::BREAKER_WINDOW_CALLS, window.calls, &[]);
    samples.record(&names::BREAKER_SLOW_IN_FLIGHT, window.slow_in_flight, &[]);
    if let Some(rate) = window.failure_rate {
        samples.record_f64(&names::BREAKER_FAILURE_RATIO, rate, &[]);
    }
    if let Some(rate) = window.slow_call_rate {
        samples.record_f64(&names::BREAKER_SLOW_CALL_RATIO, rate, &[]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_not_ask_to_hear_of_rejections() {
        let breaker = CircuitBreaker::builder("payments").build().unwrap();
        let watched = Watched {
            breaker: breaker.downgrade(),
            name: Arc::from("payments"),
            sink: Telemetry::new().sink(),
            span_events: SpanEvents::NONE,
        };
        assert!(!watched.hears_rejections());
    }
}
