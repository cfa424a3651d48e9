//! Running cargo the way the caller did.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs cargo in the workspace's root with its output on the terminal.
///
/// # Errors
/// Says which command could not start or failed, and how.
pub fn cargo(args: &[&str]) -> Result<(), String> {
    cargo_with(args, &[])
}

/// The same, with more variables in its environment.
///
/// # Errors
/// Says which command could not start or failed, and how.
pub fn cargo_with(args: &[&str], variables: &[(&str, PathBuf)]) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(args).current_dir(root());
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command_line(&mut command)
}

/// The workspace's root. Cargo tells it when it runs us; what it was at build time may be another
/// checkout with the same target directory.
#[must_use]
pub fn root() -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR");
    Path::new(&manifest.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into())).join("..")
}

/// Runs a command to its end.
///
/// # Errors
/// Says which command could not start or failed, and how.
pub fn command_line(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{shown} ended with {status}")),
        Err(error) => Err(format!("{shown} did not start: {error}")),
    }
}
