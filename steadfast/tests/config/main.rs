//! The configuration from outside: every file, every variable, every mistake.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on is a test that failed"
)]

mod bad_files;
mod described;
mod environment;
mod files;
mod inheritance;
mod look;
mod properties;
mod readme;
mod schema;
mod support;
mod written;
