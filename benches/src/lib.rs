//! How Steadfast is measured beside its peers: cases, contenders, and rounds in which they take turns.
//!
//! What is measured is in `benches/cases`; the figures are in the README. This library is the part
//! that measures:
//!
//! - a [`Contender`] does one thing a given number of times and says how long that took;
//! - a [`Case`] is our contender and the peers that do the same work;
//! - [`take_turns`] runs all cases in one interleaved run and reduces it to [`Ratio`]s;
//! - [`instructions`] holds counts of instructions to their ceilings;
//! - a [`Comparison`] is a table of what each client did in each scenario;
//! - a [`model`] checks what a messaging client says of its messages, and a [`footprint`] is what it takes;
//! - [`results`] are the files that a run leaves.
//!
//! Also a [`Loopback`] server for what goes over HTTP.
//!
//! And, behind the feature of that name, the `simulation`s of retries in virtual time.

mod case;
pub mod clock;
mod comparison;
pub mod footprint;
pub mod instructions;
mod loopback;
pub mod model;
mod ratio;
pub mod results;
#[cfg(feature = "simulation")]
pub mod simulation;
mod turns;

pub use case::{Case, Contender, blocking, use_up};
pub use comparison::{Cell, Comparison};
pub use loopback::Loopback;
pub use ratio::Ratio;
pub use turns::{Effort, median, take_turns};

/// The example of the project's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct ReadmeDoctests;
