//! What the dashboard's panels get when they ask.

use serde_json::Value;

use crate::rules;

/// Each query of each panel, for all jobs, instances and components, with the panel's title.
pub(crate) fn queries() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(rules::ops("grafana-dashboard.json")).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let panels = file["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| {
        let targets = panel["targets"].as_array().into_iter().flatten();
        targets.map(move |target| (text_of(panel, "title"), text_of(target, "expr")))
    });
    targets
        .map(|(title, query)| (title, for_all(&query)))
        .collect()
}

fn text_of(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap().to_owned()
}

fn for_all(query: &str) -> String {
    // No alert fires before a minute has passed.
    let query = query.replace(r#"alertstate="firing""#, r#"alertstate="pending""#);
    let query = query.replace("$__rate_interval", "1m");
    ["$job", "$instance", "$name"]
        .iter()
        .fold(query, |query, variable| query.replace(variable, ".*"))
}
