//! The project's commands. No dependency but the standard library, so that `cargo xtask` starts at once.

#![expect(clippy::print_stdout, reason = "a command line talks")]

pub mod browser;
pub mod install;
pub mod python;
pub mod run;
pub mod suites;
