//! A value before anyone has asked what it should be.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Displayed as its writer would recognise it.
pub(super) enum Raw {
    Bool(bool),
    Integer {
        negative: bool,
        size: u128,
    },
    Float(f64),
    Text(String),
    Table(Vec<Entry>),
    /// What no setting is; named only.
    Other(&'static str),
}

/// A key and its value, as given.
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: Raw,
}

/// All of a table, keys that are there twice included.
pub(super) fn entries<'de, A: MapAccess<'de>>(mut map: A) -> Result<Vec<Entry>, A::Error> {
    let mut entries = Vec::new();
    while let Some(key) = map.next_key::<Raw>()? {
        let key = key.into_key();
        let value = map.next_value()?;
        entries.push(Entry { key, value });
    }
    Ok(entries)
}

impl Raw {
    /// A whole number that is not below zero.
    pub(super) fn unsigned(&self) -> Option<u128> {
        match *self {
            Self::Integer {
                negative: false,
                size,
            } => Some(size),
            _ => None,
        }
    }

    fn into_key(self) -> String {
        match self {
            Self::Text(key) => key,
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer { negative, size } => {
                write!(f, "{}{size}", if *negative { "-" } else { "" })
            }
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::Table(_) => f.write_str("a table"),
            Self::Other(kind) => f.write_str(kind),
        }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

/// serde_json gives numbers as a table with this one key if any crate of the program asked it to keep
/// their digits (feature `arbitrary_precision`).
const DIGITS: &str = "$serde_json::private::Number";

/// toml gives dates and times as a table with this one key.
const DATE: &str = "$__toml_private_datetime";

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Raw, E> {
        self.visit_i128(value.into())
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Integer {
            negative: value < 0,
            size: value.unsigned_abs(),
        })
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Raw, E> {
        self.visit_u128(value.into())
    }

    fn visit_u128<E>(self, size: u128) -> Result<Raw, E> {
        let negative = false;
        Ok(Raw::Integer { negative, size })
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Raw, E> {
        Ok(Raw::Other("bytes"))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Other("null"))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Other("null"))
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Raw, D::Error> {
        Raw::deserialize(inner)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Raw, D::Error> {
        Raw::deserialize(inner)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Raw::Other("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Raw, A::Error> {
        let mut entries = entries(map)?;
        match entries.as_mut_slice() {
            [
                Entry {
                    key,
                    value: Raw::Text(digits),
                },
            ] if key == DIGITS => Ok(number(std::mem::take(digits))),
            [Entry { key, .. }] if key == DATE => Ok(Raw::Other("a date or time")),
            _ => Ok(Raw::Table(entries)),
        }
    }
}

fn number(digits: String) -> Raw {
    let unsigned = digits.strip_prefix('-');
    if let Ok(size) = unsigned.unwrap_or(&digits).parse() {
        let negative = unsigned.is_some();
        return Raw::Integer { negative, size };
    }
    match digits.parse() {
        Ok(value) => Raw::Float(value),
        Err(_) => Raw::Text(digits),
    }
}
