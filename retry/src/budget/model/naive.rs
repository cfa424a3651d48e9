//! The documentation's rule, done in the most obvious way.

use std::time::Duration;

use proptest::prelude::*;

use crate::budget::{BudgetConfig, BudgetSnapshot, BudgetTotals, Extra, SpentReason, Suppressed};

/// What the documentation says, with moments in nanoseconds since the budget was built.
pub(super) struct Naive {
    config: BudgetConfig,
    /// The latest moment anybody has come with.
    latest: u64,
    /// For each call and each retry or hedge sent, the tenth of a window it counts in.
    calls: Vec<u64>,
    spent: Vec<u64>,
    waiting: u64,
    totals: BudgetTotals,
}

impl Naive {
    pub(super) fn new(config: BudgetConfig) -> Self {
        Self {
            config,
            latest: 0,
            calls: Vec::new(),
            spent: Vec::new(),
            waiting: 0,
            totals: BudgetTotals::default(),
        }
    }

    pub(super) fn record_call(&mut self, now: u64) {
        let tenth = self.place(now);
        self.calls.push(tenth);
        self.totals.calls += 1;
    }

    pub(super) fn spend(&mut self, extra: Extra, now: u64) {
        let tenth = self.place(now);
        self.spent.push(tenth);
        self.waiting -= 1;
        match extra {
            Extra::Retry => self.totals.spent_retries += 1,
            Extra::Hedge => self.totals.spent_hedges += 1,
        }
    }

    /// Of what is in the window, calls move to the tenth that theirs begins in, and what was sent to the one
    /// that theirs ends in.
    pub(super) fn reconfigure(&mut self, config: BudgetConfig, now: u64) {
        if config.window == self.config.window {
            self.config = config;
            return;
        }
        self.latest = self.latest.max(now);
        let (width, oldest) = (self.width(), self.oldest(self.latest));
        // All that is known of the latest moment is its tenth, unless this is it.
        self.latest = now.max(self.tenth(self.latest) * width);
        self.config = config;
        let (latest, new_width) = (self.latest, self.width());
        let of_call = |tenth: u64| tenth * width / new_width;
        let of_spent = |tenth: u64| ((tenth + 1) * width - 1).min(latest) / new_width;
        for (list, moved) in [
            (&mut self.calls, &of_call as &dyn Fn(u64) -> u64),
            (&mut self.spent, &of_spent),
        ] {
            list.retain(|&tenth| tenth >= oldest);
            list.iter_mut().for_each(|tenth| *tenth = moved(*tenth));
        }
    }

    pub(super) fn give_back(&mut self) {
        self.waiting -= 1;
        self.totals.given_back += 1;
    }

    fn tenth(&self, moment: u64) -> u64 {
        moment / self.width()
    }

    fn width(&self) -> u64 {
        u64::try_from(self.config.window.as_nanos()).unwrap() / 10
    }

    /// The oldest tenth that is in the window at that moment.
    fn oldest(&self, moment: u64) -> u64 {
        self.tenth(moment).saturating_sub(9)
    }

    /// Where something that comes with this reading counts: in its own tenth, or in the oldest.
    fn place(&mut self, now: u64) -> u64 {
        self.latest = self.latest.max(now);
        self.tenth(now).max(self.oldest(self.latest))
    }

    fn counted(&self, list: &[u64], moment: u64) -> u64 {
        let oldest = self.oldest(moment);
        list.iter().filter(|&&tenth| tenth >= oldest).count() as u64
    }

    fn allowance(&self, moment: u64) -> f64 {
        let BudgetConfig {
            share,
            min_per_second,
            window,
        } = self.config;
        let calls = self.counted(&self.calls, moment) as f64;
        share * calls + min_per_second * window.as_secs_f64()
    }

    fn grants(&self, moment: u64, waiting: u64) -> bool {
        let used = self.counted(&self.spent, moment) + waiting;
        (used + 1) as f64 <= self.allowance(moment) + 1e-9
    }

    pub(super) fn take(
        &mut self,
        extra: Extra,
        now: u64,
    ) -> Result<(), (SpentReason, Option<Duration>)> {
        self.latest = self.latest.max(now);
        if self.grants(self.latest, self.waiting) {
            self.waiting += 1;
            self.totals.granted += 1;
            return Ok(());
        }
        let waiting = self.grants(self.latest, 0);
        let Suppressed {
            retries_spent,
            retries_waiting,
            hedges_spent,
            hedges_waiting,
        } = &mut self.totals.suppressed;
        match (extra, waiting) {
            (Extra::Retry, false) => *retries_spent += 1,
            (Extra::Retry, true) => *retries_waiting += 1,
            (Extra::Hedge, false) => *hedges_spent += 1,
            (Extra::Hedge, true) => *hedges_waiting += 1,
        }
        let reason = if waiting {
            SpentReason::Waiting
        } else {
            SpentReason::Spent
        };
        // The first moment after the latest at which something has left the window and it helps.
        let width = self.width();
        let next = self.tenth(self.latest) + 1;
        let helps = (next..=next + 20).find(|tenth| self.grants(tenth * width, self.waiting));
        Err((
            reason,
            helps.map(|tenth| Duration::from_nanos(tenth * width - now)),
        ))
    }

    pub(super) fn compare(&mut self, now: u64, seen: &BudgetSnapshot) -> Result<(), TestCaseError> {
        self.latest = self.latest.max(now);
        let BudgetConfig {
            share,
            min_per_second,
            window,
        } = self.config;
        prop_assert_eq!(&*seen.name, "model");
        prop_assert_eq!(
            (seen.share, seen.min_per_second, seen.window),
            (share, min_per_second, window)
        );
        prop_assert_eq!(seen.calls, self.counted(&self.calls, self.latest));
        prop_assert_eq!(seen.spent, self.counted(&self.spent, self.latest));
        prop_assert_eq!(seen.waiting, self.waiting);
        let left = self.allowance(self.latest) - (seen.spent + seen.waiting) as f64;
        prop_assert!(
            (seen.tokens - left.max(0.0)).abs() < 1e-9,
            "{} {left}",
            seen.tokens
        );
        prop_assert_eq!(seen.totals, self.totals);
        let settled = seen.totals.given_back + seen.totals.spent_retries + seen.totals.spent_hedges;
        prop_assert_eq!(seen.totals.granted, settled + seen.waiting);
        Ok(())
    }
}
