//! Settings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use steadfast_health::Monitor;
use steadfast_telemetry::{EventKind, Telemetry};

use crate::controls::Controls;
use crate::dashboard::Dashboard;
use crate::error::{ConfigError, FieldError};
use crate::hosts::Host;

/// When something is a warning.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Thresholds {
    /// How long a circuit breaker may be open. Default: 5 minutes.
    pub open_for: Duration,
    /// Retries for each call of the last minute. Default: 0.1.
    pub retry_share: f64,
    /// The share of a bulkhead's places that may be taken. Default: 0.9.
    pub bulkhead_use: f64,
    /// For how long more of them may be taken. Default: 5 seconds.
    pub bulkhead_for: Duration,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            open_for: Duration::from_secs(300),
            retry_share: 0.1,
            bulkhead_use: 0.9,
            bulkhead_for: Duration::from_secs(5),
        }
    }
}

/// What can be set.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) service: String,
    pub(crate) version: Option<String>,
    pub(crate) thresholds: Thresholds,
    pub(crate) max_streams: usize,
    pub(crate) max_stream_age: Duration,
    pub(crate) events: usize,
    pub(crate) kinds: Vec<EventKind>,
    /// `None` is any.
    pub(crate) hosts: Option<Vec<Host>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            service: String::new(),
            version: None,
            thresholds: Thresholds::default(),
            max_streams: 64,
            max_stream_age: Duration::from_secs(600),
            events: 1024,
            kinds: EventKind::ALL.to_vec(),
            hosts: None,
        }
    }
}

/// More would be of no use, and would be allocated at once.
const MOST_EVENTS: usize = 1_000_000;

/// More clients than this is not what a page for operators is for.
const MOST_STREAMS: usize = 100_000;

const HOST_RULE: &str = "must be a host's name in ASCII or its address, without a port";

/// Builds a [`Dashboard`].
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use steadfast_dashboard::Dashboard;
/// use steadfast_telemetry::Telemetry;
///
/// let telemetry = Telemetry::builder().history(500).build()?;
/// let dashboard = Dashboard::builder(&telemetry)
///     .service("orders")
///     .version(env!("CARGO_PKG_VERSION"))
///     .max_streams(16)
///     .max_stream_age(Duration::from_secs(300))
///     .build()?;
/// # drop(dashboard);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct Builder {
    telemetry: Telemetry,
    monitor: Option<Monitor>,
    controls: Option<Controls>,
    /// As they were given.
    hosts: Option<Vec<String>>,
    settings: Settings,
}

impl Builder {
    pub(crate) fn new(telemetry: &Telemetry) -> Self {
        Self {
            telemetry: telemetry.clone(),
            monitor: None,
            controls: None,
            hosts: None,
            settings: Settings::default(),
        }
    }

    /// The monitor whose checks are shown, and that `health` answers for. Default: none, and `health` is 404.
    pub fn health(mut self, monitor: &Monitor) -> Self {
        self.monitor = Some(monitor.clone());
        self
    }

