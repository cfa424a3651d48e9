//! The arguments of an entity: a table for the broker, and what could not be put into it.

use std::time::Duration;

use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Arguments {
    table: FieldTable,
    /// The rules that setters were given something against.
    broken: Vec<&'static str>,
}

impl Arguments {
    pub(super) fn set(&mut self, name: impl Into<String>, value: AMQPValue) {
        match short(name.into()).filter(|name| !name.as_str().is_empty()) {
            Some(name) => {
                self.table.insert(name, value);
            }
            None => self.broken.push(NAMES),
        }
    }

    pub(super) fn set_text(&mut self, name: &str, text: String) {
        self.set(name, AMQPValue::LongString(LongString::from(text)));
    }

    /// A count, which the protocol takes up to half of what a `u64` holds.
    pub(super) fn set_count(&mut self, name: &str, count: u64) {
        match i64::try_from(count) {
            Ok(count) => self.set(name, AMQPValue::LongLongInt(count)),
            Err(_) => self.broken.push(COUNTS),
        }
    }

    /// A time in milliseconds.
    pub(super) fn set_millis(&mut self, name: &str, time: Duration) {
        let whole = time.subsec_nanos().is_multiple_of(NANOS_PER_MILLI);
        let millis = u32::try_from(time.as_millis()).ok();
        match millis.filter(|_| whole) {
            Some(millis) => self.set(name, AMQPValue::LongLongInt(millis.into())),
            None => self.broken.push(TIMES),
        }
    }

    /// A time in milliseconds that may not be zero.
    pub(super) fn set_positive_millis(&mut self, name: &str, time: Duration) {
        if time.is_zero() {
            self.broken.push(EXPIRES);
        } else {
            self.set_millis(name, time);
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&AMQPValue> {
        self.table.inner().get(name)
    }

    pub(super) fn table(&self) -> FieldTable {
        self.table.clone()
    }

    pub(super) fn broken(&self) -> impl Iterator<Item = &'static str> {
        self.broken.iter().copied()
    }
}

/// A text as the protocol takes it in names and keys, if it is short enough. lapin's own conversion
/// panics.
pub(super) fn short(text: impl Into<String>) -> Option<ShortString> {
    ShortString::try_new(text).ok()
}

const NANOS_PER_MILLI: u32 = 1_000_000;

const NAMES: &str = "must have argument names of 1 to 255 bytes";
const COUNTS: &str = "must have limits of at most 9223372036854775807";
const TIMES: &str = "must have times of whole milliseconds, at most 4294967295 of them";
const EXPIRES: &str = "must expire after longer than zero";
