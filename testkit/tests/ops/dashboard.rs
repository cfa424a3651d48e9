//! The dashboard: panels by rows, written out as Grafana's JSON.
//!
//! `STEADFAST_BLESS=1 cargo test -p steadfast-testkit --test ops` writes `telemetry/ops/grafana-dashboard.json`.

mod adapters;
mod overview;
mod panel;
mod patterns;
mod retries;
mod service;

use serde_json::{Value, json};

use self::panel::{Panel, datasource};

/// What the file should hold.
pub(crate) fn dashboard() -> Value {
    json!({
        "uid": "steadfast",
        "title": "Steadfast",
        "description": "Circuit breakers, retries, bulkheads, HTTP clients, AMQP connections, health checks, supervised tasks and operators' pages of the Steadfast crates.",
        "tags": ["steadfast", "resilience"],
        "schemaVersion": 39,
        "version": 1,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": { "from": "now-1h", "to": "now" },
        "templating": { "list": variables() },
        "annotations": { "list": [] },
        "links": [],
        "panels": panels(),
    })
}

fn rows() -> [(&'static str, Vec<Panel>); 9] {
    [
        ("Overview", overview::overview()),
        ("Circuit breakers", patterns::breakers()),
        ("Retries and budgets", retries::retries()),
        ("Bulkheads and pools", patterns::bulkheads()),
        ("HTTP clients", adapters::http()),
        ("AMQP", adapters::amqp()),
        ("Health", overview::health()),
        ("Service", service::service()),
        ("Telemetry", overview::telemetry()),
    ]
}

fn panels() -> Vec<Value> {
    let mut panels = Vec::new();
    let mut y = 0;
    for (title, row) in rows() {
        let id = panels.len() + 1;
        let place = json!({ "x": 0, "y": y, "w": COLUMNS, "h": 1 });
        panels.push(json!({ "id": id, "type": "row", "title": title, "collapsed": false, "gridPos": place, "panels": [] }));
        y += 1;
        let (mut x, mut tallest) = (0, 0);
        for panel in row {
            let (columns, height) = panel.size();
            if x + columns > COLUMNS {
                (x, y, tallest) = (0, y + tallest, 0);
            }
            panels.push(panel.json(panels.len() as u64 + 1, x, y));
            (x, tallest) = (x + columns, tallest.max(height));
        }
        y += tallest;
    }
    panels
}

fn variables() -> Value {
    let source = json!({
        "name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus",
        "refresh": 1, "hide": 0, "includeAll": false, "multi": false, "options": [], "current": {},
    });
    let label = |name: &str, label: &str, query: &str| {
        json!({
            "name": name, "label": label, "type": "query", "datasource": datasource(),
            "query": { "query": query, "refId": format!("variable-{name}") }, "definition": query,
            "refresh": 2, "sort": 1, "hide": 0, "includeAll": true, "multi": true, "allValue": ".*",
            "options": [], "current": { "text": "All", "value": "$__all" },
        })
    };
    json!([
        source,
        label(
            "job",
            "Job",
            "label_values(resilience_telemetry_source_panics_total, job)"
        ),
        label(
            "instance",
            "Instance",
            r#"label_values(resilience_telemetry_source_panics_total{job=~"$job"}, instance)"#
        ),
        label(
            "name",
            "Component",
            r#"label_values({__name__=~"resilience_.+|amqp_resilient_.+",job=~"$job",instance=~"$instance"}, resilience_name)"#
        ),
    ])
}

const COLUMNS: u64 = 24;
