//! Scenarios as data: every file in `tests/scenarios` is lived through by a breaker. The form of the
//! files is described in `tests/scenarios/README.md`.

mod config;
mod expect;
mod fields;
mod run;

use std::fs;
use std::path::{Path, PathBuf};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// The files, by their path within the directory.
fn files() -> Vec<String> {
    let mut names = Vec::new();
    for folder in ["", "peers/", "own/"] {
        for entry in fs::read_dir(directory().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".json") {
                names.push(format!("{folder}{name}"));
            }
        }
    }
    names.sort();
    names
}

#[test]
fn every_scenario_goes_as_its_file_says() {
    let mut failures = Vec::new();
    for name in files() {
        let text = fs::read_to_string(directory().join(&name)).unwrap();
        let told = serde_json::from_str(&text).map_err(|error| error.to_string());
        if let Err(why) = told.and_then(run::scenario) {
            failures.push(format!("{name}: {why}"));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn the_readme_names_every_scenario_and_no_other() {
    let readme = fs::read_to_string(directory().join("README.md")).unwrap();
    let mut named: Vec<_> = readme
        .split('`')
        .filter(|word| word.ends_with(".json"))
        .map(str::to_owned)
        .collect();
    named.sort();
    assert_eq!(named, files());
}
