//! The form of a [`Config`] in a file: a flat table, read whole before anything is said about it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use self::raw::Raw;
use self::setting::Setting;
use super::Config;
use crate::error::FieldError;

mod duration;
mod hint;
mod raw;
mod setting;

struct Field {
    /// The key.
    name: &'static str,
    read: fn(&mut Config, &Raw) -> Result<(), &'static str>,
}

/// The key of what the other fields begin with. It is read and not written.
const PRESET: &str = "preset";

macro_rules! fields {
    ($($name:ident,)*) => {
        const FIELDS: &[Field] = &[
            Field {
                name: PRESET,
                read: |config, raw| preset(raw).map(|preset| *config = preset),
            },
            $(Field {
                name: stringify!($name),
                read: |config, raw| Setting::from_raw(raw).map(|value| config.$name = value),
            },)*
        ];

        impl Serialize for Config {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                // Does not compile if a field is missing below.
                let Self { $($name),* } = self;
                let len = [$(stringify!($name)),*].len();
                let mut table = serializer.serialize_struct("Config", len)?;
                $(table.serialize_field(stringify!($name), &$name.plain())?;)*
                table.end()
            }
        }
    };
}

fields! {
    max_concurrent,
    max_waiting,
    checkout_timeout,
    hold_times,
    high_share,
    normal_share,
    low_share,
}

fn preset(raw: &Raw) -> Result<Config, &'static str> {
    match raw {
        Raw::Text(name) if name == "amqp_channels" => Ok(Config::amqp_channels()),
        Raw::Text(name) if name == "http_connections" => Ok(Config::http_connections()),
        Raw::Text(name) if name == "llm_requests" => Ok(Config::llm_requests()),
        _ => Err("must be \"amqp_channels\", \"http_connections\" or \"llm_requests\""),
    }
}

/// A key and its value, as given.
struct Entry {
    key: String,
    value: Raw,
}

impl Entry {
    fn breaks(&self, rule: impl fmt::Display) -> String {
        format!("{} = {} ({rule})", self.key, self.value)
    }
}

/// The config, or everything that is wrong with it.
fn read(mut entries: Vec<Entry>) -> Result<Config, Vec<String>> {
    // The preset first, wherever it stands: what else is given changes it.
    entries.sort_by_key(|entry| entry.key != PRESET);
    let mut config = Config::default();
    let mut problems = Vec::new();
    let mut given: Vec<&Entry> = Vec::new();
    for entry in &entries {
        let Some(field) = FIELDS.iter().find(|field| field.name == entry.key) else {
            problems.push(entry.breaks(hint::unknown(&entry.key)));
            continue;
        };
        if let Some(Entry { key, value }) = given.iter().find(|given| given.key == entry.key) {
            problems.push(entry.breaks(format_args!("is given already: {key} = {value}")));
            continue;
        }
        given.push(entry);
        if let Err(rule) = (field.read)(&mut config, &entry.value) {
            problems.push(entry.breaks(rule));
        }
    }
    // A field that could not be read has its default, which breaks no rule.
    let mut broken = Vec::new();
    config.check(&mut broken);
    problems.extend(broken.iter().map(FieldError::to_string));
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(problems)
    }
}

impl<'de> Deserialize<'de> for Config {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ConfigVisitor)
    }
}

struct ConfigVisitor;

impl<'de> Visitor<'de> for ConfigVisitor {
    type Value = Config;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of bulkhead settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Config, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Raw>()? {
            let key = key.into_key();
            let value = map.next_value()?;
            entries.push(Entry { key, value });
        }
        read(entries).map_err(|problems| A::Error::custom(problems.join("; ")))
    }
}
