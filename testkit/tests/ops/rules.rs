//! The files of rules.

use std::fs;
use std::path::PathBuf;

use yaml_rust2::{Yaml, YamlLoader};

/// A file of `telemetry/ops`.
pub(crate) fn ops(file: &str) -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.join("../telemetry/ops").join(file)
}

pub(crate) struct Rule {
    /// Of the alert, or of the series that is recorded.
    pub(crate) name: String,
    pub(crate) expr: String,
    pub(crate) severity: Option<String>,
    pub(crate) annotations: Vec<(String, String)>,
}

pub(crate) fn read(file: &str) -> Vec<Rule> {
    let text = fs::read_to_string(ops(file)).unwrap();
    let documents = YamlLoader::load_from_str(&text).unwrap();
    let groups = documents[0]["groups"].as_vec().unwrap();
    let rules = groups
        .iter()
        .flat_map(|group| group["rules"].as_vec().unwrap());
    rules.map(rule).collect()
}

fn rule(yaml: &Yaml) -> Rule {
    let name = yaml["alert"].as_str().or_else(|| yaml["record"].as_str());
    let annotations = yaml["annotations"].as_hash().into_iter().flatten();
    let text = |yaml: &Yaml| yaml.as_str().unwrap().to_owned();
    Rule {
        name: name.unwrap().to_owned(),
        expr: text(&yaml["expr"]),
        severity: yaml["labels"]["severity"].as_str().map(str::to_owned),
        annotations: annotations
            .map(|(key, value)| (text(key), text(value)))
            .collect(),
    }
}

/// The series that a file of unit tests gives to the rules.
pub(crate) fn input_series(file: &str) -> Vec<String> {
    let text = fs::read_to_string(ops(file)).unwrap();
    let documents = YamlLoader::load_from_str(&text).unwrap();
    let tests = documents[0]["tests"].as_vec().unwrap();
    let series = tests
        .iter()
        .flat_map(|test| test["input_series"].as_vec().unwrap());
    series
        .map(|one| one["series"].as_str().unwrap().to_owned())
        .collect()
}
