//! Any bytes as a file, and as the value of a variable.

#![no_main]

#[path = "../../tests/config/look.rs"]
mod look;

use libfuzzer_sys::fuzz_target;
use steadfast::config::Loader;

/// Between the file, the name of a variable and its value.
const SEAM: char = '\0';

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.splitn(3, SEAM);
    let mut part = || parts.next().unwrap_or_default();
    let loader = Loader::new().text("fuzz.toml", part());
    let variable = (format!("STEADFAST_{}", part()), part());
    look::look(&loader.variables([variable]));
});
