//! Tests of the supervisor. Time is virtual unless a socket or a file is the point; waits are bounded polls.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on is to stop")]

#[cfg(feature = "amqp")]
mod broker;
#[cfg(all(feature = "dashboard", feature = "http"))]
mod dashboard;
#[cfg(feature = "http")]
mod load;
#[cfg(feature = "http")]
mod migrating;
#[cfg(feature = "otlp")]
mod otlp;
mod reloading;
#[cfg(unix)]
mod signals;
mod starting;
mod stopping;
mod support;
mod switching;
mod tasks;
