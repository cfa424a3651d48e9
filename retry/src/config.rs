//! The settings of a retry: their defaults and the rules they must obey.

use std::fmt;
use std::time::Duration;

use crate::backoff::{Backoff, Growth, Jitter};
use crate::budget::BudgetConfig;
use crate::error::FieldError;

/// The defaults, in one place; the README's table is held to them by a test.
pub(crate) mod defaults {
    use std::time::Duration;

    use crate::backoff::Growth;

    pub(crate) const MAX_ATTEMPTS: u32 = 5;
    pub(crate) const GROWTH: Growth = Growth::Exponential;
    pub(crate) const BASE_BACKOFF: Duration = Duration::from_millis(100);
    pub(crate) const MAX_BACKOFF: Duration = Duration::from_secs(30);
    pub(crate) const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);
    pub(crate) const HISTORY: usize = 8;
}

/// All settings of a retry, as plain data: for a configuration file. The [`Builder`](crate::Builder)
/// has a method of the same name for each field, which explains it.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use steadfast_retry::{BudgetConfig, Config, Retry};
///
/// let mut config = Config::default();
/// config.max_elapsed = Some(Duration::from_secs(10));
/// config.budget = Some(BudgetConfig::default());
/// let retry = Retry::builder("payments").config(config).build()?;
/// assert_eq!(retry.config().max_attempts, 5);
/// assert_eq!(retry.budget().unwrap().name(), "payments");
/// # Ok::<_, steadfast_retry::ConfigError>(())
/// ```
///
/// # In a file
///
/// With the feature `serde` it is read and written as a flat table whose keys are the names of the
/// fields. What is not given has its default.
///
/// - A duration is a string like `"1m 30s"` or `"250ms"`, or whole milliseconds. It is written as a
///   string.
/// - `backoff_multiplier` is a number. A count is a whole number.
/// - `growth` is `"constant"`, `"linear"`, `"exponential"`, `"fibonacci"`, `"decorrelated"` or
///   `"decorrelated_smooth"`.
/// - `jitter` is `"none"`, `"full"`, `"equal"`, or a share from 0 to 1 as a number: 0.25 is plus or
///   minus a quarter, [`Jitter::Proportional`]. `true` is full jitter and `false` is none.
/// - `budget` is a table of a [`BudgetConfig`]'s settings. `true` is a budget with its defaults, and
///   `false` is none.
///
/// One error tells everything that is wrong, each with its path: unknown keys and the key that was
/// probably meant, keys given twice, values of a wrong kind, and broken rules. Keys that other libraries
/// have are no keys here, but known: `max_retries` is refused, since it is one less than `max_attempts`,
/// and the error says so. A config that was read obeys all its rules. The format must describe itself,
/// as TOML, JSON and YAML do.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use std::time::Duration;
/// use steadfast_retry::{Config, Jitter};
///
/// let file = "max_elapsed = '1m 30s'\njitter = 0.25\nbudget = { share = 0.1 }";
/// let config: Config = toml::from_str(file).unwrap();
/// assert_eq!(config.max_elapsed, Some(Duration::from_secs(90)));
/// assert_eq!(config.jitter, Some(Jitter::Proportional(0.25)));
/// assert_eq!(config.budget.map(|budget| budget.share), Some(0.1));
///
/// let file = "base_backof = 100\nbudget = { share = 20 }\nmax_retries = 3";
/// let error = toml::from_str::<Config>(file).unwrap_err();
/// assert_eq!(
///     error.message(),
///     "base_backof = 100 (unknown key, did you mean base_backoff?); \
///      budget.share = 20 (must be at least 0 and at most 10); \
///      max_retries = 3 (unknown key, max_attempts counts the first attempt too: max_retries + 1)",
/// );
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// Attempts in all, the first included.
    pub max_attempts: u32,
    /// How backoffs grow from one to the next.
    pub growth: Growth,
    /// The first backoff.
    pub base_backoff: Duration,
    /// The longest backoff, jitter included.
    pub max_backoff: Duration,
    /// How many times longer each backoff is. `None`: 2 if they grow exponentially, 3 if decorrelated.
    pub backoff_multiplier: Option<f64>,
    /// How much of a backoff is left to chance. `None`: all of it.
    pub jitter: Option<Jitter>,
    /// How long a call may take, attempts and waits together. `None`: no limit.
    pub max_elapsed: Option<Duration>,
    /// How long one attempt may take. `None`: no limit.
    pub attempt_timeout: Option<Duration>,
    /// The longest wait that a classifier may ask for.
    pub max_retry_after: Duration,
    /// How many failed attempts are kept to be told, beside the last.
    pub history: usize,
    /// A budget of the retry's own. `None`: retries are limited by nothing but the call's own limits.
    pub budget: Option<BudgetConfig>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_attempts: defaults::MAX_ATTEMPTS,
            growth: defaults::GROWTH,
            base_backoff: defaults::BASE_BACKOFF,
            max_backoff: defaults::MAX_BACKOFF,
            backoff_multiplier: None,
            jitter: None,
            max_elapsed: None,
            attempt_timeout: None,
            max_retry_after: defaults::MAX_RETRY_AFTER,
            history: defaults::HISTORY,
            budget: None,
        }
    }
}

