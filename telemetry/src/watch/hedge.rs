//! Watching a hedge.

use std::sync::Arc;

use steadfast_retry::{Hedge, HedgeObserver, HedgeSuppressed, Hedged, WeakHedge};

use super::Watch;
use crate::event::EventKind;
use crate::instrument::Instrument;
use crate::names;
use crate::sink::EventSink;
use crate::source::{Samples, Source};
use crate::telemetry::Telemetry;

/// Owned by the hedge as its observer, and by nobody else: it ends with the hedge.
struct Watched {
    hedge: WeakHedge,
    name: Arc<str>,
    sink: EventSink,
}

/// Its budget is watched too.
impl Watch for Hedge {
    fn watched_by(&self, telemetry: &Telemetry) {
        if let Some(budget) = self.budget() {
            telemetry.watch(budget);
        }
        let watched = Arc::new(Watched {
            hedge: self.downgrade(),
            name: Arc::from(self.name()),
            sink: telemetry.sink(),
        });
        let source: Arc<dyn Source> = Arc::<Watched>::clone(&watched);
        if telemetry.insert(self.downgrade(), WeakHedge::ptr_eq, &source) {
            self.add_observer(watched);
        }
    }
}

impl HedgeObserver for Watched {
    fn hedged(&self, hedged: &Hedged) {
        if self.sink.wants(EventKind::Retry) {
            self.sink.push(hedged.clone());
        }
    }

    fn suppressed(&self, suppressed: &HedgeSuppressed) {
        if self.sink.wants(EventKind::Retry) {
            self.sink.push(suppressed.clone());
        }
    }
}

impl Source for Watched {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "hedge"
    }

    fn instruments(&self) -> &'static [Instrument] {
        names::HEDGE
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let Some(hedge) = self.hedge.upgrade() else {
            return;
        };
        let now = hedge.snapshot();
        let totals = now.totals;
        for (instrument, outcome, count) in [
            (&names::HEDGE_CALLS, "primary", totals.primary_won),
            (&names::HEDGE_CALLS, "hedge", totals.hedge_won),
            (&names::HEDGE_CALLS, "failed", totals.failed),
            (&names::HEDGE_CALLS, "abandoned", totals.abandoned),
            (&names::HEDGE_CALLS, "panicked", totals.panicked),
            (&names::HEDGE_ENDED, "won", totals.won),
            (&names::HEDGE_ENDED, "wasted", totals.wasted),
            (&names::HEDGE_SAMPLES, "recorded", now.samples),
            (&names::HEDGE_SAMPLES, "skipped", now.samples_skipped),
        ] {
            samples.record(instrument, count, &[(names::OUTCOME, outcome)]);
        }
        for (instrument, count) in [
            (&names::HEDGE_SENT, totals.sent),
            (&names::HEDGE_IN_FLIGHT, now.in_flight),
            (&names::HEDGE_SUPPRESSED, totals.suppressed_budget),
            (&names::HEDGE_OBSERVER_PANICS, totals.observer_panics),
        ] {
            samples.record(instrument, count, &[]);
        }
        if let Some(delay) = now.delay {
            samples.record_f64(&names::HEDGE_DELAY, delay.as_secs_f64(), &[]);
        }
    }
}
