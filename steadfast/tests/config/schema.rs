//! The committed schema.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;
use steadfast::config::{Config, schema};

use crate::support::{files, name, package};

/// Bad files that a schema takes for good: what they break are rules between settings, or what text stands
/// for.
const BEYOND_A_SCHEMA: &[&str] = &[
    "alias_beside_its_key.toml",
    "amqp_no_uris.toml",
    "amqp_rules.toml",
    "amqp_uri_and_uris.toml",
    "backoff_above_its_greatest.toml",
    "backoff_above_the_inherited_greatest.toml",
    "dashboard_hosts.toml",
    "health_check_stale_too_soon.toml",
    "http_defaults_in_other_case.toml",
    "http_header_twice.toml",
    "inherited_growth_without_jitter.toml",
    "llm_requests_all_shorter_than_an_attempt.toml",
    "llm_requests_attempt_longer_than_all.toml",
    "more_calls_than_the_window_has.toml",
    "name_in_other_case_than_a_built_in.toml",
    "names_that_differ_in_case.toml",
    "times_that_are_too_long.toml",
];

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

/// A file as a schema sees it, if it is TOML at all.
fn value(path: &Path) -> Option<Value> {
    let table: toml::Table = toml::from_str(&fs::read_to_string(path).unwrap()).ok()?;
    serde_json::to_value(table).ok()
}

/// As values: in which order keys are written is up to features of serde_json, which any crate may turn on.
#[test]
fn the_schema_is_the_one_that_is_committed() {
    let path = package().join("schema/steadfast.schema.json");
    if std::env::var_os("STEADFAST_BLESS").is_some() {
        fs::write(&path, schema()).unwrap();
    }
    let committed: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let made: Value = serde_json::from_str(&schema()).unwrap();
    let name = path.display();
    assert!(
        committed == made,
        "{name} is not up to date: STEADFAST_BLESS=1 writes it"
    );
}

#[test]
fn the_schema_is_a_schema() {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
}

#[test]
fn the_schema_takes_what_is_good() {
    let validator = validator();
    let sample = value(&package().join("examples/steadfast.toml")).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&sample)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    let default = serde_json::to_value(toml::Table::try_from(Config::default()).unwrap()).unwrap();
    assert!(validator.is_valid(&default));
    for path in files("good", "toml") {
        assert!(
            validator.is_valid(&value(&path).unwrap()),
            "{}",
            path.display()
        );
    }
}

#[test]
fn the_schema_refuses_every_bad_file_but_those_of_which_it_cannot_tell() {
    let validator = validator();
    let mut taken = Vec::new();
    for path in files("bad", "toml") {
        if value(&path).is_some_and(|value| validator.is_valid(&value)) {
            taken.push(name(&path).to_owned());
        }
    }
    assert_eq!(taken, BEYOND_A_SCHEMA);
}
