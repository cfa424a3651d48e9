//! The form of a [`Config`] in a file: a flat table, read whole before anything is said about it.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use self::raw::Raw;
use self::setting::{Plain, Setting};
use super::{AbandonedAs, Config, Window};

mod duration;
mod hint;
mod raw;
mod setting;

struct Field {
    name: &'static str,
    read: fn(&mut Config, &Raw) -> Result<(), &'static str>,
    /// `None` if there is nothing to write.
    write: fn(&Config) -> Option<Plain>,
}

macro_rules! fields {
    ($($name:ident,)*) => {
        const FIELDS: &[Field] = &[$(Field {
            name: stringify!($name),
            read: |config, raw| Setting::from_raw(raw).map(|value| config.$name = value),
            write: |config| config.$name.plain(),
        },)*];

        /// Does not compile if a field is missing above.
        const _: fn(Config) = |Config { $($name: _,)* }| {};
    };
}

fields! {
    failure_threshold,
    reset_timeout,
    window,
    min_calls,
    failure_rate,
    slow_call_duration,
    slow_call_rate,
    open_for,
    open_for_multiplier,
    max_open_for,
    open_for_jitter,
    open_for_reset_after,
    max_probes,
    success_threshold,
    half_open_failure_rate,
    half_open_calls,
    half_open_max,
    ramp_up,
    abandoned_as,
}

/// Other names of fields.
const ALIASES: &[(&str, &str)] = &[("timeout", "open_for")];

fn field_of(key: &str) -> Option<&'static Field> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == key);
    let name = alias.map_or(key, |(_, name)| name);
    FIELDS.iter().find(|field| field.name == name)
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
fn read(entries: &[Entry]) -> Result<Config, Vec<String>> {
    let mut config = Config::default();
    let mut problems = Vec::new();
    let mut given = Vec::new();
    for entry in entries {
        let Some(field) = field_of(&entry.key) else {
            problems.push(entry.breaks(hint::unknown(&entry.key)));
            continue;
        };
        if let Some(Entry { key, value }) = find(&given, field.name) {
            problems.push(entry.breaks(format_args!("is given already: {key} = {value}")));
            continue;
        }
        given.push((field.name, entry));
        if let Err(rule) = (field.read)(&mut config, &entry.value) {
            problems.push(entry.breaks(rule));
            excuse(&mut config, field.name);
        }
    }
    for broken in config.broken_fields() {
        problems.push(match find(&given, broken.field) {
            Some(entry) => entry.breaks(broken.rule),
            None => broken.to_string(),
        });
    }
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(problems)
    }
}

fn find<'a>(given: &[(&str, &'a Entry)], name: &str) -> Option<&'a Entry> {
    let (_, entry) = given.iter().find(|(field, _)| *field == name)?;
    Some(entry)
}

/// Gives a field that could not be read a value that makes no other field break a rule: what it was
/// meant to be is not known.
fn excuse(config: &mut Config, field: &str) {
    match field {
        "window" => config.window = Window::Time(Duration::from_secs(1)),
        "slow_call_duration" => config.slow_call_duration = Some(Duration::MAX),
        "open_for" => config.open_for = Duration::from_nanos(1),
        "max_open_for" => config.max_open_for = Duration::MAX,
        _ => {}
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
        f.write_str("a table of circuit breaker settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Config, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Raw>()? {
            entries.push(Entry {
                key: key.into_key(),
                value: map.next_value()?,
            });
        }
        read(&entries).map_err(|problems| A::Error::custom(problems.join("; ")))
    }
}

impl Serialize for Config {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let given: Vec<_> = FIELDS
            .iter()
            .filter_map(|field| Some((field.name, (field.write)(self)?)))
            .collect();
        serializer.collect_map(given)
    }
}

/// Types of single settings stand for themselves too, in a table of the user's own.
macro_rules! alone {
    ($($type:ty),*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let raw = Raw::deserialize(deserializer)?;
                Self::from_raw(&raw).map_err(|rule| D::Error::custom(format_args!("{raw} ({rule})")))
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.plain().serialize(serializer)
            }
        }
    )*};
}

alone!(Window, AbandonedAs);
