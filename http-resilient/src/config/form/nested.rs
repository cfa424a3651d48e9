//! Settings that are tables.

use std::fmt::Debug;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use steadfast_retry::HedgeConfig;

use super::raw::Raw;
use super::setting::{Broken, Setting};
use crate::config::error::ClientProblem;

/// A map holds some more, but a client adds headers of its own to these.
pub(super) const MOST_HEADERS: usize = 20_000;
const HEADERS: &str = "must be a table of strings";
const MANY: &str = "must not come after as many headers as there can be";
const NAME: &str = "must have the name of a header";
const VALUE: &str = "must be a string that a header can have, or a list of such";

impl Setting for HeaderMap {
    const SECRET: bool = true;

    fn from_raw(raw: &Raw) -> Result<Self, Broken> {
        let Raw::Table(entries) = raw else {
            return Err(HEADERS.into());
        };
        let mut headers = Self::new();
        let mut problems = Vec::new();
        for (key, raw) in entries {
            let mut complain = |rule| problems.push(ClientProblem::new(key, "..", rule));
            let values = match raw {
                Raw::List(list) => list.as_slice(),
                one => std::slice::from_ref(one),
            };
            let values: Option<Vec<_>> = values.iter().map(header_value).collect();
            match (HeaderName::from_bytes(key.as_bytes()), values) {
                (Err(_), _) => complain(NAME),
                (Ok(name), _) if headers.contains_key(&name) => complain("is given already"),
                (Ok(_), None) => complain(VALUE),
                (Ok(name), Some(values)) => {
                    let mut values = values.into_iter();
                    let is_full = |headers: &Self| headers.len() >= MOST_HEADERS;
                    if values
                        .any(|value| is_full(&headers) || headers.try_append(&name, value).is_err())
                    {
                        complain(MANY);
                        break;
                    }
                }
            }
        }
        if problems.is_empty() {
            Ok(headers)
        } else {
            Err(Broken::Within(problems))
        }
    }

    fn plain(&self) -> impl Serialize {
        Headers(self)
    }

    fn shown(&self) -> impl Debug {
        self.keys().map(HeaderName::as_str).collect::<Vec<_>>()
    }
}

fn header_value(raw: &Raw) -> Option<HeaderValue> {
    match raw {
        Raw::Text(text) => {
            let mut value = HeaderValue::from_str(text).ok()?;
            value.set_sensitive(true); // not to be printed, by whomever
            Some(value)
        }
        _ => None,
    }
}

struct Headers<'h>(&'h HeaderMap);

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut table = serializer.serialize_map(Some(self.0.keys_len()))?;
        for name in self.0.keys() {
            let values: Vec<_> = self.0.get_all(name).iter().map(Text).collect();
            match &values[..] {
                [value] => table.serialize_entry(name.as_str(), value)?,
                values => table.serialize_entry(name.as_str(), values)?,
            }
        }
        table.end()
    }
}

/// A header's value, as text.
pub(super) struct Text<'h>(pub(super) &'h HeaderValue);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = std::str::from_utf8(self.0.as_bytes());
        let text = text.map_err(|_| S::Error::custom("a header's value is not text"))?;
        serializer.serialize_str(text)
    }
}

impl Setting for steadfast_breaker::Config {
    fn from_raw(raw: &Raw) -> Result<Self, Broken> {
        table(raw, "must be a table of circuit breaker settings")
    }

    fn plain(&self) -> impl Serialize {
        self
    }
}

impl Setting for HedgeConfig {
    fn from_raw(raw: &Raw) -> Result<Self, Broken> {
        table(raw, "must be a table of hedge settings")
    }

    fn plain(&self) -> impl Serialize {
        self
    }
}

/// A table that tells all its problems itself.
fn table<T: DeserializeOwned>(raw: &Raw, rule: &'static str) -> Result<T, Broken> {
    let Raw::Table(_) = raw else {
        return Err(rule.into());
    };
    T::deserialize(raw).map_err(|error| Broken::Within(problems(&error.to_string())))
}

/// Takes a text of the form `a = 1 (must ..); b = 2 (must ..)` apart.
fn problems(text: &str) -> Vec<ClientProblem> {
    let lines = text.strip_suffix(')').unwrap_or(text).split("); ");
    lines
        .map(|line| {
            let (key, rest) = line.split_once(" = ").unwrap_or((line, ""));
            let (value, rule) = rest.rsplit_once(" (").unwrap_or((rest, ""));
            ClientProblem::new(key, value, rule)
        })
        .collect()
}

#[cfg(feature = "rate-limit")]
impl Setting for (f64, u32) {
    fn from_raw(raw: &Raw) -> Result<Self, Broken> {
        let rule = "must be a table of per_second, a number, and burst, a whole number";
        let Raw::Table(entries) = raw else {
            return Err(rule.into());
        };
        match &entries[..] {
            [(a, rate), (b, burst)] | [(b, burst), (a, rate)]
                if a == "per_second" && b == "burst" =>
            {
                Ok((Setting::from_raw(rate)?, Setting::from_raw(burst)?))
            }
            _ => Err(rule.into()),
        }
    }

    fn plain(&self) -> impl Serialize {
        let (per_second, burst) = *self;
        RateTable { per_second, burst }
    }
}

#[cfg(feature = "rate-limit")]
struct RateTable {
    per_second: f64,
    burst: u32,
}

#[cfg(feature = "rate-limit")]
impl Serialize for RateTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut table = serializer.serialize_map(Some(2))?;
        table.serialize_entry("per_second", &self.per_second)?;
        table.serialize_entry("burst", &self.burst)?;
        table.end()
    }
}
