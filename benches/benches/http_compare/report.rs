//! The file that a run leaves.

use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs};

use steadfast_benches::Comparison;

use crate::support::wall;

/// The packages whose versions the text names.
const PACKAGES: [&str; 5] = [
    "steadfast-http",
    "reqwest",
    "reqwest-retry",
    "reqwest-middleware",
    "tower-resilience-core",
];

/// The text around the table.
pub(crate) fn text(table: &Comparison, took: Duration) -> Result<String, String> {
    let mut text = include_str!("intro.md").to_owned();
    let date = httpdate::fmt_http_date(wall());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let run = format!("{date}, {} with {cores} cores", env::consts::OS);
    let mut places = vec![
        ("table", table.to_string()),
        ("run", run),
        ("seconds", took.as_secs().to_string()),
    ];
    for package in PACKAGES {
        places.push((package, version(package)?));
    }
    for (name, value) in places {
        text = text.replace(&format!("{{{name}}}"), &value);
    }
    Ok(text)
}

/// The one version in the lock file, which is the one that was built.
fn version(package: &str) -> Result<String, String> {
    let lock = include_str!("../../../Cargo.lock");
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

/// Writes it into `benches/results` of the checkout that cargo runs us in, which may be another one than we
/// were built in.
pub(crate) fn write(text: &str) -> Result<(), String> {
    let package = env::var_os("CARGO_MANIFEST_DIR");
    let package = package.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let path = PathBuf::from(package).join("results/http_compare.md");
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
}
