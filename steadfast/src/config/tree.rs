//! What the sources say together.

use std::collections::BTreeMap;

use layering::{Map, Source, Value, ValueKind};

use super::keys::{Kind, Shape, TOP};
use super::origin::Origin;
use super::sources::{Places, Sources, join};

/// A table of known keys or names.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Table {
    pub(super) entries: BTreeMap<String, Node>,
    /// `None`: no source has it.
    pub(super) origin: Option<Origin>,
}

/// What stands at a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Leaf(toml::Value, Origin),
    Table(Table),
}

/// One source, as the crate that merges wants it.
#[derive(Debug, Clone)]
struct Layer(Map<String, Value>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, layering::ConfigError> {
        Ok(self.0.clone())
    }
}

impl Table {
    /// Puts the layers on one another, the last on top.
    pub(super) fn of(sources: &mut Sources) -> Result<Self, layering::ConfigError> {
        let layers = std::mem::take(&mut sources.layers).into_iter();
        let merged = layers.map(Layer).collect::<Vec<_>>().collect()?;
        Ok(Self::from_map(merged, TOP, "", &sources.places))
    }

    fn from_map(
        map: Map<String, Value>,
        shape: &'static Shape,
        path: &str,
        places: &Places,
    ) -> Self {
        let node = |(name, value): (String, Value)| {
            let key = shape.find(&name)?;
            let node = Node::of(value, key.kind, &join(path, &name), places);
            Some((name, node))
        };
        Self {
            entries: map.into_iter().filter_map(node).collect(),
            origin: Some(places.of_table(path)),
        }
    }

    pub(super) fn table(&self, name: &str) -> Option<&Self> {
        match self.entries.get(name)? {
            Node::Table(table) => Some(table),
            Node::Leaf(..) => None,
        }
    }

    pub(super) fn table_mut(&mut self, name: &str) -> Option<&mut Self> {
        match self.entries.get_mut(name)? {
            Node::Table(table) => Some(table),
            Node::Leaf(..) => None,
        }
    }

    /// The tables in it, by name.
    pub(super) fn tables(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.entries.iter().filter_map(|(name, node)| match node {
            Node::Table(table) => Some((name.as_str(), table)),
            Node::Leaf(..) => None,
        })
    }

    pub(super) fn leaf(&self, name: &str) -> Option<(&toml::Value, &Origin)> {
        match self.entries.get(name)? {
            Node::Leaf(value, origin) => Some((value, origin)),
            Node::Table(_) => None,
        }
    }

    /// Where what stands at a path has come from.
    pub(super) fn origin_of(&self, path: &str) -> Option<Origin> {
        let mut table = self;
        for key in keys_of(path) {
            match table.entries.get(&key)? {
                Node::Leaf(_, origin) => return Some(origin.clone()),
                Node::Table(inner) => table = inner,
            }
        }
        table.origin.clone()
    }

    pub(super) fn plain(&self) -> toml::Table {
        let plain = self.entries.iter().map(|(name, node)| {
            let value = match node {
                Node::Leaf(value, _) => value.clone(),
                Node::Table(table) => table.plain().into(),
            };
            (name.clone(), value)
        });
        plain.collect()
    }
}

impl Node {
    fn of(value: Value, kind: Kind, path: &str, places: &Places) -> Self {
        let origin = places.of_value(&value);
        match (kind, value.kind) {
            (Kind::Table(shape) | Kind::Switch(shape), ValueKind::Table(map)) => {
                Self::Table(Table::from_map(map, shape, path, places))
            }
            (Kind::Named(shape), ValueKind::Table(map)) => {
                let tables = map.into_iter().filter_map(|(name, value)| {
                    let path = join(path, &name);
                    let ValueKind::Table(map) = value.kind else {
                        return None;
                    };
                    Some((
                        name,
                        Self::Table(Table::from_map(map, shape, &path, places)),
                    ))
                });
                Self::Table(Table {
                    entries: tables.collect(),
                    origin: Some(places.of_table(path)),
                })
            }
            (Kind::Headers, ValueKind::Table(map)) => {
                let headers = map.into_iter().map(|(name, value)| {
                    let origin = places.of_value(&value);
                    (name, Self::Leaf(plain(value.kind), origin))
                });
                Self::Table(Table {
                    entries: headers.collect(),
                    origin: Some(places.of_table(path)),
                })
            }
            (_, kind) => Self::Leaf(plain(kind), origin),
        }
    }
}

/// The keys of a path, as [`join`] puts it together.
fn keys_of(path: &str) -> Vec<String> {
    let mut keys = vec![String::new()];
    let mut quoted = false;
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        match (c, keys.last_mut()) {
            ('"', _) => quoted = !quoted,
            ('.', _) if !quoted => keys.push(String::new()),
            ('\\', Some(key)) if quoted => key.extend(chars.next()),
            (c, Some(key)) => key.push(c),
            (_, None) => {}
        }
    }
    keys
}

fn plain(kind: ValueKind) -> toml::Value {
    match kind {
        ValueKind::Boolean(value) => value.into(),
        ValueKind::I64(number) => number.into(),
        ValueKind::Float(number) => number.into(),
        ValueKind::String(text) => text.into(),
        ValueKind::Array(list) => {
            let values: Vec<_> = list.into_iter().map(|value| plain(value.kind)).collect();
            values.into()
        }
        // Where no table is expected; and the kinds that no source makes.
        _ => toml::Table::new().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{join, keys_of};

    #[test]
    fn a_path_is_taken_apart_as_it_was_put_together() {
        for keys in [
            &["a", "b-c", "d_1"][..],
            &["a", "b.c", "d"],
            &["a", "with \"quotes\". and ü", "d"],
            &["a", ""],
            &["\\", "\"", "."],
        ] {
            let path = keys
                .iter()
                .fold(String::new(), |path, key| join(&path, key));
            assert_eq!(keys_of(&path), keys, "{path}");
        }
        assert_eq!(keys_of("a.\"never ended"), ["a", "never ended"]);
    }
}
