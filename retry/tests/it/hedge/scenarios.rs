//! Scenarios as data: every file `tests/scenarios/hedge-*.json` is one hedged call. The form of the files
//! is described in `tests/scenarios/README-hedge.md`.

mod fields;
mod run;

use std::fs;
use std::path::{Path, PathBuf};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn files() -> Vec<String> {
    let entries = fs::read_dir(directory()).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("hedge-") && name.ends_with(".json"))
        .collect();
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
    let readme = fs::read_to_string(directory().join("README-hedge.md")).unwrap();
    let mut named: Vec<_> = readme
        .split('`')
        .filter(|word| word.starts_with("hedge-") && word.ends_with(".json"))
        .filter(|word| !word.contains('*'))
        .map(str::to_owned)
        .collect();
    named.sort();
    assert_eq!(named, files());
}
