//! Health checks: a set of checks, run on an interval, whose results roll up into one answer each to
//! "is this process alive?", "is this service ready?" and "has it come up?".
//!
//! ```
//! use std::time::Duration;
//! use steadfast_health::{Check, Monitor, Outcome, Status};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let monitor = Monitor::builder("orders").interval(Duration::from_secs(10)).build()?;
//! monitor.register(Check::new("db", || async { ping("db").await }))?;
//! monitor.register(
//!     Check::new("cache", || async { Outcome::degraded("cold").detail("keys", 12) }).optional(),
//! )?;
//!
//! let runner = monitor.start();             // owns everything that runs in the background
//! let report = monitor.check_now().await;   // or look at once
//! assert_eq!(report.readiness, Status::Degraded);
//! assert_eq!(report.http_status(), 200);
//! runner.stop().await;
//! # Ok(())
//! # }
//! # async fn ping(_: &str) -> Result<(), std::io::Error> { Ok(()) }
//! ```
//!
//! # When to use it
//! Behind the endpoints that a load balancer or an orchestrator asks (`Endpoints` of the feature
//! `http`, or [`Report::to_json_of`] and [`Report::http_status_of`]), and wherever the service itself
//! must know how its dependencies are ([`Monitor::subscribe`]).
//!
//! Not to guard single calls: a check sees a dependency twice a minute, a circuit breaker sees
//! every call. Register the breaker here instead (feature `breaker`). And not every dependency is a reason
//! to restart: [`Check::liveness`] is off unless you turn it on.
//!
//! # How it decides
//! ```text
//!  each run                       each component                       the whole
//!
//!  answer ────────┐               unhealthy_after results in a row     required: its status
//!  timeout ───────┼▶ unhealthy ─▶ healthy_after results in a row   ─▶  optional: degraded at most ─▶ the worst
//!  panic ─────────┘               no result within staleness ▶ unknown
//! ```
//! - A run that times out or panics is [`Status::Unhealthy`] and says so in its message. It never
//!   hurts another check.
//! - *Damping.* A status gets worse only after `unhealthy_after` results in a row that were each at
//!   least that bad, and better only after `healthy_after` that were each at least that good.
//!   Three results of which one was degraded and two were unhealthy are at least degraded three
//!   times in a row, but unhealthy only twice. The first result counts at once, and so does the
//!   first after the component was unknown.
//! - *Staleness.* A component is [`Status::Unknown`] before its first result and once its latest one
//!   is older than `staleness`: a hung check must not look healthy.
//! - *Dependencies.* A check that [depends on](Check::depends_on) others is not run while one of them
//!   is unhealthy, unknown or not registered. It is unknown, and says whom it waits for: one trouble,
//!   one alarm. When they are back it is run at once, and what it had found before is void.
//! - *Roll-up.* [`Report`] has the table. An optional component degrades the whole, no more; a
//!   required one that is unknown makes the whole unknown, and what a required one depends on counts as
//!   required. Readiness looks at all components, liveness at those that were registered for it.
//!   Startup is passed once each required component was well once, and for good.
//!
//! # When it runs
//! Every check runs in a task of its own, first as soon as there is a [`Runner`], then one interval
//! after the start of the run before, give or take the jitter. Two runs of one check never overlap:
//! a [`Monitor::check_now`] that meets a run waits for it and shares its result. A run that was
//! late, because the process or the machine stood still, runs once; what was missed is not made up
//! for. A run that takes longer than its interval is followed by a whole interval of rest.
//!
//! A timeout can end only a check that awaits. One that blocks its thread belongs into
//! [`Check::blocking`], which is unhealthy at its timeout all the same, and is not called again before
//! it has returned. If it is none, staleness shows it.
//!
//! [`Monitor::reconfigure`] changes intervals, timeouts, thresholds and dependencies while checks are run, and keeps
//! what was found and counted.
//!
//! # Cancellation
//! Dropping the [`Runner`] ends everything in the background, in the middle of a check too;
//! [`Runner::stop`] waits for it. Dropping a `check_now` drops the runs it has begun, and whoever
//! waited for one takes it over. Such runs are counted as abandoned and change no status. The closure
//! of a blocking check goes on until it returns, and counts for nothing.
//!
//! # Defaults
//! | setting | default |
//! |---|---|
//! | `interval`, `timeout` | 30 s, 5 s |
//! | `jitter` | 0.1: each interval is up to a tenth shorter or longer |
//! | `staleness` | three intervals plus the timeout |
//! | `unhealthy_after`, `healthy_after` | 1, 1 |
//! | importance, `liveness`, `startup` | required, false, true if required |
//! | `depends_on` | nothing |
//!
//! # Cost
//! One task per check, asleep between runs, and one for the runner. A result takes one short lock;
//! so does [`Monitor::get_health`], which copies and runs nothing. That looks at every component once; a
//! result looks at the others only if one of them depends on it and it changes the status, or if one of them
//! may have gone stale.
//!
//! # Features
//! - `breaker`: `checks::breaker` and `checks::breakers`, ready-made checks of a circuit breaker and of a
//!   `Keyed` set of them.
//! - `bulkhead`: `checks::bulkhead`, a ready-made check of a bulkhead.
//! - `pool`: `checks::pool`, a ready-made check of a resource pool; implies `bulkhead`.
//! - `serde`: reads and writes [`MonitorConfig`] and [`CheckConfig`] in configuration files.
//! - `http`: `Endpoints`, which answers probes in the types of the `http` crate, for any server.
//!
//! The crates `steadfast-http` and `steadfast-amqp` bring checks of their own behind their feature
//! `health`.
//!
//! # Minimum Rust version
//! 1.85.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod about;
mod blocking;
mod board;
mod builder;
mod check;
#[cfg(any(feature = "breaker", feature = "bulkhead"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "breaker", feature = "bulkhead"))))]
pub mod checks;
mod clock;
mod component;
mod config;
mod contain;
mod counts;
mod damping;
#[cfg(feature = "http")]
mod endpoints;
mod entry;
mod error;
mod json;
mod monitor;
mod observer;
mod on_demand;
mod outbox;
mod outcome;
mod pace;
mod probe;
mod reconfigure;
mod rules;
mod runner;
mod snapshot;
mod standing;
mod status;
mod tally;
mod wiring;
mod work;

pub use about::About;
pub use builder::Builder;
pub use check::Check;
pub use config::{CheckConfig, MonitorConfig};
pub use counts::Counts;
#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
pub use endpoints::{Details, Endpoints};
pub use error::{ConfigError, FieldError, ReconfigureError, RegisterError};
pub use monitor::{Monitor, WeakMonitor};
pub use observer::{Changed, Checked, Ending, Observer, Subject};
pub use outcome::Outcome;
pub use probe::Probe;
pub use runner::Runner;
pub use snapshot::{ComponentReport, Report};
pub use status::{Importance, Status};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
