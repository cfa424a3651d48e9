//! Watching a circuit breaker.

use std::sync::Arc;

use steadfast_breaker::{CircuitBreaker, Observer, State, Transition, WeakCircuitBreaker};

use super::Watch;
use crate::event::EventKind;
use crate::instrument::Instrument;
use crate::names;
use crate::sink::EventSink;
use crate::source::{Samples, Source};
use crate::telemetry::Telemetry;

/// Owned by the breaker as its observer, and by nobody else: it ends with the breaker.
struct Watched {
    breaker: WeakCircuitBreaker,
    name: Arc<str>,
    sink: EventSink,
}

impl Watch for CircuitBreaker {
    fn watched_by(&self, telemetry: &Telemetry) {
        let watched = Arc::new(Watched {
            breaker: self.downgrade(),
            name: Arc::from(self.name()),
            sink: telemetry.sink(),
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
}

impl Source for Watched {
    fn name(&self) -> &str {
        &self.name
    }

    fn instruments(&self) -> &'static [Instrument] {
        names::BREAKER
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let Some(breaker) = self.breaker.upgrade() else {
            return;
        };
        let now = breaker.snapshot();
        let totals = now.totals;
        for (outcome, calls) in [
            ("success", totals.success),
            ("failure", totals.failure),
            ("ignored", totals.ignored),
            ("abandoned", totals.abandoned),
            ("rejected", totals.rejected),
        ] {
            samples.record(&names::BREAKER_CALLS, calls, &[(names::OUTCOME, outcome)]);
        }
        for (state, entered) in [
            (State::Closed, totals.closed),
            (State::Open, totals.opened),
            (State::HalfOpen, totals.half_opened),
        ] {
            let is_in = u64::from(now.state == state);
            let state = (names::STATE, word(state));
            samples.record(&names::BREAKER_STATE, is_in, &[state]);
            samples.record(&names::BREAKER_TRANSITIONS, entered, &[state]);
        }
        let failures = u64::from(now.consecutive_failures);
        samples.record(&names::BREAKER_IN_FLIGHT, now.in_flight, &[]);
        samples.record(&names::BREAKER_CONSECUTIVE_FAILURES, failures, &[]);
        samples.record(&names::BREAKER_PANICS, totals.panicked, &[]);
        samples.record(&names::BREAKER_STALE, totals.stale, &[]);
        samples.record(&names::BREAKER_OBSERVER_PANICS, totals.observer_panics, &[]);
    }
}

/// The state as metrics say it: OpenTelemetry's values have underscores.
fn word(state: State) -> &'static str {
    match state {
        State::Closed => "closed",
        State::Open => "open",
        State::HalfOpen => "half_open",
    }
}
