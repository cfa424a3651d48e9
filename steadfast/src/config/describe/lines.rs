//! One line for each key.

use std::fmt;

use toml::Value;

use crate::config::Loaded;
use crate::config::keys::{Key, Kind, Shape, TOP};
use crate::config::origin::Origin;
use crate::config::sources::{join, quoted};
use crate::config::tree::{Node, Table};

/// All keys, their values and their origins, in the order of the table of keys.
pub(super) struct Lines(Vec<(String, String, String)>);

impl Lines {
    /// Of what was loaded, and its settings as they would be written.
    pub(super) fn of(loaded: &Loaded, values: &toml::Table) -> Self {
        let mut lines = Self(Vec::new());
        lines.table(TOP, "", values, Some(&loaded.tree), &Origin::Default);
        lines
    }

    pub(super) fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|(path, value, origin)| writeln!(f, "{path} = {value} # {origin}"))
    }

    /// What stands in no source has come from `otherwise`.
    fn table(
        &mut self,
        shape: &Shape,
        path: &str,
        values: &toml::Table,
        tree: Option<&Table>,
        otherwise: &Origin,
    ) {
        for key in shape.keys.iter().filter(|key| key.missing().is_none()) {
            let path = join(path, key.name);
            let node = tree.and_then(|tree| tree.entries.get(key.name));
            match (key.kind, values.get(key.name)) {
                (Kind::Table(shape) | Kind::Switch(shape), Some(Value::Table(values))) => {
                    // A switch that is on stands for all of its table.
                    let otherwise = match node {
                        Some(Node::Leaf(_, origin)) => origin,
                        _ => &Origin::Default,
                    };
                    self.table(shape, &path, values, table_of(node), otherwise);
                }
                (Kind::Named(shape), Some(Value::Table(tables))) => {
                    for (name, values) in tables {
                        let tree = table_of(node).and_then(|tree| tree.table(name));
                        let Value::Table(values) = values else {
                            continue;
                        };
                        let path = join(&path, name);
                        self.table(shape, &path, values, tree, &Origin::Default);
                    }
                }
                (Kind::Headers, Some(Value::Table(headers))) => {
                    for name in headers.keys() {
                        let node = table_of(node).and_then(|tree| tree.entries.get(name));
                        let origin = origin(node).unwrap_or(Origin::Default);
                        self.0
                            .push((join(&path, name), "..".to_owned(), origin.to_string()));
                    }
                }
                // A section that is missing as a whole.
                (Kind::Table(_) | Kind::Named(_), None) if path == key.name => {}
                (_, value) => {
                    let origin = of(node, tree).unwrap_or_else(|| otherwise.to_string());
                    self.one(key, path, value, node, origin);
                }
            }
        }
    }

    fn one(
        &mut self,
        key: &Key,
        path: String,
        value: Option<&Value>,
        node: Option<&Node>,
        origin: String,
    ) {
        // What a preset says is written as values, and not as the preset.
        let given = match node {
            Some(Node::Leaf(value, _)) => Some(value),
            _ => None,
        };
        let value = match value.or(given) {
            Some(value) => told(key.kind, value),
            None => key.built_in.unwrap_or("none").to_owned(),
        };
        self.0.push((path, value, origin));
    }
}

/// Where a value has come from: its own place, or that of the preset of its table.
fn of(node: Option<&Node>, tree: Option<&Table>) -> Option<String> {
    if let Some(origin) = origin(node) {
        return Some(origin.to_string());
    }
    match tree?.leaf("preset")? {
        (preset, Origin::BuiltIn) => Some(format!("built in {}", preset.as_str()?)),
        (_, origin) => Some(format!("preset at {origin}")),
    }
}

fn table_of(node: Option<&Node>) -> Option<&Table> {
    match node? {
        Node::Table(table) => Some(table),
        Node::Leaf(..) => None,
    }
}

fn origin(node: Option<&Node>) -> Option<Origin> {
    match node? {
        Node::Leaf(_, origin) => Some(origin.clone()),
        Node::Table(table) => table.origin.clone(),
    }
}

fn told(kind: Kind, value: &Value) -> String {
    match (kind, value) {
        (Kind::Url, Value::String(url)) => format!("{:?}", without_secrets(url)),
        (Kind::Urls, Value::Array(urls)) => {
            let urls = urls.iter().filter_map(Value::as_str).map(without_secrets);
            format!("{:?}", urls.collect::<Vec<_>>())
        }
        _ if kind.is_secret() => "..".to_owned(),
        (_, value) => on_one_line(value),
    }
}

/// As TOML, but for texts of several lines.
fn on_one_line(value: &Value) -> String {
    match value {
        Value::String(text) if text.contains(char::is_control) => quoted(text),
        Value::Array(list) => {
            let values: Vec<_> = list.iter().map(on_one_line).collect();
            format!("[{}]", values.join(", "))
        }
        value => value.to_string(),
    }
}

/// Scheme, host and path of an address: what is before the last `@` may be a password, and what is in the
/// query too.
fn without_secrets(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return "..".to_owned();
    };
    if !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return "..".to_owned();
    }
    let (user, rest) = match rest.rsplit_once('@') {
        // Whether this is a password or a query is not to be known.
        Some((before, _)) if before.contains(['?', '#']) => return format!("{scheme}://.."),
        Some((_, rest)) => ("..@", rest),
        None => ("", rest),
    };
    let end = rest.find(['?', '#']);
    let (place, query) = end.map_or((rest, ""), |end| (&rest[..end], "?.."));
    format!("{scheme}://{user}{place}{query}")
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn of_an_address_no_user_password_or_query_is_told() {
        for (url, told) in [
            (
                "amqp://app:secret@rabbit:5672/shop",
                "amqp://..@rabbit:5672/shop",
            ),
            (
                "amqp://app:s/e@c@rabbit/shop?auth=secret",
                "amqp://..@rabbit/shop?..",
            ),
            (
                "https://api.example/v1?key=secret",
                "https://api.example/v1?..",
            ),
            ("https://api.example/v1", "https://api.example/v1"),
            ("secret", ".."),
            ("https://api.example/v1?key=a@secret", "https://.."),
            ("https://api.example/v1#a@secret", "https://.."),
            ("http:user:secret@host/?next=http://other", ".."),
        ] {
            assert_eq!(without_secrets(url), told);
        }
    }
}
