//! Prometheus' text format, read back.

use std::collections::BTreeMap;

/// One line of a Prometheus text: a series and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Exposed {
    /// The name, with whatever suffix it has.
    pub name: String,
    /// The labels by name.
    pub labels: BTreeMap<String, String>,
    /// The value.
    pub value: f64,
}

/// Every series of a Prometheus text.
///
/// # Panics
///
/// When a line is neither a comment nor a series.
///
/// # Examples
///
/// ```
/// let text = "# TYPE calls counter\ncalls_total{name=\"a, \\\"b\\\"\",kind=\"x\"} 3\nup 1\n";
/// let [calls, up] = &steadfast_testkit::exposition(text)[..] else { panic!() };
/// assert_eq!((&*calls.name, &*calls.labels["name"], calls.value), ("calls_total", "a, \"b\"", 3.0));
/// assert!(up.labels.is_empty());
/// ```
#[must_use]
pub fn exposition(text: &str) -> Vec<Exposed> {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| series(line).unwrap_or_else(|| panic!("no series: {line}")))
        .collect()
}

fn series(line: &str) -> Option<Exposed> {
    let end = line.find([' ', '{'])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (key, quoted) = rest.trim_start_matches(',').split_once("=\"")?;
            let (value, after) = unquote(quoted)?;
            labels.insert(key.to_owned(), value);
            rest = after;
        }
        rest = &rest[1..];
    }
    Some(Exposed {
        name: name.to_owned(),
        labels,
        value: rest.split_whitespace().next()?.parse().ok()?,
    })
}

/// The value up to the quotation mark that ends it, and what comes after.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}
