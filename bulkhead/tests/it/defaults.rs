//! Holds the README's table of defaults and the code together.

use std::collections::BTreeMap;

use steadfast_bulkhead::Bulkhead;

#[test]
fn the_readme_tells_the_defaults_of_a_bulkhead() {
    let table = readme_table();
    let debug = format!("{:?}", Bulkhead::builder("defaults"));
    for setting in [
        "max_concurrent",
        "max_waiting",
        "checkout_timeout",
        "hold_times",
        "high_share",
        "normal_share",
        "low_share",
    ] {
        assert_told(&table, &debug, setting);
    }
}

#[cfg(feature = "tokio")]
#[test]
fn the_readme_tells_the_defaults_of_a_pool() {
    let table = readme_table();
    let builder = steadfast_bulkhead::Pool::builder("defaults", || async { Ok::<_, ()>(()) });
    let debug = format!("{builder:?}").replace("None", "none");
    for setting in [
        "max_concurrent",
        "max_waiting",
        "checkout_timeout",
        "hold_times",
        "high_share",
        "normal_share",
        "low_share",
        "create_timeout",
        "validate_timeout",
        "recycle_timeout",
        "min_idle",
        "max_age",
        "max_idle",
    ] {
        assert_told(&table, &debug, setting);
    }
    assert_eq!(table["is_valid"], "every resource is");
    assert_eq!(table["validate"], "every resource passes");
    assert_eq!(table["recycle"], "nothing is done");
    assert_eq!(table["keep_after_panic"], "none is kept");
    for hook in ["is_valid", "validate", "recycle", "keep_after_panic"] {
        assert!(debug.contains(&format!("{hook}: false")), "{debug}");
    }
    assert_eq!(table.len(), 17, "a row that no test looks at: {table:?}");
}

/// Rows of the form ``| `setting` | default | ... |``.
fn readme_table() -> BTreeMap<&'static str, &'static str> {
    include_str!("../../README.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .filter_map(|(setting, rest)| Some((setting, rest.split_once(" |")?.0)))
        .collect()
}

/// The README writes "5 s" where Debug writes "5s".
fn assert_told(table: &BTreeMap<&str, &str>, debug: &str, setting: &str) {
    let told = table.get(setting).unwrap_or(&"nothing").replace(' ', "");
    let expected = format!("{setting}: {told}");
    let found = debug
        .match_indices(&expected)
        .any(|(at, _)| debug[at + expected.len()..].starts_with([',', ' ', '}']));
    assert!(found, "the README says {expected}, the code {debug}");
}
