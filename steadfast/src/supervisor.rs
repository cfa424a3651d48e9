//! Everything of a configuration: built, kept running, read again and brought to an end.

mod about;
mod access;
mod builder;
mod change;
mod clock;
mod contain;
mod error;
mod file;
mod global;
mod health;
mod metrics;
mod plan;
mod reload;
mod reporter;
#[cfg(feature = "dashboard")]
mod server;
mod set;
mod shutdown;
mod signals;
mod snapshot;
mod start;
mod switches;
mod tasks;
mod telling;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use steadfast_health::{Monitor, Runner};
use steadfast_telemetry::Telemetry;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use builder::Builder;
pub use change::Change;
pub use error::{Problem, ReloadError, StartError, UnknownName};
pub use reload::ReloadReport;
pub use shutdown::{ShutdownReport, Step};
pub use snapshot::Snapshot;
pub use tasks::{Restarts, SpawnError, Stop, TaskSnapshot, TaskState, Tasks, TasksReport};

use crate::config::{Config, Loader};
use about::About;
#[cfg(feature = "amqp")]
pub(crate) use plan::AMQP;
#[cfg(feature = "http")]
pub(crate) use plan::HTTP;
pub(crate) use plan::LLM;
use plan::Plan;
use set::Set;

/// Everything that a [`Config`] says, built and running: named circuit breakers, retries, bulkheads and HTTP
/// clients, the AMQP connection, a health monitor that checks all of these, telemetry that watches them, a
/// reporter, and the dashboard if it is asked for.
///
/// ```text
///  file, environment ─▶ Config ─▶ start ─▶ running ◀──┐ reload: in place, counts are kept
///                                             │  └─────┘
///                                             ▼ SIGTERM, SIGINT, shutdown()
///      not ready ─▶ no intake ─▶ bulkheads drain ─▶ AMQP ─▶ HTTP ─▶ tasks ─▶ telemetry
/// ```
///
/// Starting is all or nothing: what was started is taken down again when a later part fails.
///
/// A handle: cloning it is cheap, and all clones are one supervisor. With the last one all that it runs is
/// aborted; [`shutdown`](Self::shutdown) first, so that what is under way can finish.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use steadfast::config::Config;
/// use steadfast::supervisor::Supervisor;
///
/// let mut config = Config::default();
/// config.retry.max_attempts = 2;
/// let supervisor = Supervisor::start(config).await?;
///
/// let places = supervisor.bulkhead("llm_requests")?;
/// assert_eq!(places.config().max_concurrent, 10);
///
/// let error = supervisor.bulkhead("lmm_requests").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "there is no bulkhead named lmm_requests; there are: amqp_channels, http_connections, llm_requests",
/// );
///
/// let report = supervisor.shutdown().await;
/// assert!(report.is_clean(), "{report}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Supervisor {
    shared: Arc<Shared>,
}

struct Shared {
    set: RwLock<Arc<Set>>,
    running: Mutex<Running>,
    /// Whoever changes settings or modes has it: two never do at a time. Never held while anything is waited for.
    turn: tokio::sync::Mutex<()>,
    origin: Option<file::Origin>,
    about: Arc<About>,
    monitor: Monitor,
    runner: Mutex<Option<Runner>>,
    telemetry: Telemetry,
    #[cfg(feature = "otlp")]
    otlp: Option<steadfast_telemetry::Otlp>,
    #[cfg(feature = "amqp")]
    amqp: Option<crate::amqp::ResilientConnection>,
    #[cfg(feature = "dashboard")]
    dashboard: Option<server::Served>,
    /// The user's.
    tasks: Tasks,
    /// The supervisor's own.
    own: Tasks,
    snapshots: watch::Sender<Arc<Snapshot>>,
    report_every: watch::Sender<Duration>,
    /// Cancelled when the shutdown begins.
    stopping: CancellationToken,
    /// Tells when it is over.
    ending: OnceLock<watch::Receiver<Option<Arc<ShutdownReport>>>>,
    /// Makes an end of the shutdown itself.
    hurry: CancellationToken,
}

/// The settings in force.
struct Running {
    /// As they were loaded last.
    config: Arc<Config>,
    /// The same with the sections of what is retired and in use.
    whole: Arc<Config>,
    plan: Arc<Plan>,
    /// As they are: what needs a restart is as it was.
    json: Arc<serde_json::Value>,
}

impl Supervisor {
    /// Starts everything that `config` says. There is no file to read again; see
    /// [`apply`](Self::apply).
    ///
    /// # Errors
    /// [`StartError`], with the parts that could not be started. What was started before is taken down again.
    ///
    /// # Panics
    /// Outside a tokio runtime with a timer, and with I/O for the AMQP connection and the dashboard.
    ///
    /// # Cancel safety
    /// Dropping the future takes down what was started.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::builder().config(config).start().await
    }

    /// Starts everything that a file and the environment say, and reads them again when the file changes.
    ///
    /// # Errors
    /// [`StartError`], also with everything that is wrong with the file, line by line.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    ///
    /// # Cancel safety
    /// Dropping the future takes down what was started.
    pub async fn from_file(path: impl Into<PathBuf>) -> Result<Self, StartError> {
        Self::builder().file(path).start().await
    }

    /// The same with the file that the variable `STEADFAST_CONFIG` names, or else `steadfast.toml` if there is
    /// one.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    ///
    /// # Panics
    /// As [`start`](Self::start).
    ///
    /// # Cancel safety
    /// Dropping the future takes down what was started.
    pub async fn from_env() -> Result<Self, StartError> {
        Self::builder().loader(Loader::of_process()).start().await
    }

    /// Starts what is to be started in another way: from a file that is read again when it changes, with a
    /// topology for the broker, with a handler for who may operate the dashboard.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// A handle that does not keep the supervisor alive.
    fn downgrade(&self) -> Weak<Shared> {
        Arc::downgrade(&self.shared)
    }
}

impl Shared {
    fn set(&self) -> Arc<Set> {
        Arc::clone(&self.set.read())
    }

    fn grace(&self) -> Duration {
        self.running.lock().config.shutdown.grace
    }

    fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }
}

impl Drop for Shared {
    /// Handles of tasks may be out; the tasks are not to outlive the supervisor.
    fn drop(&mut self) {
        self.own.abort();
        self.tasks.abort();
        #[cfg(feature = "dashboard")]
        if let Some(dashboard) = &self.dashboard {
            dashboard.end();
        }
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = &self.shared;
        let set = shared.set();
        let mut debug = f.debug_struct("Supervisor");
        debug
            .field("service", &shared.about.service())
            .field("breakers", &set.breakers.keys())
            .field("retries", &set.retries.keys())
            .field("bulkheads", &set.bulkheads.keys());
        #[cfg(feature = "http")]
        debug.field("http_clients", &set.clients.keys());
        debug
            .field("switched_off", &shared.about.switches().off())
            .field("stopping", &shared.is_stopping())
            .finish_non_exhaustive()
    }
}
