//! The form of settings in a file: a flat table, read whole before anything is said about it.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use self::raw::Raw;
use self::setting::Setting;
use super::{CheckConfig, MonitorConfig};
use crate::error::FieldError;

mod duration;
mod hint;
mod raw;
mod setting;

/// Settings that stand in a table of their own.
trait Form: Default + Sized + 'static {
    const FIELDS: &'static [Field<Self>];

    fn check(&self, bad: &mut Vec<FieldError>);
}

struct Field<C> {
    /// The key.
    name: &'static str,
    read: fn(&mut C, &Raw) -> Result<(), &'static str>,
}

macro_rules! form {
    ($config:ident: $($name:ident,)*) => {
        impl Form for $config {
            const FIELDS: &'static [Field<Self>] = &[
                $(Field {
                    name: stringify!($name),
                    read: |config, raw| Setting::from_raw(raw).map(|value| config.$name = value),
                },)*
            ];

            fn check(&self, bad: &mut Vec<FieldError>) {
                $config::check(self, bad);
            }
        }

        impl Serialize for $config {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                // Does not compile if a field is missing below.
                let Self { $($name),* } = self;
                let mut table = serializer.serialize_map(None)?;
                $(if let Some(plain) = $name.plain() {
                    table.serialize_entry(stringify!($name), &plain)?;
                })*
                table.end()
            }
        }

        impl<'de> Deserialize<'de> for $config {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_map(FormVisitor(PhantomData))
            }
        }
    };
}

form! { MonitorConfig: interval, timeout, jitter, }

form! {
    CheckConfig:
    importance,
    liveness,
    startup,
    depends_on,
    timeout,
    interval,
    staleness,
    unhealthy_after,
    healthy_after,
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

/// The settings, or everything that is wrong with them.
fn read<C: Form>(entries: &[Entry]) -> Result<C, Vec<String>> {
    let mut config = C::default();
    let mut problems = Vec::new();
    let mut given: Vec<&Entry> = Vec::new();
    for entry in entries {
        let Some(field) = C::FIELDS.iter().find(|field| field.name == entry.key) else {
            let known = C::FIELDS.iter().map(|field| field.name);
            problems.push(entry.breaks(hint::unknown(&entry.key, known)));
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

struct FormVisitor<C>(PhantomData<C>);

impl<'de, C: Form> Visitor<'de> for FormVisitor<C> {
    type Value = C;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of settings of health checks")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<C, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Raw>()? {
            let key = key.into_key();
            let value = map.next_value()?;
            entries.push(Entry { key, value });
        }
        read(&entries).map_err(|problems| A::Error::custom(problems.join("; ")))
    }
}
