//! Reading JSON objects by hand: what is not asked for is an error, so that no typing mistake
//! turns an expectation into nothing.

use std::time::Duration;

use serde_json::{Map, Value};

pub(super) type Told<T> = Result<T, String>;

pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn of(value: Value) -> Told<Self> {
        match value {
            Value::Object(map) => Ok(Self(map)),
            other => Err(format!("{other} is no object")),
        }
    }

    /// The field, taken out. `null` counts as there.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    pub(super) fn text(&mut self, name: &str) -> Told<Option<String>> {
        self.read(name, |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn count(&mut self, name: &str) -> Told<Option<u64>> {
        self.read(name, Value::as_u64)
    }

    /// Integer milliseconds.
    pub(super) fn time(&mut self, name: &str) -> Told<Option<Duration>> {
        Ok(self.count(name)?.map(Duration::from_millis))
    }

    fn read<T>(&mut self, name: &str, read: impl Fn(&Value) -> Option<T>) -> Told<Option<T>> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let read = read(&value).ok_or_else(|| format!("{name}: {value} makes no sense"))?;
        Ok(Some(read))
    }

    /// All fields that are left, by name.
    pub(super) fn rest(self) -> impl Iterator<Item = (String, Value)> {
        self.0.into_iter()
    }

    /// An error if a field was not understood.
    pub(super) fn done(self) -> Told<()> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!("{name} means nothing here")),
        }
    }
}
