//! Holds the README's table of defaults and the code together.

use std::collections::BTreeMap;

use steadfast_http::Client;

#[test]
fn the_readme_tells_every_default() {
    let table = readme_table();
    let debug = format!("{:?}", Client::builder("defaults"));
    for (setting, told) in &table {
        // The README writes "5 s" where Debug writes "5s".
        let expected = format!("{setting}: {}", told.replace(' ', ""));
        let found = debug
            .match_indices(&expected)
            .any(|(at, _)| debug[at + expected.len()..].starts_with([',', ' ', '}']));
        assert!(found, "the README says {expected}, the code {debug}");
    }
    assert_eq!(table.len(), 16, "{table:?}");
}

/// Rows of the form ``| `setting` | default | ... |``.
fn readme_table() -> BTreeMap<&'static str, &'static str> {
    include_str!("../../README.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .filter_map(|(setting, rest)| Some((setting, rest.split_once(" |")?.0)))
        .collect()
}
