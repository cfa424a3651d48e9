//! The dashboard, as it is in the file.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::checker::Known;
use crate::exposition::Exposition;
use crate::{after_braces, dashboard, family, known, rules};

fn file() -> Value {
    let text = fs::read_to_string(rules::ops("grafana-dashboard.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The panels that show something, and the rows above them.
fn panels(file: &Value) -> (Vec<&Value>, Vec<&Value>) {
    let all = file["panels"].as_array().unwrap();
    all.iter().partition(|panel| panel["type"] != "row")
}

/// Of rows, and of panels.
pub(crate) fn titles() -> (BTreeSet<String>, BTreeSet<String>) {
    let file = file();
    let (panels, rows) = panels(&file);
    let titles = |of: Vec<&Value>| of.iter().map(|one| text(one, "title")).collect();
    (titles(rows), titles(panels))
}

fn text(value: &Value, key: &str) -> String {
    let text = value[key].as_str();
    text.unwrap_or_else(|| panic!("no {key} in {value}"))
        .to_owned()
}

#[test]
fn the_file_is_what_the_generator_writes() {
    let path = rules::ops("grafana-dashboard.json");
    if std::env::var_os("STEADFAST_BLESS").is_some() {
        let text = serde_json::to_string_pretty(&dashboard::dashboard()).unwrap();
        fs::write(path, text + "\n").unwrap();
    }
    assert!(
        file() == dashboard::dashboard(),
        "out of step: STEADFAST_BLESS=1 cargo test -p steadfast-testkit --test ops"
    );
}

#[tokio::test]
async fn every_panel_asks_for_what_is_exported() {
    let mut known = known().await;
    let file = file();
    for panel in panels(&file).0 {
        let title = text(panel, "title");
        for target in panel["targets"].as_array().unwrap() {
            let values = known.check(&text(target, "expr"));
            let values = values.unwrap_or_else(|error| panic!("{title}: {error}"));
            for label in after_braces(&text(target, "legendFormat")) {
                assert!(values.contains_key(&label), "{title}: no label {label}");
            }
        }
    }
    for variable in file["templating"]["list"].as_array().unwrap() {
        if variable["type"] == "query" {
            variable_asks_for_what_is_exported(&mut known, &text(variable, "definition"));
        }
    }
}

fn variable_asks_for_what_is_exported(known: &mut Known, definition: &str) {
    let query = definition.strip_prefix("label_values(").unwrap();
    let (query, label) = query.strip_suffix(')').unwrap().rsplit_once(", ").unwrap();
    let values = known.check(query);
    let values = values.unwrap_or_else(|error| panic!("{definition}: {error}"));
    assert!(values.contains_key(label), "{definition}");
}

#[tokio::test]
async fn every_metric_is_on_the_dashboard() {
    let exposition = Exposition::read(&family::exposition().await);
    let mut known = Known::new(&exposition);
    let file = file();
    for panel in panels(&file).0 {
        for target in panel["targets"].as_array().unwrap() {
            known.check(&text(target, "expr")).unwrap();
        }
    }
    let is_shown = |family: &&String| {
        let forms = ["", "_bucket", "_sum", "_count"];
        forms
            .iter()
            .any(|form| known.asked_for().contains(&format!("{family}{form}")))
    };
    let hidden: Vec<_> = exposition
        .families
        .iter()
        .filter(|family| !is_shown(family))
        .collect();
    assert!(hidden.is_empty(), "on no panel: {hidden:?}");
}

#[test]
fn every_panel_explains_itself_and_takes_the_datasource_that_is_chosen() {
    let file = file();
    let (panels, rows) = panels(&file);
    assert_eq!(rows[0]["title"], "Overview");
    let ids: BTreeSet<_> = panels
        .iter()
        .chain(&rows)
        .map(|panel| panel["id"].as_u64())
        .collect();
    assert_eq!(ids.len(), panels.len() + rows.len());
    for panel in panels {
        let title = text(panel, "title");
        assert!(text(panel, "description").ends_with('.'), "{title}");
        assert!(
            !text(&panel["fieldConfig"]["defaults"], "unit").is_empty(),
            "{title}"
        );
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        for target in panel["targets"].as_array().unwrap() {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
        }
    }
    let variables = file["templating"]["list"].as_array().unwrap();
    let variables: Vec<_> = variables.iter().map(|one| text(one, "name")).collect();
    assert_eq!(variables, ["datasource", "job", "instance", "name"]);
}

#[test]
fn no_panel_lies_on_another() {
    let file = file();
    let mut taken = BTreeSet::new();
    for panel in file["panels"].as_array().unwrap() {
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{}", panel["title"]);
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(taken.insert((x, y)), "{}", panel["title"]);
            }
        }
    }
}
