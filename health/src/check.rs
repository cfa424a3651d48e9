//! A check before it is registered: its settings and their rules.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::blocking::Blocking;
use crate::builder::defaults;
use crate::component::Component;
use crate::config::CheckConfig;
use crate::outcome::Outcome;
use crate::rules::{Rules, Said};
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
    said: Said,
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
            said: Said::default(),
        }
    }

    /// Gives the check another name: the ready-made ones bring theirs.
    pub fn renamed(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = name.into();
        self
    }

    /// The service cannot work without it. The default.
    pub fn required(mut self) -> Self {
        self.said.code.importance = Some(Importance::Required);
        self.said.config.importance = None;
        self
    }

    /// The service can work without it: it degrades the service at most.
    pub fn optional(mut self) -> Self {
        self.said.code.importance = Some(Importance::Optional);
        self.said.config.importance = None;
        self
    }

    /// How long one run may take before it is dropped and counts as unhealthy; longer than zero.
    /// Default: the monitor's.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.said.code.timeout = Some(timeout);
        self.said.config.timeout = None;
        self
    }

    /// The time from the start of one run to the start of the next, give or take the monitor's
    /// jitter; longer than zero. Default: the monitor's.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.said.code.interval = Some(interval);
        self.said.config.interval = None;
        self
    }

    /// How long a result stands before the component becomes [`Status::Unknown`](crate::Status::Unknown);
    /// longer than one interval with its jitter plus the timeout. Default: three intervals plus the
    /// timeout, so that one lost run is no alarm.
    pub fn staleness(mut self, staleness: Duration) -> Self {
        self.said.code.staleness = Some(staleness);
        self.said.config.staleness = None;
        self
    }

    /// Results in a row, each at least that bad, before the component's status gets worse; at
    /// least 1. Default 1: every bad result shows at once.
    pub fn unhealthy_after(mut self, results: u32) -> Self {
        self.said.code.unhealthy_after = Some(results);
        self.said.config.unhealthy_after = None;
        self
    }

    /// Results in a row, each at least that good, before the component's status gets better; at
    /// least 1. Default 1: every good result shows at once.
    pub fn healthy_after(mut self, results: u32) -> Self {
        self.said.code.healthy_after = Some(results);
        self.said.config.healthy_after = None;
        self
    }

    /// Whether the component counts for liveness as well as for readiness. Default `false`: a dead
    /// dependency is no reason to restart this process.
    pub fn liveness(mut self, liveness: bool) -> Self {
        self.said.code.liveness = Some(liveness);
        self.said.config.liveness = None;
        self
    }

    /// Whether the service has come up only when this component has: when it was healthy or degraded
    /// once. Default: required components count, optional ones do not. One that counts is waited for,
    /// optional or not.
    pub fn startup(mut self, startup: bool) -> Self {
        self.said.code.startup = Some(startup);
        self.said.config.startup = None;
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
        let Said { code, config } = &mut self.said;
        // Adds to what a config has put in the place of what the code had said.
        let list = match &mut config.depends_on {
            Some(list) => list,
            None => code.depends_on.get_or_insert_default(),
        };
        for name in names {
            let name = name.into();
            if !list.contains(&name) {
                list.push(name);
            }
        }
        self
    }

    /// Takes settings from plain data: what is given there replaces what was set before.
    /// [`Monitor::reconfigure`](crate::Monitor::reconfigure) replaces all that was given here by something else.
    pub fn config(mut self, config: CheckConfig) -> Self {
        self.said.config = config.over(&self.said.config);
        self
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn said(&self) -> &Said {
        &self.said
    }

    /// The component that this is by these rules, which are its own.
    pub(crate) fn component(self, rules: Rules) -> Component {
        Component::new(self.name, self.said, rules, self.work)
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = self.said.whole();
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("importance", &said.importance.unwrap_or_default())
            .field("liveness", &said.liveness.unwrap_or(defaults::LIVENESS))
            .field("startup", &said.startup)
            .field("depends_on", &said.depends_on.unwrap_or_default())
            .field("timeout", &said.timeout)
            .field("interval", &said.interval)
            .field("staleness", &said.staleness)
            .field(
                "unhealthy_after",
                &said.unhealthy_after.unwrap_or(defaults::UNHEALTHY_AFTER),
            )
            .field(
                "healthy_after",
                &said.healthy_after.unwrap_or(defaults::HEALTHY_AFTER),
            )
            .finish_non_exhaustive()
    }
}
