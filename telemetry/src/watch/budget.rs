//! Watching a retry budget.

use std::sync::Arc;

use steadfast_retry::{Budget, BudgetObserver, WeakBudget};

use super::Watch;
use crate::instrument::Instrument;
use crate::names;
use crate::notes::Notes;
use crate::source::{Samples, Source};
use crate::telemetry::Telemetry;

/// Owned by the budget, as an observer that does not listen, so that it ends with it: what a budget does
/// not allow is an event of the retry or hedge that asked.
struct Watched {
    budget: WeakBudget,
    name: Arc<str>,
}

/// A watched [`Retry`](steadfast_retry::Retry) or hedge watches its budget by itself. One that several
/// share is watched once.
impl Watch for Budget {
    fn watched_by(&self, telemetry: &Telemetry) {
        let watched = Arc::new(Watched {
            budget: self.downgrade(),
            name: Arc::from(self.name()),
        });
        let source: Arc<dyn Source> = Arc::<Watched>::clone(&watched);
        if telemetry.insert(self.downgrade(), WeakBudget::ptr_eq, &source) {
            self.add_observer(watched);
        }
    }
}

impl BudgetObserver for Watched {}

impl Source for Watched {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "retry_budget"
    }

    fn instruments(&self) -> &'static [Instrument] {
        names::BUDGET
    }

    fn describe(&self, notes: &mut Notes) {
        if let Some(budget) = self.budget.upgrade() {
            let now = budget.snapshot();
            notes.number("share", now.share);
            notes.number("min_per_second", now.min_per_second);
            notes.seconds("window_seconds", now.window);
        }
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let Some(budget) = self.budget.upgrade() else {
            return;
        };
        let now = budget.snapshot();
        let (totals, suppressed) = (now.totals, now.totals.suppressed);
        for (attempt, spent, by_reason) in [
            (
                "retry",
                totals.spent_retries,
                [suppressed.retries_spent, suppressed.retries_waiting],
            ),
            (
                "hedge",
                totals.spent_hedges,
                [suppressed.hedges_spent, suppressed.hedges_waiting],
            ),
        ] {
            let attempt = (names::ATTEMPT, attempt);
            samples.record(&names::BUDGET_SPENT, spent, &[attempt]);
            for (reason, refused) in ["spent", "waiting"].into_iter().zip(by_reason) {
                let reason = (names::ERROR_TYPE, reason);
                samples.record(&names::BUDGET_SUPPRESSED, refused, &[attempt, reason]);
            }
        }
        for (instrument, count) in [
            // The whole part: the rest of a share grants nothing yet.
            (&names::BUDGET_TOKENS, now.tokens as u64),
            (&names::BUDGET_CALLS, totals.calls),
            (&names::BUDGET_GIVEN_BACK, totals.given_back),
            (&names::BUDGET_WAITING, now.waiting),
            (&names::BUDGET_OBSERVER_PANICS, totals.observer_panics),
        ] {
            samples.record(instrument, count, &[]);
        }
    }
}
