//! Integration tests of steadfast-breaker. Time is virtual throughout.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on is a test that failed"
)]

mod config;
#[cfg(feature = "serde")]
mod config_serde;
mod endings;
mod eyes;
#[cfg(feature = "quanta")]
mod fast_clock;
mod guide;
mod history;
mod keyed;
mod last_errors;
mod model;
mod modes;
mod observers;
mod properties;
mod ramp;
mod scenarios;
mod side_by_side;
mod states;
mod stress;
#[cfg(feature = "tower")]
mod tower;
mod windows;
