//! The settings of a hedge: their defaults and the rules they must obey.

use std::time::Duration;

use crate::error::FieldError;

/// The defaults, in one place.
pub(super) mod defaults {
    use std::time::Duration;

    pub(crate) const PERCENTILE: f64 = 0.95;
    pub(crate) const MIN_DELAY: Duration = Duration::from_millis(1);
    pub(crate) const WARM_UP: u32 = 100;
    pub(crate) const MAX_HEDGES: u32 = 1;
    pub(crate) const BUDGET_SHARE: f64 = 0.1;
    pub(crate) const BUDGET_MIN_PER_SECOND: f64 = 0.0;
    pub(crate) const BUDGET_WINDOW: Duration = Duration::from_secs(10);
}

/// The limits of the settings.
const LOWEST_PERCENTILE: f64 = 0.5;
const HIGHEST_PERCENTILE: f64 = 0.999;
const MOST_HEDGES: u32 = 10;

/// When a hedge is sent.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum HedgeTrigger {
    /// When the call has gone on for so long, and again each time it has for so long more. Zero sends
    /// all hedges at once, unless the primary is ready at its first poll.
    Delay(Duration),
    /// As with a delay, which is the time that this share of the primaries before took at most; 0.5 to
    /// 0.999.
    Percentile(f64),
    /// When an attempt has failed, and never while one is running.
    OnFailureOnly,
}

/// All settings of a [`Hedge`](crate::Hedge) but its budget, as plain data.
///
/// [`HedgeBuilder`](crate::HedgeBuilder) has a method of the same name for each field, which explains
/// it; `trigger` is set by three.
///
/// # Examples
///
/// ```
/// use steadfast_retry::{Hedge, HedgeConfig, HedgeTrigger};
///
/// let mut config = HedgeConfig::default();
/// config.trigger = HedgeTrigger::Percentile(0.99);
/// let hedge = Hedge::builder("search").config(config).build()?;
/// assert_eq!(hedge.config().max_hedges, 1);
/// # Ok::<_, steadfast_retry::ConfigError>(())
/// ```
///
/// # In a file
///
/// With the feature `serde` it is read and written as a flat table;
/// [`Config`](crate::Config) tells what that is like and what is refused. In place of `trigger` it has
/// at most one of `delay`, a duration, `percentile`, a number, and `on_failure_only = true`.
/// `hedge_failures` is true or false too, and the other keys are those of the fields.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use std::time::Duration;
/// use steadfast_retry::{HedgeConfig, HedgeTrigger};
///
/// let config: HedgeConfig = toml::from_str("delay = '50ms'\nmax_hedges = 2").unwrap();
/// assert_eq!(config.trigger, HedgeTrigger::Delay(Duration::from_millis(50)));
/// assert_eq!(config.max_hedges, 2);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct HedgeConfig {
    /// When a hedge is sent. Default: at the 95th percentile.
    pub trigger: HedgeTrigger,
    /// The shortest delay that a percentile leads to. Default 1 ms.
    pub min_delay: Duration,
    /// How many latencies must be known before a percentile is used. Default 100.
    pub warm_up: u32,
    /// How many hedges a call sends at most. Default 1.
    pub max_hedges: u32,
    /// Whether a failed attempt sends the next hedge at once. Default: no.
    pub hedge_failures: bool,
}

impl Default for HedgeConfig {
    fn default() -> Self {
        Self {
            trigger: HedgeTrigger::Percentile(defaults::PERCENTILE),
            min_delay: defaults::MIN_DELAY,
            warm_up: defaults::WARM_UP,
            max_hedges: defaults::MAX_HEDGES,
            hedge_failures: false,
        }
    }
}

impl HedgeConfig {
    /// Every field that breaks its rule, in the order of the builder's methods.
    pub(crate) fn broken_fields(&self) -> Vec<FieldError> {
        let Self {
            trigger,
            warm_up,
            max_hedges,
            ..
        } = self;
        let mut broken = Vec::new();
        if let HedgeTrigger::Percentile(percentile) = trigger {
            // No range contains NaN.
            if !(LOWEST_PERCENTILE..=HIGHEST_PERCENTILE).contains(percentile) {
                let rule = "must be at least 0.5 and at most 0.999";
                broken.push(FieldError::new("percentile", percentile, rule));
            }
        }
        if *warm_up == 0 {
            broken.push(FieldError::new("warm_up", warm_up, "must be at least 1"));
        }
        if !(1..=MOST_HEDGES).contains(max_hedges) {
            let rule = "must be at least 1 and at most 10";
            broken.push(FieldError::new("max_hedges", max_hedges, rule));
        }
        broken
    }

    /// Whether a failure is worth a hedge at once.
    pub(super) fn hedges_failures(&self) -> bool {
        self.hedge_failures || self.trigger == HedgeTrigger::OnFailureOnly
    }
}
