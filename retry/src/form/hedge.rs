//! [`HedgeConfig`] in a file, where each of the three methods that say when a hedge is sent has a key.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::{Field, Form, fields};
use crate::error::FieldError;
use crate::hedge::{HedgeConfig, HedgeTrigger};

struct Table {
    delay: Option<Duration>,
    percentile: Option<f64>,
    on_failure_only: Option<bool>,
    min_delay: Duration,
    warm_up: u32,
    max_hedges: u32,
    hedge_failures: bool,
}

impl Table {
    /// With nothing that says when a hedge is sent.
    fn of(config: &HedgeConfig) -> Self {
        let HedgeConfig {
            trigger: _,
            min_delay,
            warm_up,
            max_hedges,
            hedge_failures,
        } = *config;
        Self {
            delay: None,
            percentile: None,
            on_failure_only: None,
            min_delay,
            warm_up,
            max_hedges,
            hedge_failures,
        }
    }

    fn config(&self) -> HedgeConfig {
        let mut config = HedgeConfig::default();
        // The percentile first, since that has a rule to obey.
        config.trigger = match (self.percentile, self.delay, self.on_failure_only) {
            (Some(percentile), _, _) => HedgeTrigger::Percentile(percentile),
            (None, Some(delay), _) => HedgeTrigger::Delay(delay),
            (None, None, Some(true)) => HedgeTrigger::OnFailureOnly,
            (None, None, Some(false) | None) => config.trigger,
        };
        config.min_delay = self.min_delay;
        config.warm_up = self.warm_up;
        config.max_hedges = self.max_hedges;
        config.hedge_failures = self.hedge_failures;
        config
    }
}

impl Default for Table {
    fn default() -> Self {
        Self::of(&HedgeConfig::default())
    }
}

impl Form for Table {
    const EXPECTED: &'static str = "a table of hedge settings";

    const FIELDS: &'static [Field<Self>] = fields!(Table {
        delay,
        percentile,
        on_failure_only,
        min_delay,
        warm_up,
        max_hedges,
        hedge_failures,
    } tables {});

    const ELSEWHERE: &'static [(&'static [&'static str], &'static str)] = &[
        (
            &["attempts", "max_attempts"],
            "max_hedges does not count the first attempt: {} - 1",
        ),
        (
            &["hedges", "max_hedged_attempts"],
            "did you mean max_hedges?",
        ),
        (
            &["hedge_after", "hedge_delay", "hedging_delay"],
            "did you mean delay?",
        ),
        (
            &["hedge_percentile", "latency_percentile", "quantile"],
            "did you mean percentile?",
        ),
        (
            &["trigger"],
            "did you mean delay, percentile or on_failure_only?",
        ),
        (&["min_calls", "min_samples"], "did you mean warm_up?"),
        (
            &["hedge_on_failure", "hedge_on_failures"],
            "did you mean hedge_failures?",
        ),
        (
            &["budget", "retry_budget"],
            "the budget of a hedge is given to its builder",
        ),
    ];

    fn broken(&self) -> Vec<FieldError> {
        let mut broken = Vec::new();
        let before = self.delay.map(|_| "must not come with delay");
        if let (Some(percentile), Some(rule)) = (self.percentile, before) {
            broken.push(FieldError::new("percentile", &percentile, rule));
        }
        let before = before.or(self.percentile.map(|_| "must not come with percentile"));
        if let (Some(true), Some(rule)) = (self.on_failure_only, before) {
            broken.push(FieldError::new("on_failure_only", &true, rule));
        }
        broken.extend(self.config().broken_fields());
        broken
    }

    /// What cannot be read is as if it had not been given, and then breaks no rule of another.
    fn excuse(&mut self, _: &str) {}
}

impl<'de> Deserialize<'de> for HedgeConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table: Table = super::deserialize(deserializer)?;
        Ok(table.config())
    }
}

impl Serialize for HedgeConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut table = Table::of(self);
        match self.trigger {
            HedgeTrigger::Delay(delay) => table.delay = Some(delay),
            HedgeTrigger::Percentile(percentile) => table.percentile = Some(percentile),
            HedgeTrigger::OnFailureOnly => table.on_failure_only = Some(true),
        }
        super::serialize(&table, serializer)
    }
}
