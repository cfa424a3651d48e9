//! The settings of a budget: their defaults and the rules they must obey.

use std::time::Duration;

use crate::error::FieldError;

/// The defaults, in one place; the README's table is held to them by a test.
pub(crate) mod defaults {
    use std::time::Duration;

    pub(crate) const SHARE: f64 = 0.2;
    pub(crate) const MIN_PER_SECOND: f64 = 1.0;
    pub(crate) const WINDOW: Duration = Duration::from_secs(10);
}

/// The limits of the settings.
const MAX_SHARE: f64 = 10.0;
const MAX_MIN_PER_SECOND: f64 = 1e6;
const SHORTEST_WINDOW: Duration = Duration::from_secs(1);
const LONGEST_WINDOW: Duration = Duration::from_secs(60);

/// All settings of a [`Budget`](crate::Budget), as plain data.
///
/// [`BudgetBuilder`](crate::BudgetBuilder) has a method of the same name for each field, which
/// explains it.
///
/// # In a file
///
/// With the feature `serde` it is read and written as a flat table, by itself or as `budget` within a
/// [`Config`](crate::Config), which tells what a table is like and what is refused. `share` and
/// `min_per_second` are numbers, `window` is a duration: a string like `"10s"`, or whole milliseconds.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use std::time::Duration;
/// use steadfast_retry::BudgetConfig;
///
/// let config: BudgetConfig = toml::from_str("share = 0.1\nwindow = '30s'").unwrap();
/// assert_eq!((config.share, config.window), (0.1, Duration::from_secs(30)));
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct BudgetConfig {
    /// How many retries and hedges each call allows. Default 0.2.
    pub share: f64,
    /// How many more are allowed per second, whatever the traffic. Default 1.
    pub min_per_second: f64,
    /// How long calls, retries and hedges are remembered. Default 10 s.
    pub window: Duration,
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self {
            share: defaults::SHARE,
            min_per_second: defaults::MIN_PER_SECOND,
            window: defaults::WINDOW,
        }
    }
}

impl BudgetConfig {
    /// Every field that breaks its rule, in the order of the fields.
    pub(crate) fn broken_fields(&self) -> Vec<FieldError> {
        let Self {
            share,
            min_per_second,
            window,
        } = self;
        let mut broken = Vec::new();
        // No range contains NaN.
        if !(0.0..=MAX_SHARE).contains(share) {
            let rule = "must be at least 0 and at most 10";
            broken.push(FieldError::new("share", share, rule));
        }
        if !(0.0..=MAX_MIN_PER_SECOND).contains(min_per_second) {
            let rule = "must be at least 0 and at most 1000000";
            broken.push(FieldError::new("min_per_second", min_per_second, rule));
        }
        if !(SHORTEST_WINDOW..=LONGEST_WINDOW).contains(window) {
            let rule = "must be at least 1 s and at most 60 s";
            broken.push(FieldError::new("window", window, rule));
        }
        broken
    }
}
