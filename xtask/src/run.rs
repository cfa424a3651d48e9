//! Running cargo the way the caller did.

use std::process::Command;

/// Runs cargo in the workspace's root with its output on the terminal.
///
/// # Errors
/// Says which command could not start or failed, and how.
pub fn cargo(args: &[&str]) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(args)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    command_line(&mut command)
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
