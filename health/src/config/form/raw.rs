//! A value before anyone has asked what it should be.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Displayed as its writer would recognise it.
pub(super) enum Raw {
    Bool(bool),
    /// A whole number that is not below zero.
    Count(u128),
    Float(f64),
    Text(String),
    List(Vec<Self>),
    /// What no setting is, as it is displayed.
    Other(String),
}

impl Raw {
    pub(super) fn into_key(self) -> String {
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
            Self::Count(count) => write!(f, "{count}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(list) => f.debug_list().entries(list.iter().map(Shown)).finish(),
            Self::Other(shown) => f.write_str(shown),
        }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

/// An element of a list, shown as it is by itself.
struct Shown<'a>(&'a Raw);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0, f)
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
        Ok(u128::try_from(value).map_or_else(|_| Raw::Other(value.to_string()), Raw::Count))
    }

    fn visit_u64<E>(self, count: u64) -> Result<Raw, E> {
        Ok(Raw::Count(count.into()))
    }

    fn visit_u128<E>(self, count: u128) -> Result<Raw, E> {
        Ok(Raw::Count(count))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Raw, E> {
        Ok(Raw::Text(text))
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Raw, E> {
        Ok(Raw::Other("bytes".to_owned()))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Other("null".to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Other("null".to_owned()))
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Raw, D::Error> {
        Raw::deserialize(inner)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Raw, D::Error> {
        Raw::deserialize(inner)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(one) = seq.next_element()? {
            list.push(one);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut kind = "a table";
        if let Some(key) = map.next_key::<Raw>()? {
            match key {
                Raw::Text(key) if key == DIGITS => return map.next_value().map(number),
                Raw::Text(key) if key == DATE => kind = "a date or time",
                _ => {}
            }
            map.next_value::<IgnoredAny>()?;
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Raw::Other(kind.to_owned()))
    }
}

fn number(digits: String) -> Raw {
    if let Ok(count) = digits.parse() {
        return Raw::Count(count);
    }
    digits.parse().map_or(Raw::Other(digits), Raw::Float)
}
