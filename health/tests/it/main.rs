//! Integration tests: one binary, one module per topic. Time is virtual throughout.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on is a test that failed"
)]

mod blocking;
mod chains;
mod config;
mod damping;
mod defaults;
mod depending;
mod depending_model;
mod depending_names;
mod errors;
mod events;
mod flight;
mod json;
mod on_demand;
mod overlap;
mod payloads;
mod published;
mod reconfiguring;
mod registering;
mod rollup;
mod runner;
mod runs;
mod schedule;
mod staleness;
mod startup;
mod support;
mod watch;

#[cfg(all(feature = "breaker", feature = "bulkhead"))]
mod checks;
#[cfg(feature = "http")]
mod endpoints;
#[cfg(feature = "serde")]
mod files;
#[cfg(feature = "pool")]
mod pools;
