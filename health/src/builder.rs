//! Building a monitor: the settings, their defaults and the rules they must obey.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::about::About;
use crate::config::MonitorConfig;
use crate::error::{ConfigError, FieldError};
use crate::monitor::Monitor;
use crate::observer::Observer;

/// The defaults, in one place; the README's tables are held to them by a test.
pub(crate) mod defaults {
    use std::time::Duration;

    pub(crate) const INTERVAL: Duration = Duration::from_secs(30);
    pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);
    pub(crate) const JITTER: f64 = 0.1;
    pub(crate) const STALE_INTERVALS: u32 = 3;
    pub(crate) const UNHEALTHY_AFTER: u32 = 1;
    pub(crate) const HEALTHY_AFTER: u32 = 1;
    pub(crate) const LIVENESS: bool = false;
}

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) jitter_seed: Option<u64>,
    pub(crate) about: Arc<About>,
}

/// Settings of a [`Monitor`] to be; made by [`Monitor::builder`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    name: Arc<str>,
    config: MonitorConfig,
    settings: Settings,
    observers: Vec<Arc<dyn Observer>>,
}

impl Builder {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            config: MonitorConfig::default(),
            settings: Settings {
                jitter_seed: None,
                about: Arc::default(),
            },
            observers: Vec::new(),
        }
    }

    /// The time from the start of one run of a check to the start of the next, for checks that do
    /// not set their own; longer than zero. Default 30 s: often enough for a load balancer, seldom
    /// enough for a database with many clients.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.config.interval = interval;
        self
    }

    /// How long one run may take, for checks that do not set their own; longer than zero.
    /// Default 5 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.config.timeout = timeout;
        self
    }

    /// The share of the interval by which each wait is randomly longer or shorter, from 0 to 1.
    /// Default 0.1: a fleet that was started at once does not ask its database at once for ever.
    pub fn jitter(mut self, share: f64) -> Self {
        self.config.jitter = share;
        self
    }

    /// Makes the jitter repeatable. Default: seeded from the operating system.
    pub fn jitter_seed(mut self, seed: u64) -> Self {
        self.settings.jitter_seed = Some(seed);
        self
    }

    /// Takes interval, timeout and jitter from plain data.
    pub fn config(mut self, config: MonitorConfig) -> Self {
        self.config = config;
        self
    }

    /// What identifies the service in the JSON of reports, its `serviceId`. Default: the name.
    pub fn service_id(mut self, service_id: impl Into<Arc<str>>) -> Self {
        self.about().service_id = Some(service_id.into());
        self
    }

    /// The public version of the service, which changes with its interface, for the JSON of reports.
    /// Default: none.
    pub fn version(mut self, version: impl Into<Arc<str>>) -> Self {
        self.about().version = Some(version.into());
        self
    }

    /// What was released, for the JSON of reports: `env!("CARGO_PKG_VERSION")`, or a commit.
    /// Default: none.
    pub fn release_id(mut self, release_id: impl Into<Arc<str>>) -> Self {
        self.about().release_id = Some(release_id.into());
        self
    }

    /// What the service is, in words for people, for the JSON of reports. Default: none.
    pub fn description(mut self, description: impl Into<Arc<str>>) -> Self {
        self.about().description = Some(description.into());
        self
    }

    fn about(&mut self) -> &mut About {
        Arc::make_mut(&mut self.settings.about)
    }

    /// Adds an observer of runs and changes; may be called more than once.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Builds the monitor, with no checks yet.
    ///
    /// # Errors
    /// [`ConfigError`] lists every field that breaks its rule: an empty name, a duration of zero, a
    /// jitter that is not a number from 0 to 1.
    pub fn build(self) -> Result<Monitor, ConfigError> {
        let fields = self.broken_fields();
        if fields.is_empty() {
            Ok(Monitor::new(
                self.name,
                self.config,
                self.settings,
                self.observers,
            ))
        } else {
            Err(ConfigError::new("health monitor", self.name, fields))
        }
    }

    fn broken_fields(&self) -> Vec<FieldError> {
        let mut fields = Vec::new();
        if self.name.is_empty() {
            fields.push(FieldError::new("name", &self.name, "must not be empty"));
        }
        self.config.check(&mut fields);
        fields
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("config", &self.config)
            .field("settings", &self.settings)
            .field("observers", &self.observers.len())
            .finish()
    }
}
