//! A live page for operators in front of the Steadfast patterns: what is open, full, retrying or down, since when and
//! why, what happened, and, if you allow it, the switches.
//!
//! ```no_run
//! use axum::Router;
//! use steadfast_breaker::CircuitBreaker;
//! use steadfast_dashboard::Dashboard;
//! use steadfast_health::Monitor;
//! use steadfast_telemetry::Telemetry;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let telemetry = Telemetry::builder().history(500).build()?; // five minutes of charts
//! let payments = CircuitBreaker::builder("payments").build()?;
//! telemetry.watch(&payments);
//! let health = Monitor::builder("orders").build()?;
//!
//! let dashboard = Dashboard::new(&telemetry, &health);
//! let app: Router = Router::new().nest_service("/resilience", dashboard.router::<()>());
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:4000").await?;
//! axum::serve(listener, app)
//!     .with_graceful_shutdown(async move {
//!         tokio::signal::ctrl_c().await.ok();
//!         dashboard.shutdown(); // or the server waits for every page that is open
//!     })
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! # When to use it
//! In a service that uses the patterns, for the people who are called when it fails. It shows one process and says which;
//! for all of them, and for longer than an hour, use the metrics and the Grafana dashboard of
//! `steadfast-telemetry`.
//!
//! # What it answers
//! All paths are below where it is mounted, and all URLs in the page are relative.
//!
//! | path | answer |
//! |---|---|
//! | `` and `/` | the page: one document, one script, one style sheet, nothing from elsewhere |
//! | `api/snapshot` | everything now, worst first |
//! | `api/stream` | the same as server-sent events, then what changes once a second, and transitions at once |
//! | `api/events?after=SEQ&limit=N` | the log |
//! | `api/history` | the last five minutes of all components in 60 points |
//! | `api/components/NAME` | all that is known of the components of one name, with its last hour |
//! | `api/control` | [`Controls`], if there are any |
//! | `metrics` | the metrics as Prometheus text |
//! | `health`, `health/live`, `health/ready`, `health/startup` | the probes; `?verbose` tells details |
//!
//! # How it works
//! ```text
//!  telemetry ──▶ events ──────▶ log, numbered ──────────────┐
//!      ▲                                                    ▼
//!      └── once a second, while somebody watches ─▶ rows ─▶ frames, shared ─▶ every open page
//! ```
//! One sampler reads [telemetry](steadfast_telemetry::Telemetry::snapshot) for all pages, and only while one is open. Rows
//! that have changed are written once and sent to everybody. The log is kept all the time; a page that lost its
//! connection comes back with the number of the last event it knows, and gets what it has missed, or a count of what is
//! forgotten. A page that is too slow gets everything anew; it never makes anything grow.
//!
//! # Security
//! - The routes are open to whoever reaches them, like any route of axum: put your own layer in front. They tell
//!   names, hosts, and the first line of errors.
//! - Nothing can be changed unless [`Controls`] are given, with an [authoriser](Authorise) that says who may. A change
//!   takes a `POST` of JSON with a header that no other origin's page can set, and a reason; it is written into the
//!   log with the name of who asked. An authoriser that trusts everybody who reaches the port also trusts pages whose
//!   domain was pointed at it, unless [`hosts`](Builder::hosts) lists the names that are yours.
//! - The page takes no markup from names, loads nothing from another origin, and runs no inline script: its policy forbids
//!   it.
//!
//! # Shutdown
//! Open pages hold their connection. [`Dashboard::shutdown`] ends them at once; so does the end of the telemetry,
//! and each page has to connect anew after [`max_stream_age`](Builder::max_stream_age). A page that has taken nothing for
//! 30 seconds, though its connection is full, loses its place to others and is counted. Its connection stays: a server
//! that cannot write asks no route anything, so only the server itself can cut it off. Give its shutdown a bound, and
//! where that matters its sockets a bound on unsent data, such as Linux' `TCP_USER_TIMEOUT`.
//!
//! # Defaults
//! | setting | default |
//! |---|---|
//! | `service`, `version` | the monitor's name, none |
//! | `max_streams`, `max_stream_age` | 64, 10 minutes |
//! | `events`, `event_kinds` | 1024, all |
//! | `thresholds` | open for 5 minutes, 10 retries for 100 calls, 90 % of a bulkhead for 5 s |
//! | `hosts`, `controls` | any, off |
//!
//! # Cost
//! Without an open page: one subscription to events, and the log, about 300 KB when full. With pages: one reading of all
//! components a second, whatever their number. Five hundred components that do nothing cost a page 160 bytes a second;
//! if more than 64 change, their rows take turns, which is some 50 KB a second at most, but changes of state are
//! told at once. An open circuit breaker whose last error is another one is no such change. What was counted in the
//! last minute is kept for rates: 3 KB for each component.
//!
//! Retries, and callers that wait for a bulkhead or are rejected, cost about a microsecond more while somebody listens,
//! as the log does: see [`Builder::event_kinds`].
//!
//! # Limits
//! - The runtime that the dashboard is built in, or else that of its first request, runs the task that fills the log.
//! - Of retries given up, rejections and failed requests of one name, the log tells one in ten seconds, with a count of
//!   the others.
//! - Of two components with one kind and name both are shown, and neither can be changed.
//!
//! # Features
//! - `http`: [`Controls`] take HTTP clients, of whose hosts the circuit breakers can be set.
//! - `amqp`: [`Controls`] take AMQP connections, which can be made anew.
//!
//! Both kinds are shown without these as well.
//!
//! # Minimum Rust version
//! 1.85; with `amqp` 1.88.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod api;
mod builder;
mod clock;
mod controls;
mod dashboard;
mod error;
mod hosts;
mod hub;
pub mod metrics;
mod page;
mod reply;
mod sse;
mod view;

pub use builder::{Builder, Thresholds};
pub use controls::{
    Action, Allowed, Authorise, Controllable, Controls, Denied, LiveControls, Verb,
};
pub use dashboard::Dashboard;
pub use error::{ConfigError, FieldError};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