impl Config {
    /// The schedule that the settings describe.
    pub(crate) fn backoff(&self) -> Backoff {
        let base = self.base_backoff;
        let backoff = match self.growth {
            Growth::Constant => Backoff::constant(base),
            Growth::Linear => Backoff::linear(base),
            Growth::Exponential => Backoff::exponential(base),
            Growth::Fibonacci => Backoff::fibonacci(base),
            Growth::Decorrelated => Backoff::decorrelated(base),
            Growth::DecorrelatedSmooth => Backoff::decorrelated_smooth(base),
        };
        let backoff = match self.backoff_multiplier {
            Some(multiplier) => backoff.multiplier(multiplier),
            None => backoff,
        };
        let backoff = match self.jitter {
            Some(jitter) => backoff.jitter(jitter),
            None => backoff,
        };
        backoff.max(self.max_backoff)
    }

    /// Makes the schedule this one.
    pub(crate) fn set_backoff(&mut self, backoff: Backoff) {
        self.growth = backoff.growth;
        self.base_backoff = backoff.base;
        self.max_backoff = backoff.cap;
        self.backoff_multiplier = has_multiplier(self.growth).then_some(backoff.multiplier);
        self.jitter = takes_jitter(self.growth).then_some(backoff.jitter);
    }

    /// Every field that breaks its rule, in the order of the fields.
    pub(crate) fn broken_fields(&self) -> Vec<FieldError> {
        let mut broken = Broken::default();
        broken.unless(
            self.max_attempts > 0,
            "max_attempts",
            &self.max_attempts,
            "must be at least 1",
        );
        broken.unless(
            self.max_backoff >= self.base_backoff,
            "max_backoff",
            &self.max_backoff,
            "must be at least base_backoff",
        );
        self.check_multiplier(&mut broken);
        self.check_jitter(&mut broken);
        for (field, limit) in [
            ("max_elapsed", self.max_elapsed),
            ("attempt_timeout", self.attempt_timeout),
        ] {
            let sound = limit != Some(Duration::ZERO);
            broken.unless(sound, field, &Duration::ZERO, "must be longer than zero");
        }
        broken.unless(
            self.history <= LONGEST_HISTORY,
            "history",
            &self.history,
            "must be at most 1000",
        );
        if let Some(budget) = &self.budget {
            let fields = budget.broken_fields().into_iter();
            broken.fields.extend(fields.map(|field| FieldError {
                field: within_budget(field.field),
                ..field
            }));
        }
        broken.fields
    }

    fn check_multiplier(&self, broken: &mut Broken) {
        let Some(multiplier) = self.backoff_multiplier else {
            return;
        };
        let rule = "must be finite and at least 1";
        let sound = multiplier.is_finite() && multiplier >= 1.0;
        broken.unless(sound, "backoff_multiplier", &multiplier, rule);
        let rule = "must come with a growth that is exponential or decorrelated";
        let used = has_multiplier(self.growth);
        broken.unless(used, "backoff_multiplier", &multiplier, rule);
    }

    fn check_jitter(&self, broken: &mut Broken) {
        let Some(jitter) = self.jitter else {
            return;
        };
        if let Jitter::Proportional(share) = jitter {
            let rule = "must have a share from 0 to 1";
            broken.unless((0.0..=1.0).contains(&share), "jitter", &jitter, rule);
        }
        let rule = "must not come with a decorrelated growth, which is random by itself";
        broken.unless(takes_jitter(self.growth), "jitter", &jitter, rule);
    }
}

fn has_multiplier(growth: Growth) -> bool {
    matches!(growth, Growth::Exponential | Growth::Decorrelated)
}

fn takes_jitter(growth: Growth) -> bool {
    !matches!(growth, Growth::Decorrelated | Growth::DecorrelatedSmooth)
}

/// The path of a budget's field in the settings of a retry.
fn within_budget(field: &'static str) -> &'static str {
    match field {
        "share" => "budget.share",
        "min_per_second" => "budget.min_per_second",
        "window" => "budget.window",
        other => other,
    }
}

/// Beyond it a history is a log, which belongs elsewhere.
const LONGEST_HISTORY: usize = 1000;

#[derive(Default)]
struct Broken {
    fields: Vec<FieldError>,
}

impl Broken {
    fn unless(
        &mut self,
        sound: bool,
        field: &'static str,
        value: &dyn fmt::Debug,
        rule: &'static str,
    ) {
        if !sound {
            self.fields.push(FieldError::new(field, value, rule));
        }
    }
}
