//! A check before it is registered: its settings and their rules.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::blocking::Blocking;
use crate::builder::{Settings, defaults};
use crate::component::Component;
use crate::config::{CheckConfig, at_least_one, longer_than_zero, names_of_checks};
use crate::error::{ConfigError, FieldError};
use crate::outcome::Outcome;
use crate::status::Importance;
use crate::work::Work;

/// A health check: a name, a closure that looks at one thing, and how to judge it.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use steadfast_health::{Check, Monitor, Outcome};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let monitor = Monitor::builder("orders").build()?;
/// monitor.register(
///     Check::new("cache", || async {
///         match ping().await {
///             Ok(hit_rate) if hit_rate < 0.5 => Outcome::degraded("cache is cold").detail("hit_rate", hit_rate),
///             Ok(_) => Outcome::healthy(),
///             Err(error) => Outcome::unhealthy(error.to_string()),
///         }
///     })
///     .optional()
///     .timeout(Duration::from_secs(1))
///     .unhealthy_after(3),
/// )?;
/// let report = monitor.check_now().await;
/// assert_eq!(report.components[0].message.as_deref(), Some("cache is cold"));
/// # Ok(())
/// # }
/// # async fn ping() -> Result<f64, std::io::Error> { Ok(0.25) }
/// ```
#[must_use = "a check does nothing until it is registered"]
pub struct Check {
    name: Arc<str>,
    work: Work,
    importance: Importance,
    liveness: bool,
    startup: Option<bool>,
    depends_on: Vec<Arc<str>>,
    timeout: Option<Duration>,
    interval: Option<Duration>,
    staleness: Option<Duration>,
    unhealthy_after: u32,
    healthy_after: u32,
}

impl Check {
    /// A required check of this name. The closure is called for every run and answers with an
    /// [`Outcome`] or with a `Result<(), E>` whose error can be displayed.
    ///
    /// The future must not block its thread: a timeout can end only what awaits. An answer that
    /// comes after the timeout all the same counts as a timeout. For what blocks there is
    /// [`blocking`](Self::blocking).
    pub fn new<F, P>(name: impl Into<Arc<str>>, look: F) -> Self
    where
        F: Fn() -> P + Send + Sync + 'static,
        P: Future + Send + 'static,
        P::Output: Into<Outcome>,
    {
        let work = Work::Async(Box::new(move || {
            let looking = look();
            Box::pin(async move { looking.await.into() })
        }));
        Self::of(name.into(), work)
    }

    /// A required check of this name whose closure may block its thread: it reads a file, calls a
    /// C library, asks a driver without async. It runs on tokio's pool of threads for blocking work,
    /// and answers like that of [`new`](Self::new).
    ///
    /// A thread cannot be stopped. At its timeout such a check is unhealthy, and its closure goes
    /// on until it returns, as it does when the run is dropped, the runner stopped or the check
    /// deregistered; its answer then counts for nothing. Until it has returned it is not called
    /// again: each run waits for that, is unhealthy at its own timeout, and says since when the
    /// thread has been blocked. So a check that hangs for ever costs one thread, and not one more
    /// every interval. Better still, give what it calls a timeout of its own; a runtime that is
    /// dropped waits for the closure, too (`Runtime::shutdown_timeout` does not).
    ///
    /// # Examples
    /// ```
    /// use steadfast_health::{Check, Monitor, Outcome, Status};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let monitor = Monitor::builder("orders").build()?;
    /// monitor.register(Check::blocking("spool", || std::fs::read_dir(".").map(drop)))?;
    /// assert_eq!(monitor.check_now().await.status, Status::Healthy);
    /// # Ok(())
    /// # }
    /// ```
    pub fn blocking<F, O>(name: impl Into<Arc<str>>, look: F) -> Self
    where
        F: Fn() -> O + Send + Sync + 'static,
        O: Into<Outcome>,
    {
        let work = Work::Blocking(Blocking::new(move || look().into()));
        Self::of(name.into(), work)
    }

