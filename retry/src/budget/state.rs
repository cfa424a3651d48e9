//! The rule, and all that it is decided by. Pure: time is an argument, in nanoseconds since the
//! budget was built.

use std::time::Duration;

use super::Extra;
use super::config::BudgetConfig;
use super::snapshot::BudgetTotals;
use super::spent::SpentReason;
use super::window::{Counts, Window};

/// Added to the allowance, since 0.29 times 100 calls is 28.999999999999996.
const ROUNDING: f64 = 1e-9;

#[derive(Debug, Clone)]
pub(super) struct State {
    config: BudgetConfig,
    rule: Rule,
    window: Window,
    /// Granted, and neither spent nor given back. Never slides out of the window.
    waiting: u64,
    totals: BudgetTotals,
}

#[derive(Debug, Clone, Copy)]
struct Rule {
    share: f64,
    /// What the window allows without any calls.
    minimum: f64,
}

impl Rule {
    fn new(config: &BudgetConfig) -> Self {
        Self {
            share: config.share,
            minimum: config.min_per_second * config.window.as_secs_f64(),
        }
    }

    #[inline]
    fn allowance(self, calls: u64) -> f64 {
        self.share * calls as f64 + self.minimum
    }

    /// What is left after those `used`: as many whole ones as are granted, and never less than none.
    fn left(self, calls: u64, used: u64) -> f64 {
        let left = self.allowance(calls) - used as f64;
        let whole = left.round();
        if (whole - left).abs() <= ROUNDING {
            whole.max(0.0)
        } else {
            left.max(0.0)
        }
    }

    /// Whether there is one more on top of those `used`.
    #[inline]
    fn grants(self, calls: u64, used: u64) -> bool {
        (used + 1) as f64 <= self.allowance(calls) + ROUNDING
    }
}

/// The length of the window in nanoseconds.
fn length(config: &BudgetConfig) -> u64 {
    u64::try_from(config.window.as_nanos()).unwrap_or(u64::MAX)
}

/// A refusal, but for the name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Refusal {
    pub(super) extra: Extra,
    pub(super) reason: SpentReason,
    pub(super) calls: u64,
    pub(super) spent: u64,
    pub(super) waiting: u64,
    pub(super) window: Duration,
    pub(super) allowance: f64,
    /// In nanoseconds.
    pub(super) retry_after: Option<u64>,
}

/// What a snapshot tells besides the configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reading {
    pub(super) config: BudgetConfig,
    pub(super) calls: u64,
    pub(super) spent: u64,
    pub(super) waiting: u64,
    pub(super) tokens: f64,
    pub(super) totals: BudgetTotals,
}

impl State {
    /// The settings must obey their rules.
    pub(super) fn new(config: &BudgetConfig) -> Self {
        Self {
            config: *config,
            rule: Rule::new(config),
            window: Window::new(length(config)),
            waiting: 0,
            totals: BudgetTotals::default(),
        }
    }

    /// Goes over to other settings, which must obey their rules. The counts stay, and so does what waits.
    pub(super) fn reconfigure(&mut self, config: BudgetConfig, now: u64) {
        if config.window != self.config.window {
            self.window.slide(now);
            self.window = self.window.resized(length(&config), now);
        }
        self.rule = Rule::new(&config);
        self.config = config;
    }

    pub(super) fn config(&self) -> BudgetConfig {
        self.config
    }

    #[inline]
    pub(super) fn record_call(&mut self, now: u64) {
        self.window.add_call(now);
        self.totals.calls += 1;
    }

    #[inline]
    pub(super) fn take(&mut self, extra: Extra, now: u64) -> Result<(), Refusal> {
        self.window.slide(now);
        let Counts { calls, spent } = self.window.counts();
        if !self.rule.grants(calls, spent + self.waiting) {
            return Err(self.refuse(extra, now));
        }
        self.waiting += 1;
        self.totals.granted += 1;
        Ok(())
    }

    #[cold]
    fn refuse(&mut self, extra: Extra, now: u64) -> Refusal {
        let Counts { calls, spent } = self.window.counts();
        let reason = if self.rule.grants(calls, spent) {
            SpentReason::Waiting
        } else {
            SpentReason::Spent
        };
        let suppressed = &mut self.totals.suppressed;
        *match (extra, reason) {
            (Extra::Retry, SpentReason::Spent) => &mut suppressed.retries_spent,
            (Extra::Retry, SpentReason::Waiting) => &mut suppressed.retries_waiting,
            (Extra::Hedge, SpentReason::Spent) => &mut suppressed.hedges_spent,
            (Extra::Hedge, SpentReason::Waiting) => &mut suppressed.hedges_waiting,
        } += 1;
        Refusal {
            extra,
            reason,
            calls,
            spent,
            waiting: self.waiting,
            window: self.config.window,
            allowance: self.rule.allowance(calls),
            retry_after: self.next_grant().map(|at| at - now),
        }
    }

    /// When the rule grants one more, if nothing else happens.
    fn next_grant(&self) -> Option<u64> {
        self.window
            .outlook()
            .find(|(_, left)| self.rule.grants(left.calls, left.spent + self.waiting))
            .map(|(at, _)| at)
    }

    /// One of those waiting is sent.
    #[inline]
    pub(super) fn spend(&mut self, extra: Extra, now: u64) {
        self.settle_one();
        self.window.add_spent(now);
        match extra {
            Extra::Retry => self.totals.spent_retries += 1,
            Extra::Hedge => self.totals.spent_hedges += 1,
        }
    }

    /// One of those waiting is not sent.
    #[inline]
    pub(super) fn give_back(&mut self) {
        self.settle_one();
        self.totals.given_back += 1;
    }

    fn settle_one(&mut self) {
        debug_assert!(self.waiting > 0, "settled more often than granted");
        self.waiting = self.waiting.saturating_sub(1);
    }

    pub(super) fn read(&mut self, now: u64) -> Reading {
        self.window.slide(now);
        let Counts { calls, spent } = self.window.counts();
        Reading {
            config: self.config,
            calls,
            spent,
            waiting: self.waiting,
            tokens: self.rule.left(calls, spent + self.waiting),
            totals: self.totals,
        }
    }
}
