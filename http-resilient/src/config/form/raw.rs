//! A value before anyone has asked what it should be.

use std::fmt;

use serde::de::value::{self, MapDeserializer, SeqDeserializer};
use serde::de::{
    Deserialize, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};

/// Displayed as its writer would recognise it.
#[derive(Debug, Clone)]
pub(in crate::config) enum Raw {
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Self>),
    Table(Vec<(String, Self)>),
    /// What no setting is; named only.
    Other(&'static str),
}

impl Raw {
    /// The entries of a table.
    pub(in crate::config) fn table<'de, D: Deserializer<'de>>(
        deserializer: D,
        rule: &str,
    ) -> Result<Vec<(String, Self)>, D::Error> {
        match Self::deserialize(deserializer)? {
            Self::Table(entries) => Ok(entries),
            other => Err(D::Error::custom(format_args!("{other} ({rule})"))),
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
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::List(_) => f.write_str("a list"),
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

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Integer(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Integer(value.into()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(i128::try_from(value).map_or(Raw::Other("a huge number"), Raw::Integer))
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
        let mut list = Vec::new();
        while let Some(element) = seq.next_element()? {
            list.push(element);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Raw>()? {
            let key = key.into_key();
            if key == DIGITS {
                return map.next_value().map(number);
            }
            entries.push((key, map.next_value()?));
        }
        Ok(Raw::Table(entries))
    }
}

fn number(digits: String) -> Raw {
    match (digits.parse(), digits.parse()) {
        (Ok(value), _) => Raw::Integer(value),
        (_, Ok(value)) => Raw::Float(value),
        _ => Raw::Text(digits),
    }
}

/// Lets another type read what was read.
impl<'de> Deserializer<'de> for &Raw {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, value::Error> {
        match self {
            Raw::Bool(value) => visitor.visit_bool(*value),
            Raw::Integer(value) => visitor.visit_i128(*value),
            Raw::Float(value) => visitor.visit_f64(*value),
            Raw::Text(value) => visitor.visit_str(value),
            Raw::List(list) => visitor.visit_seq(SeqDeserializer::new(list.iter())),
            Raw::Table(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.as_str(), value));
                visitor.visit_map(MapDeserializer::new(entries))
            }
            Raw::Other(_) => visitor.visit_unit(),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl IntoDeserializer<'_> for &Raw {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
