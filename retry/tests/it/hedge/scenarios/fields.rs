//! Reading JSON objects by hand: what is not asked for is an error, so that no typing mistake
//! turns an expectation into nothing.

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

    /// The field, taken out.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    pub(super) fn need(&mut self, name: &str) -> Told<Value> {
        self.take(name).ok_or_else(|| format!("{name} is missing"))
    }

    pub(super) fn object(&mut self, name: &str) -> Told<Self> {
        self.need(name).and_then(Self::of)
    }

    pub(super) fn text(&mut self, name: &str) -> Told<String> {
        match self.need(name)? {
            Value::String(text) => Ok(text),
            other => Err(format!("{name}: {other} is no text")),
        }
    }

    pub(super) fn list(&mut self, name: &str) -> Told<Vec<Value>> {
        match self.need(name)? {
            Value::Array(list) => Ok(list),
            other => Err(format!("{name}: {other} is no list")),
        }
    }

    pub(super) fn count(&mut self, name: &str) -> Told<Option<u64>> {
        let value = self.take(name);
        let count = value.map(|value| {
            let count = value.as_u64();
            count.ok_or_else(|| format!("{name}: {value} is no count"))
        });
        count.transpose()
    }

    pub(super) fn flag(&mut self, name: &str) -> Told<bool> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(true)) => Ok(true),
            Some(other) => Err(format!("{name}: {other} is not true")),
        }
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
