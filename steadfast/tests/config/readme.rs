//! The README against what is there.

use std::collections::BTreeSet;
use std::fs;

use steadfast::config::{Config, describe};

use crate::support::{load, package};

/// The sections that are the facade's own: of all their keys the README tells the defaults.
const OWN: &[&str] = &[
    "service",
    "llm_requests",
    "telemetry",
    "dashboard",
    "shutdown",
];

/// The rows of the table of keys: a key and its default.
fn rows(readme: &str) -> Vec<(String, String)> {
    let (_, section) = readme.split_once("| key | default | |\n").unwrap();
    let rows = section
        .lines()
        .take_while(|line| line.starts_with('|'))
        .skip(1);
    rows.map(|row| {
        let mut cells = row
            .split('|')
            .skip(1)
            .map(|cell| cell.trim().replace('`', ""));
        (cells.next().unwrap(), cells.next().unwrap())
    })
    .collect()
}

#[test]
fn the_readme_has_the_defaults_of_every_key_of_the_facades_own() {
    let readme = fs::read_to_string(package().join("README.md")).unwrap();
    let told = describe(&load("")).to_string();
    let lines = told.lines().filter(|line| !line.starts_with('#'));
    let defaults: Vec<_> = lines
        .map(|line| {
            let (path, rest) = line.split_once(" = ").unwrap();
            let (value, _) = rest.rsplit_once(" # ").unwrap();
            (path, value.trim_matches('"'))
        })
        .collect();
    let mut seen = BTreeSet::new();
    for (key, default) in rows(&readme) {
        let found = defaults.iter().find(|(path, _)| *path == key);
        assert_eq!(
            found.map(|(_, value)| *value),
            Some(default.as_str()),
            "{key}"
        );
        seen.insert(key);
    }
    for (path, _) in defaults {
        let section = path.split('.').next().unwrap();
        if OWN.contains(&section) || !path.contains('.') {
            assert!(seen.contains(path), "the README has no row for {path}");
        }
    }
}

#[test]
fn the_file_of_the_readme_is_good() {
    let readme = fs::read_to_string(package().join("README.md")).unwrap();
    let (_, file) = readme.split_once("```toml\n").unwrap();
    let (file, _) = file.split_once("```").unwrap();
    assert_ne!(load(file).config(), &Config::default());
}
