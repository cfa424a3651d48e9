//! What all handles of a hedge share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::config::{HedgeConfig, HedgeTrigger};
use super::latency::Latency;
use super::observer::{HedgeObserver, HedgeSuppressed, Hedged};
use super::snapshot::{Counters, HedgeSnapshot, Ticket, add_one};
use crate::budget::{Budget, Extra};
use crate::observers::Observers;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) name: Arc<str>,
    pub(super) config: HedgeConfig,
    pub(super) counters: Counters,
    pub(super) observers: Observers<dyn HedgeObserver>,
    /// Learned from, if hedges go by a percentile.
    pub(super) latency: Option<Box<Latency>>,
    pub(super) budget: Option<Budget>,
}

impl Shared {
    pub(super) fn new(
        name: Arc<str>,
        config: HedgeConfig,
        budget: Option<Budget>,
        observers: Vec<Arc<dyn HedgeObserver>>,
    ) -> Self {
        let latency = match config.trigger {
            HedgeTrigger::Percentile(percentile) => {
                let latency = Latency::new(percentile, config.min_delay, config.warm_up);
                Some(Box::new(latency))
            }
            HedgeTrigger::Delay(_) | HedgeTrigger::OnFailureOnly => None,
        };
        Self {
            name,
            config,
            counters: Counters::default(),
            observers: Observers::new(observers),
            latency,
            budget,
        }
    }

    /// How long a call goes on before its first hedge, and again before each other; `None` if time
    /// alone sends none.
    pub(super) fn delay(&self) -> Option<Duration> {
        match (self.config.trigger, &self.latency) {
            (HedgeTrigger::Delay(delay), _) => Some(delay),
            (_, Some(latency)) => latency.delay(),
            (_, None) => None,
        }
    }

    /// Counts a call that may come to hedge.
    pub(super) fn record_call(&self, now: Instant) {
        if let Some(budget) = &self.budget {
            budget.record_call_at(now);
        }
    }

    /// Takes from the budget what attempt `number` costs, counts it and tells of it; `None` if there is
    /// nothing left.
    pub(super) fn permit(&self, number: u32, began: Instant, now: Instant) -> Option<Ticket<'_>> {
        if let Some(budget) = &self.budget {
            if let Err(spent) = budget.take_at(Extra::Hedge, now) {
                add_one(&self.counters.suppressed);
                self.observers.tell(
                    || HedgeSuppressed {
                        name: Arc::clone(&self.name),
                        number,
                        spent,
                    },
                    |observer, suppressed| observer.suppressed(suppressed),
                );
                return None;
            }
            budget.spend_at(Extra::Hedge, now);
        }
        let ticket = self.counters.send();
        self.observers.tell(
            || Hedged {
                name: Arc::clone(&self.name),
                number,
                after: now.saturating_duration_since(began),
            },
            |observer, hedged| observer.hedged(hedged),
        );
        Some(ticket)
    }

    pub(super) fn snapshot(&self) -> HedgeSnapshot {
        let (samples, samples_skipped) = match &self.latency {
            Some(latency) => latency.counts(),
            None => (0, 0),
        };
        let totals = self.counters.totals(self.observers.panics());
        HedgeSnapshot {
            name: Arc::clone(&self.name),
            delay: self.delay(),
            samples,
            samples_skipped,
            in_flight: totals.sent - totals.won - totals.wasted,
            budget: self.budget.as_ref().map(Budget::snapshot),
            totals,
        }
    }
}
