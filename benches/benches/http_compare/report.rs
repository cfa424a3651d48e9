//! The file that a run leaves.

use std::env;
use std::time::Duration;

use steadfast_benches::Comparison;
use steadfast_benches::results::version;

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
