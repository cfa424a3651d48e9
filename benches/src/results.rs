//! The files that a run leaves.

use std::path::PathBuf;
use std::{env, fs};

/// The one version of a package in the lock file, which is the one that was built.
///
/// # Errors
/// In words, if there are several, or none.
pub fn version(package: &str) -> Result<String, String> {
    let lock = include_str!("../../Cargo.lock");
    let entry = format!("name = \"{package}\"\nversion = \"");
    let entries: Vec<&str> = lock.split(&entry).skip(1).collect();
    match entries[..] {
        [only] => Ok(only.split('"').next().unwrap_or_default().to_owned()),
        _ => Err(format!(
            "{} versions of {package} in Cargo.lock",
            entries.len()
        )),
    }
}

/// Writes a file of `benches/results`, in the checkout that cargo runs us in, which may be another one than we
/// were built in.
///
/// # Errors
/// In words, if it cannot be written.
pub fn write(name: &str, text: &str) -> Result<(), String> {
    let package = env::var_os("CARGO_MANIFEST_DIR");
    let package = package.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let path = PathBuf::from(package).join("results").join(name);
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
}
