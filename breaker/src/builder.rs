//! Building a breaker: the settings, their defaults and the rules they must obey.

use std::sync::Arc;
use std::time::Duration;

use crate::breaker::CircuitBreaker;
use crate::error::{ConfigError, FieldError};
use crate::observer::Observer;

/// The defaults, in one place; the README's table is held to them by a test.
pub(crate) mod defaults {
    use std::time::Duration;

    pub(crate) const FAILURE_THRESHOLD: u32 = 5;
    pub(crate) const SUCCESS_THRESHOLD: u32 = 3;
    pub(crate) const OPEN_FOR: Duration = Duration::from_secs(30);
    pub(crate) const RESET_TIMEOUT: Duration = Duration::from_secs(60);
    pub(crate) const MAX_PROBES: u32 = 1;
    pub(crate) const HALF_OPEN_MAX: Duration = Duration::from_secs(30);
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

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) failure_threshold: u32,
    pub(crate) success_threshold: u32,
    pub(crate) open_for: Duration,
    pub(crate) reset_timeout: Duration,
    pub(crate) max_probes: u32,
    pub(crate) half_open_max: Duration,
    pub(crate) abandoned_as: AbandonedAs,
}

/// Settings of a [`CircuitBreaker`] to be; made by [`CircuitBreaker::builder`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    name: Arc<str>,
    settings: Settings,
    observers: Vec<Arc<dyn Observer>>,
}

impl Builder {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            settings: Settings {
                failure_threshold: defaults::FAILURE_THRESHOLD,
                success_threshold: defaults::SUCCESS_THRESHOLD,
                open_for: defaults::OPEN_FOR,
                reset_timeout: defaults::RESET_TIMEOUT,
                max_probes: defaults::MAX_PROBES,
                half_open_max: defaults::HALF_OPEN_MAX,
                abandoned_as: AbandonedAs::default(),
            },
            observers: Vec::new(),
        }
    }

    /// Failures in a row that open the breaker, at least 1. Default 5: fewer would trip on a
    /// single unlucky burst, more keep sending calls into a dead dependency.
    pub fn failure_threshold(mut self, failures: u32) -> Self {
        self.settings.failure_threshold = failures;
        self
    }

    /// Successful probes that close a half-open breaker, at least 1. Default 3: one good answer
    /// out of a restarting dependency is no proof yet.
    pub fn success_threshold(mut self, successes: u32) -> Self {
        self.settings.success_threshold = successes;
        self
    }

    /// How long an open breaker rejects before it lets a probe through; longer than zero.
    /// Default 30 s.
    pub fn open_for(mut self, open_for: Duration) -> Self {
        self.settings.open_for = open_for;
        self
    }

    /// How long after the last failure a run of failures is forgotten; longer than zero.
    /// Default 60 s: five failures spread over a day are not an outage.
    pub fn reset_timeout(mut self, reset_timeout: Duration) -> Self {
        self.settings.reset_timeout = reset_timeout;
        self
    }

    /// Probes in flight at the same time while half-open, at least 1. Default 1: the gentlest
    /// way to ask a struggling dependency how it is.
    pub fn max_probes(mut self, probes: u32) -> Self {
        self.settings.max_probes = probes;
        self
    }

    /// How long probes that do not come back may block a half-open breaker; longer than zero.
    /// Counted from the newest probe, once all places are taken; then the breaker opens again and
    /// the lost probes no longer matter. Default 30 s.
    pub fn half_open_max(mut self, half_open_max: Duration) -> Self {
        self.settings.half_open_max = half_open_max;
        self
    }

    /// What a call that is dropped before it ends counts as. Default [`AbandonedAs::Ignored`].
    pub fn abandoned_as(mut self, abandoned_as: AbandonedAs) -> Self {
        self.settings.abandoned_as = abandoned_as;
        self
    }

    /// Adds an observer of transitions and rejections; may be called more than once.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Builds the breaker, closed and with all counts at zero.
    ///
    /// # Errors
    /// [`ConfigError`] lists every field that breaks its rule: an empty name, a threshold or probe
    /// limit of zero, a duration of zero.
    pub fn build(self) -> Result<CircuitBreaker, ConfigError> {
        let fields = self.broken_fields();
        if fields.is_empty() {
            Ok(self.build_checked())
        } else {
            Err(ConfigError::new(self.name, fields))
        }
    }

    /// Builds from settings that are known to have no broken fields.
    pub(crate) fn build_checked(self) -> CircuitBreaker {
        CircuitBreaker::new(self.name, self.settings, self.observers)
    }

    /// The same settings and observers under another name.
    pub(crate) fn named(mut self, name: Arc<str>) -> Self {
        self.name = name;
        self
    }

    pub(crate) fn broken_fields(&self) -> Vec<FieldError> {
        let settings = &self.settings;
        let mut fields = Vec::new();
        if self.name.is_empty() {
            fields.push(FieldError::new("name", &self.name, "must not be empty"));
        }
        for (field, count) in [
            ("failure_threshold", settings.failure_threshold),
            ("success_threshold", settings.success_threshold),
            ("max_probes", settings.max_probes),
        ] {
            if count == 0 {
                fields.push(FieldError::new(field, &count, "must be at least 1"));
            }
        }
        for (field, duration) in [
            ("open_for", settings.open_for),
            ("reset_timeout", settings.reset_timeout),
            ("half_open_max", settings.half_open_max),
        ] {
            if duration.is_zero() {
                fields.push(FieldError::new(
                    field,
                    &duration,
                    "must be longer than zero",
                ));
            }
        }
        fields
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .field("observers", &self.observers.len())
            .finish()
    }
}
