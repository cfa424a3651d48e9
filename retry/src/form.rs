//! The form of settings in a file: a table, read whole before anything is said about it.
//!
//! One for all configs: each says what its fields are ([`Form`]), and a config that holds another has
//! it as a table within its own, whose problems are told with their path: `budget.share`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::Serializer;

use self::problem::{Problem, Unread};
use self::raw::{Entry, Raw};
use self::setting::Plain;
use crate::error::FieldError;

mod budget;
mod duration;
#[cfg(feature = "tokio")]
mod hedge;
mod hint;
mod problem;
mod raw;
mod retry;
mod setting;
mod words;

/// A config that is a table in a file.
trait Form: Default + 'static {
    /// What is meant, where something else is found: "a table of ...".
    const EXPECTED: &'static str;

    /// In the order of writing.
    const FIELDS: &'static [Field<Self>];

    /// Keys that are none here and that other libraries have, and what to say of each. `{}` in that
    /// stands for the key.
    const ELSEWHERE: &'static [(&'static [&'static str], &'static str)];

    /// Every field that breaks its rule, in the order of the fields.
    fn broken(&self) -> Vec<FieldError>;

    /// Gives a field that could not be read a value that makes no other field break a rule: what it
    /// was meant to be is not known.
    fn excuse(&mut self, field: &str);
}

struct Field<F> {
    /// The key.
    name: &'static str,
    read: fn(&mut F, &Raw) -> Result<(), Unread>,
    /// `None` if there is nothing to write.
    write: fn(&F) -> Option<Plain>,
}

/// The [`Form::FIELDS`] of a config: its settings, and after them the optional configs within it.
macro_rules! fields {
    ($config:ident { $($name:ident,)* } tables { $($table:ident,)* }) => {{
        /// Does not compile if a field is missing.
        const _: fn($config) = |$config { $($name: _,)* $($table: _,)* }| {};

        &[$($crate::form::Field {
            name: stringify!($name),
            read: |config, raw| $crate::form::read_setting(&mut config.$name, raw),
            write: |config| $crate::form::setting::Setting::plain(&config.$name),
        },)* $($crate::form::Field {
            name: stringify!($table),
            read: |config, raw| $crate::form::read_table(&mut config.$table, raw),
            write: |config| config.$table.as_ref().map($crate::form::plain),
        },)*]
    }};
}
use fields;

fn read_setting<S: setting::Setting>(setting: &mut S, raw: &Raw) -> Result<(), Unread> {
    *setting = S::from_raw(raw).map_err(Unread::Rule)?;
    Ok(())
}

/// `true` is a table with nothing in it, `false` none.
fn read_table<F: Form>(config: &mut Option<F>, raw: &Raw) -> Result<(), Unread> {
    *config = match raw {
        Raw::Bool(given) => given.then(F::default),
        Raw::Table(entries) => Some(read(entries).map_err(Unread::Within)?),
        _ => return Err(Unread::Rule("must be true, false or a table of settings")),
    };
    Ok(())
}

/// The config, or everything that is wrong with it.
fn read<F: Form>(entries: &[Entry]) -> Result<F, Vec<Problem>> {
    let mut config = F::default();
    let mut problems = Vec::new();
    let mut given: Vec<&Entry> = Vec::new();
    for entry in entries {
        let Some(field) = F::FIELDS.iter().find(|field| field.name == entry.key) else {
            problems.push(Problem::new(entry, hint::unknown::<F>(&entry.key)));
            continue;
        };
        if let Some(Entry { key, value }) = find(&given, field.name) {
            let rule = format!("is given already: {key} = {value}");
            problems.push(Problem::new(entry, rule));
            continue;
        }
        given.push(entry);
        if let Err(unread) = (field.read)(&mut config, &entry.value) {
            problems.extend(unread.problems(entry));
            config.excuse(field.name);
        }
    }
    for broken in config.broken() {
        problems.push(match find(&given, broken.field) {
            Some(entry) => Problem::new(entry, broken.rule),
            None => broken.into(),
        });
    }
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(problems)
    }
}

fn find<'a>(given: &[&'a Entry], key: &str) -> Option<&'a Entry> {
    given.iter().find(|entry| entry.key == key).copied()
}

fn plain<F: Form>(config: &F) -> Plain {
    let given = F::FIELDS.iter();
    Plain::Table(
        given
            .filter_map(|field| Some((field.name, (field.write)(config)?)))
            .collect(),
    )
}

struct TableVisitor<F>(PhantomData<F>);

impl<'de, F: Form> Visitor<'de> for TableVisitor<F> {
    type Value = F;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(F::EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<F, A::Error> {
        let entries = raw::entries(map)?;
        read(&entries).map_err(|problems| A::Error::custom(problem::told(&problems)))
    }
}

fn deserialize<'de, F: Form, D: Deserializer<'de>>(deserializer: D) -> Result<F, D::Error> {
    deserializer.deserialize_map(TableVisitor(PhantomData))
}

fn serialize<F: Form, S: Serializer>(config: &F, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&plain(config), serializer)
}

/// The configs that are tables in files.
macro_rules! table {
    ($config:ty) => {
        impl<'de> serde::Deserialize<'de> for $config {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::form::deserialize(deserializer)
            }
        }

        impl serde::Serialize for $config {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::form::serialize(self, serializer)
            }
        }
    };
}
use table;