    fn of(name: Arc<str>, work: Work) -> Self {
        Self {
            name,
            work,
            importance: Importance::default(),
            liveness: defaults::LIVENESS,
            startup: None,
            depends_on: Vec::new(),
            timeout: None,
            interval: None,
            staleness: None,
            unhealthy_after: defaults::UNHEALTHY_AFTER,
            healthy_after: defaults::HEALTHY_AFTER,
        }
    }

    /// Gives the check another name: the ready-made ones bring theirs.
    pub fn renamed(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = name.into();
        self
    }

    /// The service cannot work without it. The default.
    pub fn required(mut self) -> Self {
        self.importance = Importance::Required;
        self
    }

    /// The service can work without it: it degrades the service at most.
    pub fn optional(mut self) -> Self {
        self.importance = Importance::Optional;
        self
    }

    /// How long one run may take before it is dropped and counts as unhealthy; longer than zero.
    /// Default: the monitor's.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The time from the start of one run to the start of the next, give or take the monitor's
    /// jitter; longer than zero. Default: the monitor's.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// How long a result stands before the component becomes [`Status::Unknown`](crate::Status::Unknown);
    /// longer than one interval with its jitter plus the timeout. Default: three intervals plus the
    /// timeout, so that one lost run is no alarm.
    pub fn staleness(mut self, staleness: Duration) -> Self {
        self.staleness = Some(staleness);
        self
    }

    /// Results in a row, each at least that bad, before the component's status gets worse; at
    /// least 1. Default 1: every bad result shows at once.
    pub fn unhealthy_after(mut self, results: u32) -> Self {
        self.unhealthy_after = results;
        self
    }

    /// Results in a row, each at least that good, before the component's status gets better; at
    /// least 1. Default 1: every good result shows at once.
    pub fn healthy_after(mut self, results: u32) -> Self {
        self.healthy_after = results;
        self
    }

    /// Whether the component counts for liveness as well as for readiness. Default `false`: a dead
    /// dependency is no reason to restart this process.
    pub fn liveness(mut self, liveness: bool) -> Self {
        self.liveness = liveness;
        self
    }

    /// Whether the service has come up only when this component has: when it was healthy or degraded
    /// once. Default: required components count, optional ones do not. One that counts is waited for,
    /// optional or not.
    pub fn startup(mut self, startup: bool) -> Self {
        self.startup = Some(startup);
        self
    }

