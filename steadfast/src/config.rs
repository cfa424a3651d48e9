//! The whole set from one file and the environment.
//!
//! ```
//! use std::time::Duration;
//! use steadfast::config::{Loader, describe};
//!
//! let file = "
//!     [circuit_breaker]
//!     timeout = 10000
//!     [circuit_breakers.payments]
//!     failure_rate = 0.5
//! ";
//! let loader = Loader::new().text("steadfast.toml", file);
//! let loaded = loader.variables([("STEADFAST_RETRY__MAX_ATTEMPTS", "3")]).load()?;
//!
//! let payments = &loaded.config().circuit_breakers["payments"];
//! assert_eq!(payments.open_for, Duration::from_secs(10)); // inherited, and `timeout` is its other name
//! assert_eq!(loaded.config().retry.max_attempts, 3);
//! assert_eq!(loaded.origin("circuit_breakers.payments.failure_rate").to_string(), "steadfast.toml:5:5");
//!
//! let told = describe(&loaded).to_string();
//! assert!(told.contains("retry.max_attempts = 3 # STEADFAST_RETRY__MAX_ATTEMPTS"));
//! # Ok::<_, steadfast::config::ConfigErrors>(())
//! ```
//!
//! [`Config::load`] reads what a process has: `steadfast.toml`, or the file that `STEADFAST_CONFIG` names, and
//! the environment.
//!
//! # Sources
//! From the weakest to the strongest:
//!
//! 1. The defaults of each crate, and the bulkheads that are always there.
//! 2. Files in the order in which they were added, up to 1 MiB each. Tables are put together key by key; a list
//!    takes the place of another.
//! 3. Variables: `STEADFAST_`, and the path of the key with `__` for each point. Names have no case. A list is
//!    parted by commas, or TOML in brackets.
//!
//! After that, named components inherit what they do not say: `circuit_breakers.NAME` from `circuit_breaker`,
//! `retries.NAME` from `retry` (a budget key by key), and `http_clients.NAME` from `http_clients.defaults`, as
//! steadfast-http's `ClientsConfig` does it. HTTP clients take nothing from `circuit_breaker` and `retry`: they
//! have defaults of their own. What a source says cannot be unsaid, but by another value; `budget = false` is
//! one.
//!
//! # Values
//! A time is whole milliseconds, or a text like `"1m 30s"`. A rate is a number. The crates' own `Config`s tell
//! the rest: `breaker::Config`, `retry::Config`, `bulkhead::Config` and so on are what is read.
//!
//! # Errors
//! Nothing is clamped and nothing ignored. [`ConfigErrors`] has every problem at once, in the order of the
//! sources: the file with line and column or the variable, the path of the key, the value, and the rule; for a
//! key that is unknown, the one that was probably meant. Values that may be secret are `..`. Problems of a
//! section of defaults are told there, and not again for all that inherit them.
//!
//! A key of a crate whose feature is off is such a problem too. Only variables without `__` that are not even
//! near to one of ours are left alone, since services of the name `steadfast` come with some
//! (`STEADFAST_SERVICE_HOST`); [`describe`](describe()) tells them.
//!
//! # What it does not do
//! It builds nothing, and watches no file: a [`Loader`] can be asked again. TLS for AMQP is set in code.

#[cfg(feature = "amqp")]
mod amqp;
mod describe;
mod error;
mod file;
mod inherit;
mod keys;
mod loader;
mod origin;
mod read;
mod schema;
mod secret;
mod sections;
mod sources;
mod tree;
mod variables;
mod written;

use std::collections::BTreeMap;

use serde::Serialize;

#[cfg(feature = "amqp")]
pub use self::amqp::AmqpConfig;
pub use self::describe::describe;
pub use self::error::{ConfigErrors, Problem};
pub use self::loader::{Loaded, Loader};
pub use self::origin::Origin;
pub use self::schema::schema;
pub use self::secret::Secret;
#[cfg(feature = "dashboard")]
pub use self::sections::DashboardConfig;
#[cfg(feature = "health")]
pub use self::sections::HealthConfig;
#[cfg(feature = "telemetry")]
pub use self::sections::TelemetryConfig;
pub use self::sections::{LlmRequestsConfig, ServiceConfig, ShutdownConfig};

