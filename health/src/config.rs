//! Settings as plain data, for a configuration file, and the rules that they must obey.

use std::sync::Arc;
use std::time::Duration;

use crate::builder::defaults;
use crate::error::FieldError;
use crate::status::Importance;

#[cfg(feature = "serde")]
mod form;

/// The settings of a monitor, as plain data. The [`Builder`](crate::Builder) has a method of the same
/// name for each field, which explains it and its default.
///
/// # In a file
/// With the feature `serde` it is read and written as a flat table whose keys are the names of the
/// fields. What is not given has its default. A duration is a string like `"1m 30s"` or `"250ms"`, or
/// whole milliseconds, and is written as a string; a share is a number.
///
/// One error tells everything that is wrong: unknown keys and the key that was probably meant, keys given
/// twice, values of a wrong kind, and broken rules. The format must describe itself, as TOML, JSON and
/// YAML do.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use std::time::Duration;
/// use steadfast_health::{Monitor, MonitorConfig};
///
/// let config: MonitorConfig = toml::from_str("interval = '10s'\ntimeout = 500").unwrap();
/// assert_eq!(config.timeout, Duration::from_millis(500));
/// let monitor = Monitor::builder("orders").config(config).build().unwrap();
///
/// let error = toml::from_str::<MonitorConfig>("intervall = '10s'\njitter = 2").unwrap_err();
/// assert_eq!(
///     error.message(),
///     "intervall = \"10s\" (unknown key, did you mean interval?); jitter = 2.0 (must be from 0 to 1)",
/// );
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MonitorConfig {
    /// From the start of one run of a check to the start of the next; longer than zero.
    pub interval: Duration,
    /// How long one run may take; longer than zero.
    pub timeout: Duration,
    /// The share of the interval by which each wait is longer or shorter, from 0 to 1.
    pub jitter: f64,
}

impl Default for MonitorConfig {
    fn default() -> Self {
        Self {
            interval: defaults::INTERVAL,
            timeout: defaults::TIMEOUT,
            jitter: defaults::JITTER,
        }
    }
}

impl MonitorConfig {
    /// Adds every field that breaks its rule.
    pub(crate) fn check(&self, bad: &mut Vec<FieldError>) {
        bad.extend(longer_than_zero("interval", self.interval));
        bad.extend(longer_than_zero("timeout", self.timeout));
        if !(0.0..=1.0).contains(&self.jitter) {
            bad.push(FieldError::new(
                "jitter",
                &self.jitter,
                "must be from 0 to 1",
            ));
        }
    }
}

/// Settings of one check, as plain data: what is given here replaces what the code says, when it is
/// given to [`Check::config`](crate::Check::config). The methods of [`Check`](crate::Check) of the same
/// names explain the fields.
///
/// # In a file
/// With the feature `serde` it is read and written like a [`MonitorConfig`]. A count is a whole number,
/// `importance` is `"required"` or `"optional"`, `depends_on` is a list of names. What is not given is not
/// written either.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use std::collections::HashMap;
/// use steadfast_health::{Check, CheckConfig, Monitor, Outcome};
///
/// let checks: HashMap<String, CheckConfig> = toml::from_str(
///     "[db]
///      timeout = '1s'
///      unhealthy_after = 3
///      [cache]
///      importance = 'optional'
///      depends_on = ['db']",
/// )
/// .unwrap();
///
/// let monitor = Monitor::builder("orders").build().unwrap();
/// for name in ["db", "cache"] {
///     let check = Check::new(name, || async { Outcome::healthy() });
///     let config = checks.get(name).cloned().unwrap_or_default();
///     monitor.register(check.config(config)).unwrap();
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CheckConfig {
    /// Whether the service can work without it.
    pub importance: Option<Importance>,
    /// Whether it counts for liveness.
    pub liveness: Option<bool>,
    /// Whether it counts for startup.
    pub startup: Option<bool>,
    /// The names of checks without which it makes no sense. Replaces those that the code gave.
    pub depends_on: Option<Vec<Arc<str>>>,
    /// How long one run may take; longer than zero.
    pub timeout: Option<Duration>,
    /// From the start of one run to the start of the next; longer than zero.
    pub interval: Option<Duration>,
    /// How long a result stands; longer than one interval with its jitter plus the timeout, which is
    /// looked at when the check is registered.
    pub staleness: Option<Duration>,
    /// Results in a row before the status gets worse; at least 1.
    pub unhealthy_after: Option<u32>,
    /// Results in a row before the status gets better; at least 1.
    pub healthy_after: Option<u32>,
}

impl CheckConfig {
    /// This one, and the other where this one says nothing.
    pub(crate) fn over(&self, other: &Self) -> Self {
        let depends_on = self.depends_on.as_ref().or(other.depends_on.as_ref());
        Self {
            importance: self.importance.or(other.importance),
            liveness: self.liveness.or(other.liveness),
            startup: self.startup.or(other.startup),
            depends_on: depends_on.cloned(),
            timeout: self.timeout.or(other.timeout),
            interval: self.interval.or(other.interval),
            staleness: self.staleness.or(other.staleness),
            unhealthy_after: self.unhealthy_after.or(other.unhealthy_after),
            healthy_after: self.healthy_after.or(other.healthy_after),
        }
    }
}

#[cfg(feature = "serde")]
impl CheckConfig {
    /// Adds every field that breaks its rule whatever the others are.
    pub(crate) fn check(&self, bad: &mut Vec<FieldError>) {
        bad.extend(self.timeout.and_then(|it| longer_than_zero("timeout", it)));
        bad.extend(
            self.interval
                .and_then(|it| longer_than_zero("interval", it)),
        );
        let after = [
            ("unhealthy_after", self.unhealthy_after),
            ("healthy_after", self.healthy_after),
        ];
        for (field, results) in after {
            bad.extend(results.and_then(|results| at_least_one(field, results)));
        }
        bad.extend(self.depends_on.as_deref().and_then(names_of_checks));
    }
}

pub(crate) fn longer_than_zero(field: &'static str, duration: Duration) -> Option<FieldError> {
    let rule = "must be longer than zero";
    duration
        .is_zero()
        .then(|| FieldError::new(field, &duration, rule))
}

pub(crate) fn at_least_one(field: &'static str, results: u32) -> Option<FieldError> {
    (results == 0).then(|| FieldError::new(field, &results, "must be at least 1"))
}

pub(crate) fn names_of_checks(names: &[Arc<str>]) -> Option<FieldError> {
    let rule = "must name other checks";
    names
        .iter()
        .any(|name| name.is_empty())
        .then(|| FieldError::new("depends_on", &names, rule))
}
