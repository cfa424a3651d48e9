//! Telemetry's rules and its dashboard beside what a program with one component of every kind really exports:
//! no query may name a series, a label or a value that is not there.
//!
//! It is here and not with telemetry because it needs the adapters, which stand above telemetry. What
//! Prometheus itself says of the rules is in `telemetry/tests/promtool` and in `tests/prometheus`.

#![expect(clippy::unwrap_used, reason = "a test binary: helpers fail like tests")]

mod checker;
mod dashboard;
#[expect(dead_code, reason = "an example has a main, and serves")]
#[path = "../../../telemetry/examples/prometheus.rs"]
mod example;
mod exposition;
mod family;
mod panels;
mod rules;
#[path = "../../../telemetry/tests/it/traffic.rs"]
mod traffic;

use std::collections::BTreeSet;

use crate::checker::{Known, Values};
use crate::exposition::Exposition;
use crate::rules::Rule;

/// What the family exports, and what the recording rules make of it.
async fn known() -> Known {
    let mut known = Known::new(&Exposition::read(&family::exposition().await));
    for rule in rules::read("recording.yml") {
        let values = known.check(&rule.expr);
        let values = values.unwrap_or_else(|error| panic!("{}: {error}", rule.name));
        known.record(&rule.name, values);
    }
    known
}

#[tokio::test]
async fn every_alert_asks_for_what_is_exported() {
    let mut known = known().await;
    for rule in rules::read("alerts.yml") {
        let values = known.check(&rule.expr);
        let values = values.unwrap_or_else(|error| panic!("{}: {error}", rule.name));
        assert!(
            values.contains_key("instance"),
            "{} is for no instance",
            rule.name
        );
        for (annotation, text) in &rule.annotations {
            let told = format!("{} {annotation}", rule.name);
            for label in after(text, "$labels.") {
                assert!(values.contains_key(&label), "{told}: no label {label}");
            }
            let mut inner = Values::new();
            for query in inner_queries(text) {
                let values = known.check(&query);
                inner.extend(values.unwrap_or_else(|error| panic!("{told}: {error}")));
            }
            for label in after(text, ".Labels.") {
                assert!(inner.contains_key(&label), "{told}: no label {label}");
            }
        }
    }
}

/// The words that follow a mark in a template.
fn after(text: &str, mark: &str) -> Vec<String> {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let words = text.split(mark).skip(1);
    words
        .map(|rest| rest.chars().take_while(|letter| is_name(*letter)).collect())
        .collect()
}

/// The labels in a legend.
fn after_braces(legend: &str) -> Vec<String> {
    after(legend, "{{")
}

/// The queries that a template asks, with the user's values as variables.
fn inner_queries(text: &str) -> Vec<String> {
    let formats = text.split("printf \"").skip(1);
    let formats = formats.filter_map(|rest| Some(rest.split_once("\" ")?.0));
    let queries: Vec<_> = formats
        .filter(|format| format.contains('{'))
        .map(|format| format.replace("%q", "\"$any\""))
        .collect();
    let asked = text.matches("query }}").count();
    assert_eq!(queries.len(), asked, "a query in another form: {text}");
    queries
}

#[tokio::test]
async fn every_recording_rule_is_of_something_exported_and_named_by_the_convention() {
    let known = known().await;
    let rules = rules::read("recording.yml");
    let names: BTreeSet<_> = rules.iter().map(|rule| &rule.name).collect();
    assert_eq!(names.len(), rules.len());
    for Rule { name, .. } in &rules {
        let parts: Vec<_> = name.split(':').collect();
        assert!(
            parts.len() == 3 && parts.iter().all(|part| !part.is_empty()),
            "{name}"
        );
        assert!(known.exports_something_like(parts[1]), "{name}");
    }
}

#[test]
fn every_alert_says_what_happened_why_it_matters_and_what_to_look_at() {
    let rules = rules::read("alerts.yml");
    let names: BTreeSet<_> = rules.iter().map(|rule| &rule.name).collect();
    assert_eq!(names.len(), rules.len());
    for rule in &rules {
        assert!(rule.name.starts_with("Steadfast"), "{}", rule.name);
        let severity = rule.severity.as_deref();
        assert!(
            matches!(severity, Some("critical" | "warning")),
            "{}",
            rule.name
        );
        let annotations: Vec<_> = rule.annotations.iter().map(|(key, _)| &**key).collect();
        assert_eq!(
            annotations,
            ["summary", "description", "runbook"],
            "{}",
            rule.name
        );
        let summary = &rule.annotations[0].1;
        assert!(
            summary.contains("$labels.instance") && !summary.contains('\n'),
            "{}",
            rule.name
        );
        let runbook = &rule.annotations[2].1;
        assert!(
            runbook.starts_with("1. ") && runbook.contains("\n2. "),
            "{}",
            rule.name
        );
    }
}

/// The unit tests of the rules are worth what their series are: they must have the names, the labels and the
/// values that are exported.
#[tokio::test]
async fn the_unit_tests_of_the_rules_use_series_in_the_form_that_is_exported() {
    let mut known = known().await;
    for file in ["alerts", "edges", "recording"] {
        let file = format!("../tests/promtool/{file}.test.yml");
        for series in rules::input_series(&file) {
            let values = known.check(&series);
            let values = values.unwrap_or_else(|error| panic!("{series}: {error}"));
            let is_given = |label: &&String| series.contains(&format!("{label}=\""));
            let missing = values
                .keys()
                .find(|label| !is_given(label) && !known.is_sometimes_absent(&series, label));
            assert_eq!(missing, None, "{series}");
        }
    }
}

#[test]
fn every_alert_has_a_unit_test_of_when_it_is_quiet_and_when_it_fires() {
    let tests = std::fs::read_to_string(rules::ops("../tests/promtool/alerts.test.yml")).unwrap();
    for rule in rules::read("alerts.yml") {
        let fires = format!("'ALERTS{{alertname=\"{}\",alertstate=\"firing\"", rule.name);
        assert!(tests.contains(&fires), "{}", rule.name);
    }
}

#[test]
fn the_readme_lists_the_alerts() {
    let readme = std::fs::read_to_string(rules::ops("../README.md")).unwrap();
    let listed = readme
        .lines()
        .filter(|line| line.starts_with("| `Steadfast"));
    let listed: Vec<_> = listed
        .map(|row| row.split(" | ").take(2).collect::<Vec<_>>().join(" | "))
        .collect();
    let shipped = rules::read("alerts.yml")
        .into_iter()
        .map(|rule| format!("| `{}` | {}", rule.name, rule.severity.unwrap()));
    assert_eq!(listed, shipped.collect::<Vec<_>>());
}

/// The rows and panels that runbooks send people to.
#[test]
fn what_a_runbook_points_to_is_on_the_dashboard() {
    let (rows, panels) = panels::titles();
    for rule in rules::read("alerts.yml") {
        for (_, text) in &rule.annotations {
            let text = text.replace('\n', " ");
            for (mark, titles) in [("ow \"", &rows), ("anel \"", &panels)] {
                for rest in text.split(mark).skip(1) {
                    let title = rest.split('"').next().unwrap();
                    assert!(titles.contains(title), "{}: {title}", rule.name);
                }
            }
        }
    }
}
