//! Building a breaker: one method for each setting.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::breaker::CircuitBreaker;
use crate::clock::Clock;
use crate::config::{AbandonedAs, Config, Window};
use crate::error::{ConfigError, FieldError};
use crate::machine::Observers;
use crate::observer::Observer;
use crate::settings::Settings;

/// Settings of a [`CircuitBreaker`] to be; made by [`CircuitBreaker::builder`].
///
/// The rules that open a breaker are `failure_threshold`, `failure_rate` and `slow_call_rate`; the first
/// that says so opens it. Without any, five failures in a row do. As soon as a rate is given,
/// failures in a row matter only if `failure_threshold` is given too.
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    name: Arc<str>,
    config: Config,
    clock: Clock,
    observers: Vec<Arc<dyn Observer>>,
}

impl Builder {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: Config::default(),
            clock: Clock::Standard,
            observers: Vec::new(),
        }
    }

    /// Replaces all settings, those already given to this builder included.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Failures in a row that open the breaker, at least 1. Default 5, if no rate is given: fewer would
    /// trip on a single unlucky burst, more keep sending calls into a dead dependency.
    pub fn failure_threshold(mut self, failures: u32) -> Self {
        self.config.failure_threshold = Some(failures);
        self
    }

    /// How long after the last failure a run of failures is forgotten; longer than zero.
    /// Default 60 s: five failures spread over a day are not an outage.
    pub fn reset_timeout(mut self, reset_timeout: Duration) -> Self {
        self.config.reset_timeout = reset_timeout;
        self
    }

    /// The calls that the rates look at. Default the last 100: [`Window::Calls`] costs less than
    /// [`Window::Time`], and forgets only as fast as new calls come in.
    pub fn window(mut self, window: Window) -> Self {
        self.config.window = window;
        self
    }

    /// Calls in the window before a rate says anything: from 1 to all of a count window. Default 10, or
    /// all of a smaller count window: one failure in two calls is not yet a rate.
    pub fn min_calls(mut self, calls: u32) -> Self {
        self.config.min_calls = Some(calls);
        self
    }

    /// The share of failures in the window that opens the breaker: more than 0, at most 1. No default:
    /// without it there is no such rule.
    pub fn failure_rate(mut self, rate: f64) -> Self {
        self.config.failure_rate = Some(rate);
        self
    }

    /// How long a call takes to be slow; longer than zero. No default: without it no call is slow. It
    /// costs two looks at the clock a call.
    pub fn slow_call_duration(mut self, duration: Duration) -> Self {
        self.config.slow_call_duration = Some(duration);
        self
    }

    /// The share of slow calls in the window that opens the breaker: more than 0, at most 1; needs
    /// `slow_call_duration`. Calls still in flight count as soon as they have taken that long, so that a
    /// dependency that hangs trips it too. No default: without it there is no such rule.
    pub fn slow_call_rate(mut self, rate: f64) -> Self {
        self.config.slow_call_rate = Some(rate);
        self
    }

    /// How long an open breaker rejects before it lets a probe through; longer than zero.
    /// Default 30 s.
    pub fn open_for(mut self, open_for: Duration) -> Self {
        self.config.open_for = open_for;
        self
    }

    /// By how much the open time grows each time the breaker opens again before it was closed for
    /// `open_for_reset_after`: at least 1. Default 1, a constant open time; with 2, one of 30 s becomes 60 s,
    /// 120 s and so on up to `max_open_for`.
    pub fn open_for_multiplier(mut self, multiplier: f64) -> Self {
        self.config.open_for_multiplier = multiplier;
        self
    }

    /// The longest an open time may grow, jitter included; at least `open_for`. Default 5 min. Without
    /// multiplier and jitter it does not matter.
    pub fn max_open_for(mut self, max_open_for: Duration) -> Self {
        self.config.max_open_for = max_open_for;
        self
    }

    /// The share by which each open time varies at random, up and down; at least 0, less than 1.
    /// Default 0. With 0.1 the probes of many instances do not arrive in the same moment.
    pub fn open_for_jitter(mut self, share: f64) -> Self {
        self.config.open_for_jitter = share;
        self
    }

    /// How long the breaker must have been closed for the next open time to be `open_for` again.
    /// Default 60 s; zero means that closing is enough.
    pub fn open_for_reset_after(mut self, closed_for: Duration) -> Self {
        self.config.open_for_reset_after = closed_for;
        self
    }

    /// Probes in flight at the same time while half-open, at least 1. Default 1: the gentlest
    /// way to ask a struggling dependency how it is.
    pub fn max_probes(mut self, probes: u32) -> Self {
        self.config.max_probes = probes;
        self
    }

    /// Successful probes that close a half-open breaker, at least 1. Default 3: one good answer
    /// out of a restarting dependency is no proof yet. Any failed probe opens it again, and, with a
    /// `slow_call_rate`, any slow one.
    pub fn success_threshold(mut self, successes: u32) -> Self {
        self.config.success_threshold = successes;
        self
    }

    /// Judges probes by their rate of failure instead: once `half_open_calls` have come back, the breaker
    /// opens again if at least this share failed, and closes if not; more than 0, at most 1. With a
    /// `slow_call_rate`, a slow probe is one that failed. No default: without it `success_threshold`
    /// decides.
    pub fn half_open_failure_rate(mut self, rate: f64) -> Self {
        self.config.half_open_failure_rate = Some(rate);
        self
    }

    /// Results of probes that `half_open_failure_rate` is taken of, at least 1. Default 10.
    pub fn half_open_calls(mut self, calls: u32) -> Self {
        self.config.half_open_calls = calls;
        self
    }

    /// How long probes that do not come back may block a half-open breaker; longer than zero.
    /// Counted from the newest probe, once all places are taken; then the breaker opens again and
    /// the lost probes no longer matter. Default 30 s.
    pub fn half_open_max(mut self, half_open_max: Duration) -> Self {
        self.config.half_open_max = half_open_max;
        self
    }

    /// How long after closing the breaker takes to let every call through: it begins with one in ten and
    /// lets a growing share pass. Default zero: all at once.
    pub fn ramp_up(mut self, ramp_up: Duration) -> Self {
        self.config.ramp_up = ramp_up;
        self
    }

    /// What a call that is dropped before it ends counts as. Default [`AbandonedAs::Ignored`].
    pub fn abandoned_as(mut self, abandoned_as: AbandonedAs) -> Self {
        self.config.abandoned_as = abandoned_as;
        self
    }

    /// Reads the processor's time stamp counter, through the crate quanta, instead of the operating
    /// system's clock: less than half the cost, where a time window, slow calls or an open breaker need
    /// the time. The counter is calibrated when the first such breaker of the process is built, which takes
    /// some milliseconds. `tokio::time::pause()` does not stop it.
    #[cfg(feature = "quanta")]
    #[cfg_attr(docsrs, doc(cfg(feature = "quanta")))]
    pub fn fast_clock(mut self) -> Self {
        self.clock = Clock::Fast;
        self
    }

    /// Adds an observer of transitions and rejections; may be called more than once. One that does not want
    /// to hear of each rejection should say so ([`Observer::hears_rejections`]): an open breaker then rejects
    /// without a lock.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Builds the breaker, closed and with all counts at zero.
    ///
    /// # Errors
    /// [`ConfigError`] lists every field that breaks its rule: an empty name, a threshold or probe
    /// limit of zero, a duration of zero, a rate that is none, fields that contradict each other.
    pub fn build(self) -> Result<CircuitBreaker, ConfigError> {
        let fields = self.broken_fields();
        if fields.is_empty() {
            let name = Arc::clone(&self.name);
            Ok(self.into_template().make(name))
        } else {
            Err(ConfigError::new(self.name, fields))
        }
    }

    /// The same settings and observers under another name.
    pub(crate) fn named(mut self, name: Arc<str>) -> Self {
        self.name = name;
        self
    }

    pub(crate) fn broken_fields(&self) -> Vec<FieldError> {
        let mut fields = self.config.broken_fields();
        if self.name.is_empty() {
            let error = FieldError::new("name", &self.name, "must not be empty");
            fields.insert(0, error);
        }
        fields
    }

    /// What to make breakers from. There must be no broken fields.
    pub(crate) fn into_template(self) -> Template {
        let hears_rejections = self.observers.iter().any(|each| each.hears_rejections());
        Template {
            settings: Arc::new(Settings::new(self.config)),
            clock: self.clock,
            observers: self.observers.into(),
            hears_rejections,
        }
    }
}

/// Makes breakers that are alike but for their names, and share their settings.
pub(crate) struct Template {
    settings: Arc<Settings>,
    clock: Clock,
    observers: Observers,
    /// Asked of the observers only once, for this runs code of others.
    hears_rejections: bool,
}

impl Template {
    pub(crate) fn make(&self, name: Arc<str>) -> CircuitBreaker {
        let breaker = CircuitBreaker::new(name, Arc::clone(&self.settings), self.clock);
        if !self.observers.is_empty() {
            let observers = Arc::clone(&self.observers);
            let shared = breaker.shared();
            let mut machine = shared.machine.lock();
            machine.set_observers(&shared.door, observers, self.hears_rejections);
        }
        breaker
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template")
            .field("config", &self.settings.config)
            .field("observers", &self.observers.len())
            .finish()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("config", &self.config)
            .field("observers", &self.observers.len())
            .finish()
    }
}
