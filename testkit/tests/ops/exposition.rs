//! Prometheus' text format, read back.

use std::collections::{BTreeMap, BTreeSet};

/// The labels of one series, by name.
pub(crate) type Labels = BTreeMap<String, String>;

/// What was exposed.
#[derive(Debug, Default)]
pub(crate) struct Exposition {
    /// By the name of the series, that of a histogram's buckets for instance.
    pub(crate) series: BTreeMap<String, Vec<Labels>>,
    /// The families, as HELP names them.
    pub(crate) families: BTreeSet<String>,
}

impl Exposition {
    pub(crate) fn read(text: &str) -> Self {
        let mut exposition = Self::default();
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let family = help.split(' ').next().unwrap();
                exposition.families.insert(family.to_owned());
            } else if !line.starts_with('#') {
                let (series, _value) = line.rsplit_once(' ').unwrap();
                let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
                let labels = read_labels(labels.strip_suffix('}').unwrap());
                let of_name = exposition.series.entry(name.to_owned());
                of_name.or_default().push(labels);
            }
        }
        exposition
    }
}

fn read_labels(mut text: &str) -> Labels {
    let mut labels = Labels::new();
    while let Some((name, rest)) = text.split_once("=\"") {
        let mut value = String::new();
        let mut rest = rest.chars();
        loop {
            match rest.next().unwrap() {
                '"' => break,
                '\\' => value.push(match rest.next().unwrap() {
                    'n' => '\n',
                    escaped => escaped,
                }),
                plain => value.push(plain),
            }
        }
        labels.insert(name.trim_start_matches(',').to_owned(), value);
        text = rest.as_str();
    }
    labels
}

#[test]
fn reads_what_is_escaped() {
    let text = "# HELP a_total Things, and \"more\".\n# TYPE a_total counter\n\
                a_total{x=\"1, \\\"2\\\" \\\\ \\n}\",y=\"\"} 7\nb 1.5\n";
    let exposition = Exposition::read(text);
    assert_eq!(exposition.families, BTreeSet::from(["a_total".to_owned()]));
    let labels = &exposition.series["a_total"][0];
    assert_eq!(labels["x"], "1, \"2\" \\ \n}");
    assert_eq!(labels["y"], "");
    assert!(exposition.series["b"][0].is_empty());
}
