//! Holds the README's tables of defaults and the code together.

use std::collections::BTreeMap;

use steadfast_health::{Check, Monitor, Outcome};

#[test]
fn the_readme_tells_the_defaults() {
    let table = readme_table();
    let monitor = format!("{:?}", Monitor::builder("defaults"));
    for setting in ["interval", "timeout", "jitter"] {
        assert_told(&monitor, setting, table[setting]);
    }
    let check = Check::new("defaults", || async { Outcome::healthy() });
    let check = format!("{check:?}");
    for setting in ["unhealthy_after", "healthy_after", "liveness"] {
        assert_told(&check, setting, table[setting]);
    }
    assert_eq!(table["required` / `optional"], "required");
    assert_told(&check, "importance", "Required");
    assert_eq!(table["jitter_seed"], "random");
    assert_told(&monitor, "jitter_seed", "None");
    // The check's own interval, timeout and staleness: see staleness.rs for the last.
    assert_eq!(table["staleness"], "3 × interval + timeout");
    for setting in ["interval", "timeout", "staleness"] {
        assert_told(&check, setting, "None");
    }
    assert_eq!(table["startup"], "true if required");
    assert_told(&check, "startup", "None");
    assert_eq!(table["depends_on"], "none");
    assert_told(&check, "depends_on", "[]");
    assert_eq!(table["service_id"], "the name");
    assert_eq!(table["version`, `release_id`, `description"], "none");
    for setting in ["service_id", "version", "release_id", "description"] {
        assert_told(&monitor, setting, "None");
    }
    assert_eq!(table.len(), 13, "a row that no test looks at: {table:?}");
}

/// Rows of the form ``| `setting` | default | ... |``. Those of paths are of another table.
fn readme_table() -> BTreeMap<&'static str, &'static str> {
    include_str!("../../README.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .filter(|(setting, _)| !setting.starts_with('/'))
        .filter_map(|(setting, rest)| Some((setting, rest.split_once(" |")?.0)))
        .collect()
}

/// The README writes "5 s" where Debug writes "5s".
fn assert_told(debug: &str, setting: &str, told: &str) {
    let expected = format!(" {setting}: {}", told.replace(' ', ""));
    let found = debug
        .match_indices(&expected)
        .any(|(at, _)| debug[at + expected.len()..].starts_with([',', ' ', '}']));
    assert!(found, "the README says{expected}, the code {debug}");
}
