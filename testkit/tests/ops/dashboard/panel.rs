//! A panel, and the JSON that Grafana knows it by.

use serde_json::{Value, json};

/// The selectors that the variables at the top of the dashboard choose, by what stands for them in a query.
const SELECTORS: [(&str, &str); 2] = [
    (
        "@name",
        r#"job=~"$job",instance=~"$instance",resilience_name=~"$name""#,
    ),
    ("@target", r#"job=~"$job",instance=~"$instance""#),
];

/// One component of one instance, in a legend.
pub(crate) const COMPONENT: &str = "{{resilience_name}} {{resilience_instance}} on {{instance}}";

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// The number of now, red from 1 on.
    Stat,
    /// The worst of now.
    Table,
    Lines,
    /// One value for each state, in the order of their names and colours.
    States(&'static [(&'static str, &'static str)]),
}

/// One panel; 24 columns make a row.
#[derive(Debug)]
pub(crate) struct Panel {
    kind: Kind,
    pub(crate) title: &'static str,
    description: &'static str,
    unit: &'static str,
    columns: u64,
    queries: Vec<(String, &'static str)>,
}

impl Panel {
    fn new(kind: Kind, columns: u64, title: &'static str, description: &'static str) -> Self {
        Self {
            kind,
            title,
            description,
            unit: "short",
            columns,
            queries: Vec::new(),
        }
    }

    pub(crate) fn stat(title: &'static str, description: &'static str) -> Self {
        Self::new(Kind::Stat, 4, title, description)
    }

    pub(crate) fn table(title: &'static str, description: &'static str) -> Self {
        Self::new(Kind::Table, 8, title, description)
    }

    pub(crate) fn lines(title: &'static str, description: &'static str) -> Self {
        Self::new(Kind::Lines, 8, title, description)
    }

    pub(crate) fn states(
        title: &'static str,
        description: &'static str,
        states: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self::new(Kind::States(states), 24, title, description).unit("none")
    }

    /// Grafana's name of the unit.
    pub(crate) fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }

    pub(crate) fn columns(mut self, columns: u64) -> Self {
        self.columns = columns;
        self
    }

    /// Adds a query, with `@name` and `@target` for what the variables select.
    pub(crate) fn query(mut self, query: &str, legend: &'static str) -> Self {
        let query = SELECTORS
            .iter()
            .fold(query.to_owned(), |query, (short, long)| {
                query.replace(short, long)
            });
        self.queries.push((query, legend));
        self
    }

    pub(crate) const fn size(&self) -> (u64, u64) {
        let height = match self.kind {
            Kind::Stat => 4,
            Kind::Table | Kind::Lines | Kind::States(_) => 8,
        };
        (self.columns, height)
    }

    pub(crate) fn json(&self, id: u64, x: u64, y: u64) -> Value {
        let (columns, height) = self.size();
        let (kind, custom, options) = self.look();
        json!({
            "id": id,
            "type": kind,
            "title": self.title,
            "description": self.description,
            "datasource": datasource(),
            "gridPos": { "x": x, "y": y, "w": columns, "h": height },
            "targets": self.targets(),
            "transformations": self.transformations(),
            "fieldConfig": {
                "defaults": {
                    "unit": self.unit,
                    "min": 0,
                    "custom": custom,
                    "mappings": self.mappings(),
                    "thresholds": { "mode": "absolute", "steps": self.thresholds() },
                },
                "overrides": [],
            },
            "options": options,
        })
    }

    fn look(&self) -> (&'static str, Value, Value) {
        match self.kind {
            Kind::Stat => (
                "stat",
                json!({}),
                json!({
                    "colorMode": "background",
                    "graphMode": "area",
                    "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false },
                }),
            ),
            Kind::Table => ("table", json!({}), json!({ "showHeader": true })),
            Kind::Lines => (
                "timeseries",
                json!({ "fillOpacity": 10, "lineWidth": 1, "showPoints": "never" }),
                json!({
                    "legend": { "displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"] },
                    "tooltip": { "mode": "multi", "sort": "desc" },
                }),
            ),
            Kind::States(_) => (
                "state-timeline",
                json!({ "fillOpacity": 80, "lineWidth": 0 }),
                json!({
                    "mergeValues": true,
                    "rowHeight": 0.9,
                    "showValue": "never",
                    "legend": { "displayMode": "list", "placement": "bottom" },
                    "tooltip": { "mode": "single" },
                }),
            ),
        }
    }

    fn targets(&self) -> Vec<Value> {
        let is_table = matches!(self.kind, Kind::Table);
        let letters = (b'A'..).map(char::from);
        let queries = self.queries.iter().zip(letters);
        let target = |((query, legend), letter): (&(String, &str), char)| {
            json!({
                "refId": letter.to_string(),
                "datasource": datasource(),
                "editorMode": "code",
                "expr": query,
                "legendFormat": legend,
                "format": if is_table { "table" } else { "time_series" },
                "instant": is_table,
                "range": !is_table,
            })
        };
        queries.map(target).collect()
    }

    /// A table without the time, the worst first.
    fn transformations(&self) -> Value {
        match self.kind {
            Kind::Table => json!([
                { "id": "organize", "options": { "excludeByName": { "Time": true, "__name__": true } } },
                { "id": "sortBy", "options": { "sort": [{ "field": "Value", "desc": true }] } },
            ]),
            Kind::Stat | Kind::Lines | Kind::States(_) => json!([]),
        }
    }

    fn mappings(&self) -> Value {
        let Kind::States(states) = self.kind else {
            return json!([]);
        };
        let options: serde_json::Map<_, _> = states
            .iter()
            .enumerate()
            .map(|(value, (text, color))| {
                let shown = json!({ "text": text, "color": color, "index": value });
                (value.to_string(), shown)
            })
            .collect();
        json!([{ "type": "value", "options": options }])
    }

    fn thresholds(&self) -> Value {
        match self.kind {
            Kind::Stat => {
                json!([{ "color": "green", "value": null }, { "color": "red", "value": 1 }])
            }
            Kind::Table | Kind::Lines | Kind::States(_) => {
                json!([{ "color": "green", "value": null }])
            }
        }
    }
}

/// The one that is chosen at the top of the dashboard.
pub(crate) fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}
