//! Tests of the supervisor. Time is virtual unless a socket or a file is the point; waits are bounded polls.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on is to stop")]

mod reloading;
mod starting;
mod stopping;
mod support;
mod switching;
mod tasks;