    /// What the service is called. Default: the monitor's name, or `service`.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.settings.service = name.into();
        self
    }

    /// The version of the service. Default: none is shown.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.settings.version = Some(version.into());
        self
    }

    /// When something is a warning. Default: that of [`Thresholds`].
    pub fn thresholds(mut self, thresholds: Thresholds) -> Self {
        self.settings.thresholds = thresholds;
        self
    }

    /// How many pages may be live at once; at least 1, at most 100 000. The others are refused with 503 and when to try
    /// again, and their page asks for snapshots instead. Default: 64.
    pub fn max_streams(mut self, streams: usize) -> Self {
        self.settings.max_streams = streams;
        self
    }

    /// After how long a page has to connect anew, which it does by itself; longer than zero. Default: 10 minutes.
    pub fn max_stream_age(mut self, age: Duration) -> Self {
        self.settings.max_stream_age = age;
        self
    }

    /// How many events the log keeps; at least 1, at most 1 000 000. Default: 1024, of about 300 bytes each.
    pub fn events(mut self, events: usize) -> Self {
        self.settings.events = events;
        self
    }

    /// The kinds of events that the log hears of. Default: all.
    ///
    /// A retry that is made and a caller that waits or is rejected cost more if somebody wants to hear of
    /// it: about a microsecond each. Leave out [`EventKind::Retry`] or [`EventKind::BulkheadCheckout`] where that
    /// matters; rows go on counting them.
    pub fn event_kinds(mut self, kinds: impl IntoIterator<Item = EventKind>) -> Self {
        self.settings.kinds = kinds.into_iter().collect();
        self
    }

    /// The names under which the dashboard answers: each in ASCII, without a port, in any case. A request that names
    /// another one, in `Host`, `:authority` or its target, is refused with 421, whatever it asks for. Default: all are
    /// answered.
    ///
    /// List them wherever the port can be reached without signing in: a page can have its own domain pointed at the
    /// address of the dashboard, and reads it then, and changes what [`Controls`] allow, as if it were of the same
    /// origin. Behind a proxy it is the name that the proxy sends on which matters.
    ///
    /// Requests to an address are always answered, as those of probes and of Prometheus are, and so are those that name
    /// no host at all: no domain can be pointed at anything by them. `localhost` is a name.
    ///
    /// It is not the default, not even with controls: which names are right only you know, and of an
    /// [authoriser](crate::Authorise), which is code, nobody can tell whether it trusts everybody.
    ///
    /// # Examples
    /// ```
    /// use steadfast_dashboard::Dashboard;
    /// use steadfast_telemetry::Telemetry;
    ///
    /// let telemetry = Telemetry::new();
    /// let dashboard = Dashboard::builder(&telemetry)
    ///     .hosts(["ops.example.com", "localhost"])
    ///     .build()?;
    /// # drop(dashboard);
    /// # Ok::<_, steadfast_dashboard::ConfigError>(())
    /// ```
    pub fn hosts(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.hosts = Some(hosts.into_iter().map(Into::into).collect());
        self
    }

    /// What operators may change. Default: nothing; `api/control` is 404.
    pub fn controls(mut self, controls: Controls) -> Self {
        self.controls = Some(controls);
        self
    }

    /// Whether the settings keep their rules, without building anything.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn check(&self) -> Result<(), ConfigError> {
        let mut fields = self.settings.broken();
        let hosts = self.hosts.iter().flatten();
        let bad = hosts.filter(|host| Host::listed(host).is_none());
        fields.extend(bad.map(|host| FieldError::new("hosts", host, HOST_RULE)));
        if fields.is_empty() {
            Ok(())
        } else {
            Err(ConfigError::new(fields))
        }
    }

    /// Builds the dashboard, which begins to listen for events. It does not keep the telemetry alive.
    ///
    /// # Errors
    /// [`ConfigError`] lists every field that breaks its rule.
    pub fn build(mut self) -> Result<Dashboard, ConfigError> {
        self.check()?;
        let hosts = self.hosts.as_ref();
        let read = |host: &String| Host::listed(host);
        self.settings.hosts = hosts.map(|hosts| hosts.iter().filter_map(read).collect());
        if self.settings.service.is_empty() {
            let name = self.monitor.as_ref().map(Monitor::name);
            self.settings.service = name.unwrap_or("service").to_owned();
        }
        let desk = self
            .controls
            .map(|controls| Arc::new(controls.open(&self.telemetry, self.monitor.as_ref())));
        Ok(Dashboard::start(
            &self.telemetry,
            self.monitor,
            desk,
            self.settings,
        ))
    }
}

impl Settings {
    fn broken(&self) -> Vec<FieldError> {
        let mut fields = Vec::new();
        let Thresholds {
            retry_share,
            bulkhead_use,
            ..
        } = self.thresholds;
        for (field, share) in [
            ("thresholds.retry_share", retry_share),
            ("thresholds.bulkhead_use", bulkhead_use),
        ] {
            if !(share.is_finite() && share >= 0.0) {
                fields.push(FieldError::new(field, &share, "must be a number from 0 on"));
            }
        }
        for (field, value, most, rule) in [
            (
                "max_streams",
                self.max_streams,
                MOST_STREAMS,
                "must be from 1 to 100000",
            ),
            (
                "events",
                self.events,
                MOST_EVENTS,
                "must be from 1 to 1000000",
            ),
        ] {
            if !(1..=most).contains(&value) {
                fields.push(FieldError::new(field, &value, rule));
            }
        }
        if self.max_stream_age.is_zero() {
            let rule = "must be longer than zero";
            fields.push(FieldError::new(
                "max_stream_age",
                &self.max_stream_age,
                rule,
            ));
        }
        fields
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("monitor", &self.monitor.as_ref().map(Monitor::name))
            .field("controls", &self.controls)
            .field("hosts", &self.hosts)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