    /// The names of checks without which this one makes no sense; may be called more than once.
    ///
    /// While one of them is unhealthy, unknown or not registered, this check is not run. It is
    /// [`Status::Unknown`](crate::Status::Unknown), and its message says what it waits for: a second
    /// alarm would only hide the first. When they are all back it runs at once, and what it had
    /// found before counts no more. A degraded one is as good as a healthy one here.
    ///
    /// They may be registered later. What a required check depends on counts as required, too.
    ///
    /// # Examples
    /// ```
    /// use steadfast_health::{Check, Monitor, Outcome, Status};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let monitor = Monitor::builder("orders").build()?;
    /// monitor.register(Check::new("migrations", || async { Outcome::healthy() }).depends_on(["db"]))?;
    /// monitor.register(Check::new("db", || async { Outcome::unhealthy("refused") }))?;
    ///
    /// let report = monitor.check_now().await;
    /// let migrations = report.component("migrations").unwrap();
    /// assert_eq!(migrations.status, Status::Unknown);
    /// assert_eq!(migrations.message.as_deref(), Some("waits for db, which is unhealthy"));
    /// assert_eq!(report.readiness, Status::Unhealthy);
    /// # Ok(())
    /// # }
    /// ```
    pub fn depends_on<N: Into<Arc<str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        for name in names {
            let name = name.into();
            if !self.depends_on.contains(&name) {
                self.depends_on.push(name);
            }
        }
        self
    }

    /// Takes settings from plain data: what is given there replaces what was set before.
    pub fn config(mut self, config: CheckConfig) -> Self {
        let CheckConfig {
            importance,
            liveness,
            startup,
            depends_on,
            timeout,
            interval,
            staleness,
            unhealthy_after,
            healthy_after,
        } = config;
        self.importance = importance.unwrap_or(self.importance);
        self.liveness = liveness.unwrap_or(self.liveness);
        self.startup = startup.or(self.startup);
        self.timeout = timeout.or(self.timeout);
        self.interval = interval.or(self.interval);
        self.staleness = staleness.or(self.staleness);
        self.unhealthy_after = unhealthy_after.unwrap_or(self.unhealthy_after);
        self.healthy_after = healthy_after.unwrap_or(self.healthy_after);
        match depends_on {
            Some(names) => {
                self.depends_on.clear();
                self.depends_on(names)
            }
            None => self,
        }
    }

    /// Fills in the monitor's settings and holds the result against the rules.
    pub(crate) fn resolve(self, monitor: &Settings) -> Result<Component, ConfigError> {
        let interval = self.interval.unwrap_or(monitor.interval);
        let timeout = self.timeout.unwrap_or(monitor.timeout);
        let staleness = self.staleness.unwrap_or_else(|| {
            interval
                .saturating_mul(defaults::STALE_INTERVALS)
                .saturating_add(timeout)
        });
        let mut fields = Vec::new();
        if self.name.is_empty() {
            fields.push(FieldError::new("name", &self.name, "must not be empty"));
        }
        for (field, duration) in [("timeout", timeout), ("interval", interval)] {
            fields.extend(longer_than_zero(field, duration));
        }
        if self.staleness.is_some() && staleness <= longest_gap(interval, monitor.jitter, timeout) {
            fields.push(FieldError::new(
                "staleness",
                &staleness,
                "must be longer than one interval with its jitter plus the timeout",
            ));
        }
        for (field, results) in [
            ("unhealthy_after", self.unhealthy_after),
            ("healthy_after", self.healthy_after),
        ] {
            fields.extend(at_least_one(field, results));
        }
        fields.extend(names_of_checks(&self.depends_on));
        if !fields.is_empty() {
            return Err(ConfigError::new("health check", self.name, fields));
        }
        let rules = Rules {
            importance: self.importance,
            liveness: self.liveness,
            startup: self
                .startup
                .unwrap_or(self.importance == Importance::Required),
            depends_on: self.depends_on.into(),
            timeout,
            interval,
            staleness,
            unhealthy_after: self.unhealthy_after,
            healthy_after: self.healthy_after,
        };
        Ok(Component::new(self.name, rules, self.work))
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("importance", &self.importance)
            .field("liveness", &self.liveness)
            .field("startup", &self.startup)
            .field("depends_on", &self.depends_on)
            .field("timeout", &self.timeout)
            .field("interval", &self.interval)
            .field("staleness", &self.staleness)
            .field("unhealthy_after", &self.unhealthy_after)
            .field("healthy_after", &self.healthy_after)
            .finish_non_exhaustive()
    }
}

/// How a registered check is run and judged: its own settings with the monitor's filled in.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) importance: Importance,
    pub(crate) liveness: bool,
    pub(crate) startup: bool,
    pub(crate) depends_on: Arc<[Arc<str>]>,
    pub(crate) timeout: Duration,
    pub(crate) interval: Duration,
    pub(crate) staleness: Duration,
    pub(crate) unhealthy_after: u32,
    pub(crate) healthy_after: u32,
}

/// The longest time between two results of a check that is run as it should be.
fn longest_gap(interval: Duration, jitter: f64, timeout: Duration) -> Duration {
    Duration::try_from_secs_f64(interval.as_secs_f64() * (1.0 + jitter))
        .unwrap_or(Duration::MAX)
        .saturating_add(timeout)
}
