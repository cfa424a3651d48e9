//! Says which suites a plain `cargo test` leaves out, and fails if that list is not the truth.

#![expect(clippy::print_stdout, reason = "saying it is the point")]

use std::fs;

use xtask::suites::{ALSO_ON, LEFT_TO_XTASK};

fn main() {
    let root = xtask::run::root();
    println!("\nsuites that need more than Rust; `cargo xtask test` runs them:");
    for suite in LEFT_TO_XTASK {
        let manifest = fs::read_to_string(root.join(suite.folder).join("Cargo.toml"))
            .unwrap_or_else(|error| panic!("{}: {error}", suite.folder));
        let target = format!("[[test]]\nname = \"{}\"", suite.name);
        let behind = format!("required-features = [\"{}\"", suite.feature);
        let declared = manifest
            .split("\n\n")
            .any(|section| section.contains(&target) && section.contains(&behind));
        assert!(
            declared,
            "{} has no test {} behind {}",
            suite.package, suite.name, suite.feature
        );
        println!(
            "  {} --test {} needs {}",
            suite.package,
            suite.name,
            suite.needs.name()
        );
    }
    let listed = |folder: &str| {
        LEFT_TO_XTASK
            .iter()
            .filter(|suite| suite.folder == folder)
            .count()
    };
    for folder in [
        "breaker",
        "retry",
        "bulkhead",
        "health",
        "telemetry",
        "http-resilient",
        "amqp-resilient",
        "dashboard",
        "steadfast",
        "testkit",
        "e2e",
    ] {
        let manifest = fs::read_to_string(root.join(folder).join("Cargo.toml")).unwrap_or_default();
        let package = quoted(&manifest).next().unwrap_or_default();
        let default = manifest.lines().find(|line| line.starts_with("default = "));
        // What `cargo xtask test` turns on for all is not left out.
        let is_on = |feature: &str| {
            feature == "tokio"
                || default.is_some_and(|line| quoted(line).any(|on| on == feature))
                || ALSO_ON.contains(&format!("{package}/{feature}").as_str())
        };
        let hidden = manifest
            .lines()
            .filter(|line| line.starts_with("required-features") && !quoted(line).all(is_on))
            .count();
        assert_eq!(
            hidden,
            listed(folder),
            "{folder} has a suite that xtask/src/suites.rs does not list"
        );
    }
    println!();
}

/// What stands in quotes; in a manifest, first of all the package's name.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}
