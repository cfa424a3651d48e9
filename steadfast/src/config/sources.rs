//! What the sources say, before it is put together.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use layering::{Map, Value, ValueKind};

use super::error::Problem;
use super::inherit::BULKHEADS;
use super::keys::Kind;
use super::origin::Origin;

/// What all sources together say, and what is wrong with it so far.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// From the weakest to the strongest.
    pub(super) layers: Vec<Map<String, Value>>,
    pub(super) places: Places,
    pub(super) problems: Vec<Problem>,
    pub(super) files: Vec<Arc<Path>>,
    /// Variables that begin as ours do and mean nothing here.
    pub(super) ignored: Vec<String>,
    /// The names of components, in the case in which they were met first: by the path of the table they are
    /// in and the name in lower case.
    names: HashMap<(String, String), (String, Origin)>,
}

/// Where everything stands.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Each value carries the index of its own as its origin.
    origins: Vec<Origin>,
    /// Tables have none when they are merged: where each one was met first, by its path.
    tables: HashMap<String, Origin>,
}

impl Places {
    /// A value that knows where it is from.
    pub(super) fn value(&mut self, origin: Origin, kind: ValueKind) -> Value {
        let index = self.origins.len().to_string();
        self.origins.push(origin);
        Value::new(Some(&index), kind)
    }

    pub(super) fn of_value(&self, value: &Value) -> Origin {
        let index = value.origin().and_then(|index| index.parse().ok());
        let origin = index.and_then(|index: usize| self.origins.get(index));
        origin.cloned().unwrap_or(Origin::Default)
    }

    pub(super) fn table(&mut self, path: &str, origin: &Origin) {
        let origin = || origin.clone();
        self.tables.entry(path.to_owned()).or_insert_with(origin);
    }

    pub(super) fn of_table(&self, path: &str) -> Origin {
        self.tables.get(path).cloned().unwrap_or(Origin::Default)
    }
}

impl Sources {
    /// No source yet; what is built in has its names.
    pub(super) fn new() -> Self {
        let mut sources = Self::default();
        for name in BULKHEADS {
            let key = ("bulkheads".to_owned(), (*name).to_owned());
            let known = ((*name).to_owned(), Origin::BuiltIn);
            sources.names.insert(key, known);
        }
        let key = ("http_clients".to_owned(), "defaults".to_owned());
        let known = ("defaults".to_owned(), Origin::BuiltIn);
        sources.names.insert(key, known);
        sources
    }

    /// The name that a component has, if it is one that a component can have.
    pub(super) fn name(&mut self, table: &str, name: &str, origin: &Origin) -> Option<String> {
        let rule = if name.is_empty() || name.len() > LONGEST_NAME {
            "the name must have 1 to 128 bytes"
        } else if name.chars().any(char::is_control) {
            "the name must have no control characters"
        } else {
            let mut key = (table.to_owned(), name.to_lowercase());
            if matches!(origin, Origin::Variable { .. }) && !self.names.contains_key(&key) {
                match self.in_a_variable(table, &key.1).as_slice() {
                    [] => {}
                    [known] => key.1.clone_from(known),
                    [known, other, ..] => {
                        let rule = format!("may mean {known} or {other}");
                        let problem = Problem::new(origin.clone(), join(table, name), "..", rule);
                        self.problems.push(problem);
                        return None;
                    }
                }
            }
            let known = self
                .names
                .entry(key)
                .or_insert_with(|| (name.to_owned(), origin.clone()));
            if known.0 == name || matches!(origin, Origin::Variable { .. }) {
                return Some(known.0.clone());
            }
            let path = join(table, name);
            let rule = format!(
                "is named {} already ({}): names must differ in more than case",
                known.0, known.1
            );
            self.problems
                .push(Problem::new(origin.clone(), path, "a table", rule));
            return None;
        };
        let path = join(table, name);
        self.problems
            .push(Problem::new(origin.clone(), path, "a table", rule));
        None
    }
}

impl Sources {
    /// The names, in lower case, that are so in the name of a variable, which has letters, digits and `_`.
    fn in_a_variable(&self, table: &str, name: &str) -> Vec<String> {
        let is_it = |known: &str| {
            let as_there = |c: char| if c.is_alphanumeric() { c } else { '_' };
            known.chars().map(as_there).eq(name.chars())
        };
        let known = self
            .names
            .keys()
            .filter(|(of, known)| of == table && is_it(known));
        let mut known: Vec<_> = known.map(|(_, known)| known.clone()).collect();
        known.sort();
        known
    }
}

/// The path of a key within a table, quoted where TOML wants it.
pub(super) fn join(path: &str, key: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    let point = if path.is_empty() { "" } else { "." };
    if !key.is_empty() && key.bytes().all(is_bare) {
        format!("{path}{point}{key}")
    } else {
        format!("{path}{point}{}", quoted(key))
    }
}

/// In quotes, on one line.
pub(super) fn quoted(key: &str) -> String {
    let mut text = String::from('"');
    for c in key.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if c.is_control() => text.extend(c.escape_default()),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

/// The rule that a key breaks whose feature is off.
pub(super) fn needs(feature: &str) -> String {
    format!("needs the cargo feature {feature} of steadfast, which is off")
}

/// A value as it may be told of a key of this kind; `None` is a key that nobody knows.
pub(super) fn told(kind: Option<Kind>, value: &ValueKind) -> String {
    let secret = kind.is_none_or(|kind| {
        kind.is_secret() || kind.shape().is_some() || matches!(kind, Kind::Named(_))
    });
    match value {
        ValueKind::Boolean(value) => value.to_string(),
        ValueKind::I64(value) => value.to_string(),
        ValueKind::Float(value) => format!("{value:?}"),
        // A text may be a secret that has lost its key.
        ValueKind::String(_) if secret => "..".to_owned(),
        ValueKind::String(value) => format!("{value:?}"),
        ValueKind::Array(_) => "a list".to_owned(),
        _ => "a table".to_owned(),
    }
}

const LONGEST_NAME: usize = 128;
