//! What all handles of one budget share.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use super::Extra;
use super::config::BudgetConfig;
use super::observer::BudgetObserver;
use super::snapshot::{BudgetSnapshot, BudgetTotals};
use super::spent::BudgetSpent;
use super::state::{Reading, State};
use crate::observers::Observers;

/// The last moment a budget tells from later ones, in nanoseconds after it was built: 292 years.
/// Half of what fits, so that the end of a bucket always fits too.
const LAST: u64 = u64::MAX / 2;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) name: Arc<str>,
    pub(super) observers: Observers<dyn BudgetObserver>,
    /// When the budget was built.
    origin: Instant,
    /// Nothing runs under this lock but the code of [`State`]: no clock, no code of others.
    state: Mutex<State>,
}

impl Shared {
    /// The settings must obey their rules.
    pub(super) fn new(name: Arc<str>, config: BudgetConfig, now: Instant) -> Self {
        Self {
            name,
            observers: Observers::new(Vec::new(), BudgetObserver::wants_suppressions),
            origin: now,
            state: Mutex::new(State::new(&config)),
        }
    }

    /// One that goes its own way from here.
    #[cfg(test)]
    pub(super) fn copy(&self) -> Self {
        Self {
            name: Arc::clone(&self.name),
            observers: Observers::new(Vec::new(), BudgetObserver::wants_suppressions),
            origin: self.origin,
            state: Mutex::new(self.state.lock().clone()),
        }
    }

    /// In the machine's terms. A moment before the budget was built counts as that moment.
    #[inline]
    fn offset(&self, now: Instant) -> u64 {
        let nanos = now.saturating_duration_since(self.origin).as_nanos();
        u64::try_from(nanos).unwrap_or(LAST).min(LAST)
    }

    #[inline]
    pub(super) fn record_call(&self, now: Instant) {
        let now = self.offset(now);
        self.state.lock().record_call(now);
    }

    #[inline]
    pub(super) fn take(&self, extra: Extra, now: Instant) -> Result<(), BudgetSpent> {
        let now = self.offset(now);
        let taken = self.state.lock().take(extra, now);
        taken.map_err(|refusal| {
            let spent = BudgetSpent::new(Arc::clone(&self.name), refusal);
            self.observers.tell(
                || spent.clone(),
                |observer, spent| observer.suppressed(spent),
            );
            spent
        })
    }

    #[inline]
    pub(super) fn spend(&self, extra: Extra, now: Instant) {
        let now = self.offset(now);
        self.state.lock().spend(extra, now);
    }

    #[inline]
    pub(super) fn give_back(&self) {
        self.state.lock().give_back();
    }

    /// Goes over to other settings, which must obey their rules.
    pub(super) fn reconfigure(&self, config: BudgetConfig, now: Instant) {
        let now = self.offset(now);
        self.state.lock().reconfigure(config, now);
    }

    pub(super) fn config(&self) -> BudgetConfig {
        self.state.lock().config()
    }

    pub(super) fn snapshot(&self, now: Instant) -> BudgetSnapshot {
        let now = self.offset(now);
        let reading = self.state.lock().read(now);
        let Reading {
            config,
            calls,
            spent,
            waiting,
            tokens,
            totals,
        } = reading;
        let BudgetConfig {
            share,
            min_per_second,
            window,
        } = config;
        BudgetSnapshot {
            name: Arc::clone(&self.name),
            share,
            min_per_second,
            window,
            calls,
            spent,
            waiting,
            tokens,
            totals: BudgetTotals {
                observer_panics: self.observers.panics(),
                ..totals
            },
        }
    }
}
