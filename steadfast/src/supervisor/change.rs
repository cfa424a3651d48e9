//! What two configurations have that is not the same.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

/// One setting that has changed, or that is there or gone.
///
/// `Display` is one line: `bulkheads.llm_requests.max_concurrent: 10 -> 20`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Where it is in the file, from the outermost table inwards.
    pub path: Vec<String>,
    /// What it was, in one line; `None` if it was not there. What may be secret is `..`.
    pub from: Option<String>,
    /// What it is to be; `None` if it is not there.
    pub to: Option<String>,
    /// What else there is to say: why it has to wait for a restart, or what becomes of what is gone.
    pub note: Option<String>,
}

impl Change {
    /// The path as one writes it in TOML: `bulkheads.llm_requests.max_concurrent`.
    #[must_use]
    pub fn key(&self) -> String {
        key(self.path.iter().map(String::as_str))
    }
}

/// A path as one writes it in TOML.
pub(super) fn key<'p>(path: impl IntoIterator<Item = &'p str>) -> String {
    path.into_iter().map(quoted).collect::<Vec<_>>().join(".")
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.key())?;
        match (&self.from, &self.to) {
            (Some(from), Some(to)) if from == to => f.write_str("changed")?,
            (Some(from), Some(to)) => write!(f, "{from} -> {to}")?,
            (None, Some(to)) => write!(f, "added, {to}")?,
            (Some(_), None) => f.write_str("removed")?,
            (None, None) => f.write_str("changed")?,
        }
        match &self.note {
            Some(note) => write!(f, " ({note})"),
            None => Ok(()),
        }
    }
}

/// Everything that is not the same, in the order of the keys, and how many settings are.
pub(super) fn between(old: &Value, new: &Value) -> (Vec<Change>, usize) {
    let mut found = Found::default();
    found.compare(&mut Vec::new(), Some(old), Some(new));
    (found.changes, found.same)
}

#[derive(Default)]
struct Found {
    changes: Vec<Change>,
    same: usize,
}

impl Found {
    fn compare(&mut self, path: &mut Vec<String>, old: Option<&Value>, new: Option<&Value>) {
        match (old, new) {
            (Some(Value::Object(one)), Some(Value::Object(other))) => {
                let keys: BTreeSet<_> = one.keys().chain(other.keys()).collect();
                for key in keys {
                    path.push(key.clone());
                    self.compare(path, one.get(key), other.get(key));
                    path.pop();
                }
            }
            (old, new) if old == new => self.same += 1,
            (old, new) => self.changes.push(Change {
                from: old.map(|value| told(path, value)),
                to: new.map(|value| told(path, value)),
                path: path.clone(),
                note: None,
            }),
        }
    }
}

/// A value in one line, without secrets.
fn told(path: &[String], value: &Value) -> String {
    let is_secret = path.iter().any(|part| SECRET.contains(&part.as_str()));
    match value {
        _ if is_secret => "..".to_owned(),
        Value::Object(table) => {
            let mut path = path.to_vec();
            let parts = table.iter().map(|(key, value)| {
                path.push(key.clone());
                let part = format!("{} = {}", quoted(key), told(&path, value));
                path.pop();
                part
            });
            format!("{{ {} }}", parts.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Keys whose values may hold credentials.
const SECRET: [&str; 6] = [
    "base_url",
    "controls_token",
    "default_headers",
    "uri",
    "uris",
    "user_agent",
];

fn quoted(part: &str) -> String {
    let is_bare = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
    if !part.is_empty() && part.chars().all(is_bare) {
        part.to_owned()
    } else {
        format!("{part:?}")
    }
}

/// Puts what is at `path` in `from` in its place in `into`; takes it out if there is nothing.
pub(super) fn put_back(into: &mut Value, from: &Value, path: &[String]) {
    let Some((last, parents)) = path.split_last() else {
        return;
    };
    let old = path.iter().try_fold(from, |value, part| value.get(part));
    let mut table = into;
    for part in parents {
        let Some(object) = table.as_object_mut() else {
            return;
        };
        let empty = || Value::Object(serde_json::Map::new());
        table = object.entry(part.clone()).or_insert_with(empty);
    }
    let Some(object) = table.as_object_mut() else {
        return;
    };
    match old {
        Some(old) => object.insert(last.clone(), old.clone()),
        None => object.remove(last),
    };
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(old: &Value, new: &Value) -> Vec<String> {
        let (changes, _) = between(old, new);
        changes.iter().map(Change::to_string).collect()
    }

    #[test]
    fn each_setting_is_told_by_itself_and_what_is_new_or_gone_as_one() {
        let old = json!({ "a": { "x": 1, "y": "2s" }, "gone": { "z": 1 }, "same": true });
        let new = json!({ "a": { "x": 2, "y": "2s" }, "new one": { "z": 1 }, "same": true });
        assert_eq!(
            lines(&old, &new),
            [
                "a.x: 1 -> 2",
                "gone: removed",
                "\"new one\": added, { z = 1 }",
            ]
        );
        assert_eq!(between(&old, &new).1, 2);
    }

    #[test]
    fn secrets_are_not_told_wherever_they_are() {
        let old = json!({ "amqp": { "uri": "amqp://app:secret@host" }, "b": {} });
        let new = json!({
            "amqp": { "uri": "amqp://app:other-secret@host" },
            "b": { "c": { "default_headers": { "authorization": "secret" } } },
        });
        assert_eq!(
            lines(&old, &new),
            ["amqp.uri: changed", "b.c: added, { default_headers = .. }"]
        );
    }

    #[test]
    fn what_is_put_back_is_as_it_was() {
        let old = json!({ "a": { "x": 1 }, "gone": { "y": { "z": 1 } } });
        let new = json!({ "a": { "x": 2, "new": 3 } });
        let mut mixed = new.clone();
        for change in between(&old, &new).0 {
            put_back(&mut mixed, &old, &change.path);
        }
        assert_eq!(mixed, old);
    }
}
