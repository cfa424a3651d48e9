//! The settings of a breaker: their defaults and the rules they must obey.

use std::time::Duration;

#[cfg(feature = "serde")]
mod form;
mod rules;

/// The defaults, in one place; the README's table is held to them by a test.
pub(crate) mod defaults {
    use std::time::Duration;

    use super::Window;

    pub(crate) const FAILURE_THRESHOLD: u32 = 5;
    pub(crate) const RESET_TIMEOUT: Duration = Duration::from_secs(60);
    pub(crate) const WINDOW: Window = Window::Calls(100);
    pub(crate) const MIN_CALLS: u32 = 10;
    pub(crate) const OPEN_FOR: Duration = Duration::from_secs(30);
    pub(crate) const OPEN_FOR_MULTIPLIER: f64 = 1.0;
    pub(crate) const MAX_OPEN_FOR: Duration = Duration::from_secs(300);
    pub(crate) const OPEN_FOR_JITTER: f64 = 0.0;
    pub(crate) const OPEN_FOR_RESET_AFTER: Duration = Duration::from_secs(60);
    pub(crate) const MAX_PROBES: u32 = 1;
    pub(crate) const SUCCESS_THRESHOLD: u32 = 3;
    pub(crate) const HALF_OPEN_CALLS: u32 = 10;
    pub(crate) const HALF_OPEN_MAX: Duration = Duration::from_secs(30);
    pub(crate) const RAMP_UP: Duration = Duration::ZERO;
}

/// All settings of a breaker, as plain data: for a configuration file, and for
/// [`CircuitBreaker::reconfigure`](crate::CircuitBreaker::reconfigure). The [`Builder`](crate::Builder)
/// has a method of the same name for each field, which explains it.
///
/// # Examples
/// ```
/// use steadfast_breaker::{CircuitBreaker, Config};
///
/// let mut config = Config::default();
/// config.failure_rate = Some(0.5);
/// let breaker = CircuitBreaker::builder("payments").config(config).build()?;
/// assert_eq!(breaker.config().failure_rate, Some(0.5));
/// # Ok::<_, steadfast_breaker::ConfigError>(())
/// ```
///
/// # In a file
/// With the feature `serde` it is read and written as a flat table whose keys are the names of the
/// fields; `timeout` is another name of `open_for`. What is not given has its default.
///
/// - A duration is a string like `"1m 30s"` or `"250ms"`, or whole milliseconds. It is written as a string.
/// - A rate is a number. A count is a whole number.
/// - `window` is a number of calls, or a duration as a string: `100` or `"10s"`.
/// - `abandoned_as` is `"ignored"` or `"failure"`.
///
/// One error tells everything that is wrong: unknown keys and the key that was probably meant, keys given
/// twice, values of a wrong kind, and broken rules. A config that was read obeys all its rules. The format
/// must describe itself, as TOML, JSON and YAML do.
///
/// ```
/// # #[cfg(feature = "serde")] {
/// use steadfast_breaker::Config;
///
/// let config: Config = toml::from_str("failure_rate = 0.5\nopen_for = '10s'").unwrap();
/// assert_eq!(config.failure_rate, Some(0.5));
///
/// let error = toml::from_str::<Config>("failure_rat = 0.5\nmax_probes = 0").unwrap_err();
/// assert_eq!(
///     error.message(),
///     "failure_rat = 0.5 (unknown key, did you mean failure_rate?); max_probes = 0 (must be at least 1)",
/// );
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// Failures in a row that open the breaker. `None`: 5 if no rate is given, else no such rule.
    pub failure_threshold: Option<u32>,
    /// How long after the last failure a run of failures is forgotten.
    pub reset_timeout: Duration,
    /// The calls that the rates look at.
    pub window: Window,
    /// Calls in the window before a rate says anything. `None`: 10, or all of a smaller count window.
    pub min_calls: Option<u32>,
    /// The share of failures that opens the breaker. `None`: no such rule.
    pub failure_rate: Option<f64>,
    /// How long a call takes to be slow. `None`: no call is slow.
    pub slow_call_duration: Option<Duration>,
    /// The share of slow calls that opens the breaker. `None`: no such rule.
    pub slow_call_rate: Option<f64>,
    /// How long an open breaker rejects before it lets a probe through.
    pub open_for: Duration,
    /// By how much the open time grows from one opening to the next.
    pub open_for_multiplier: f64,
    /// The longest an open time may grow, jitter included.
    pub max_open_for: Duration,
    /// The share by which an open time varies at random.
    pub open_for_jitter: f64,
    /// How long the breaker stays closed before the open time no longer counts as growing.
    pub open_for_reset_after: Duration,
    /// Probes in flight at the same time while half-open.
    pub max_probes: u32,
    /// Successful probes that close the breaker.
    pub success_threshold: u32,
    /// The share of failed probes that opens the breaker again. `None`: any failed probe does.
    pub half_open_failure_rate: Option<f64>,
    /// Results of probes that `half_open_failure_rate` is taken of.
    pub half_open_calls: u32,
    /// How long probes that do not come back may block a half-open breaker.
    pub half_open_max: Duration,
    /// How long after closing the breaker takes to let every call through. Zero: no time at all.
    pub ramp_up: Duration,
    /// What a dropped call says about the dependency.
    pub abandoned_as: AbandonedAs,
}

/// The calls that failure and slow-call rates are taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a sliding window is one of calls or one of time: the list is complete"
)]
pub enum Window {
    /// The last so many calls, exactly; 1 to 1,000,000.
    Calls(u32),
    /// The calls that ended within the last so much time, to a tenth of it; 1 ms to 1 h.
    Time(Duration),
}

/// What a dropped call says about the dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a dropped call counts as a failure or not at all: the list is complete"
)]
pub enum AbandonedAs {
    /// Nothing: the caller lost interest. The default.
    #[default]
    Ignored,
    /// A failure: choose this when an outer timeout is what drops the calls.
    Failure,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            failure_threshold: None,
            reset_timeout: defaults::RESET_TIMEOUT,
            window: defaults::WINDOW,
            min_calls: None,
            failure_rate: None,
            slow_call_duration: None,
            slow_call_rate: None,
            open_for: defaults::OPEN_FOR,
            open_for_multiplier: defaults::OPEN_FOR_MULTIPLIER,
            max_open_for: defaults::MAX_OPEN_FOR,
            open_for_jitter: defaults::OPEN_FOR_JITTER,
            open_for_reset_after: defaults::OPEN_FOR_RESET_AFTER,
            max_probes: defaults::MAX_PROBES,
            success_threshold: defaults::SUCCESS_THRESHOLD,
            half_open_failure_rate: None,
            half_open_calls: defaults::HALF_OPEN_CALLS,
            half_open_max: defaults::HALF_OPEN_MAX,
            ramp_up: defaults::RAMP_UP,
            abandoned_as: AbandonedAs::default(),
        }
    }
}