/// Everything that is configured, as plain data: what is not given in any source has its default, and what
/// inherits has inherited.
///
/// The sections of `http`, `amqp`, `health`, `telemetry` and `dashboard` are there if the crate's feature of
/// that name is on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Config {
    /// Kill switch: whether circuit breakers do anything. Default true.
    pub circuit_breakers_enabled: bool,
    /// Kill switch: whether bulkheads limit anything. Default true.
    pub bulkheads_enabled: bool,
    /// Kill switch: whether anything is attempted more than once. Default true.
    pub retry_enabled: bool,
    /// `[service]`: who this is.
    pub service: ServiceConfig,
    /// `[circuit_breaker]`: what holds for all breakers that do not say otherwise.
    pub circuit_breaker: crate::breaker::Config,
    /// `[circuit_breakers.NAME]`: breakers by name, with what they inherit.
    pub circuit_breakers: BTreeMap<String, crate::breaker::Config>,
    /// `[retry]`: what holds for all retries that do not say otherwise.
    pub retry: crate::retry::Config,
    /// `[retries.NAME]`: retries by name, with what they inherit.
    #[serde(serialize_with = "written::retries")]
    pub retries: BTreeMap<String, crate::retry::Config>,
    /// `[bulkheads.NAME]`: bulkheads by name. `amqp_channels`, `http_connections` and `llm_requests` are
    /// always there.
    pub bulkheads: BTreeMap<String, crate::bulkhead::Config>,
    /// `[llm_requests]`: how long requests to language models may take.
    pub llm_requests: LlmRequestsConfig,
    /// `[http_clients.NAME]`: HTTP clients by name, with what they inherit of `[http_clients.defaults]`.
    #[cfg(feature = "http")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub http_clients: BTreeMap<String, crate::http::HttpClientConfig>,
    /// `[amqp]`: the connection to the broker. `None`: there is no such section, and no connection.
    #[cfg(feature = "amqp")]
    #[cfg_attr(docsrs, doc(cfg(feature = "amqp")))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amqp: Option<AmqpConfig>,
    /// `[health]`: the monitor and its checks.
    #[cfg(feature = "health")]
    #[cfg_attr(docsrs, doc(cfg(feature = "health")))]
    pub health: HealthConfig,
    /// `[telemetry]`: what is told and kept.
    #[cfg(feature = "telemetry")]
    #[cfg_attr(docsrs, doc(cfg(feature = "telemetry")))]
    pub telemetry: TelemetryConfig,
    /// `[dashboard]`: the page for operators.
    #[cfg(feature = "dashboard")]
    #[cfg_attr(docsrs, doc(cfg(feature = "dashboard")))]
    pub dashboard: DashboardConfig,
    /// `[shutdown]`: how an end is waited for.
    pub shutdown: ShutdownConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            circuit_breakers_enabled: true,
            bulkheads_enabled: true,
            retry_enabled: true,
            service: ServiceConfig::default(),
            circuit_breaker: crate::breaker::Config::default(),
            circuit_breakers: BTreeMap::new(),
            retry: crate::retry::Config::default(),
            retries: BTreeMap::new(),
            bulkheads: built_in_bulkheads(),
            llm_requests: LlmRequestsConfig::default(),
            #[cfg(feature = "http")]
            http_clients: BTreeMap::new(),
            #[cfg(feature = "amqp")]
            amqp: None,
            #[cfg(feature = "health")]
            health: HealthConfig::default(),
            #[cfg(feature = "telemetry")]
            telemetry: TelemetryConfig::default(),
            #[cfg(feature = "dashboard")]
            dashboard: DashboardConfig::default(),
            shutdown: ShutdownConfig::default(),
        }
    }
}

/// The bulkheads that there are without a file.
fn built_in_bulkheads() -> BTreeMap<String, crate::bulkhead::Config> {
    use crate::bulkhead::Config;
    [
        ("amqp_channels", Config::amqp_channels()),
        ("http_connections", Config::http_connections()),
        ("llm_requests", Config::llm_requests()),
    ]
    .into_iter()
    .map(|(name, config)| (name.to_owned(), config))
    .collect()
}

#[cfg(feature = "telemetry")]
impl Config {
    /// Of how many components telemetry keeps a history: `telemetry.history`, or what suits the dashboard.
    #[must_use]
    pub fn history(&self) -> usize {
        #[cfg(feature = "dashboard")]
        let drawn = self.dashboard.enabled;
        #[cfg(not(feature = "dashboard"))]
        let drawn = false;
        let fitting = if drawn { HISTORY_OF_A_DASHBOARD } else { 0 };
        self.telemetry.history.unwrap_or(fitting)
    }
}

/// As many components as the page is made for.
#[cfg(feature = "telemetry")]
const HISTORY_OF_A_DASHBOARD: usize = 500;
