//! A value before anyone has asked what it should be.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Displayed as its writer would recognise it.
#[derive(Debug, PartialEq)]
pub(super) enum Raw {
    Bool(bool),
    Integer {
        negative: bool,
        size: u128,
    },
    Float(f64),
    Text(String),
    /// What no setting is; named only.
    Other(&'static str),
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
            Self::Integer { negative, size } => {
                write!(f, "{}{size}", if *negative { "-" } else { "" })
            }
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Text(value) => write!(f, "{value:?}"),
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

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let table = Ok(Raw::Other("a table"));
        match map.next_key::<Raw>()? {
            Some(Raw::Text(key)) if key == DIGITS => return map.next_value().map(number),
            Some(_) => map.next_value::<IgnoredAny>()?,
            None => return table,
        };
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        table
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
