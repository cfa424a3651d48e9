//! Integration tests: one binary, one module per topic.

mod config;
mod damping;
mod defaults;
mod errors;
mod events;
mod flight;
mod json;
mod overlap;
mod registering;
mod rollup;
mod runner;
mod runs;
mod schedule;
mod staleness;
mod support;
mod watch;

#[cfg(all(feature = "breaker", feature = "bulkhead"))]
mod checks;
