//! What each type of setting may be written as.

use std::time::Duration;

use serde::ser::{Serialize, Serializer};

use super::duration;
use super::raw::Raw;

/// A setting as it is written.
pub(super) enum Plain {
    Count(u64),
    Number(f64),
    #[cfg(feature = "tokio")]
    Switch(bool),
    Text(String),
    Table(Vec<(&'static str, Self)>),
}

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u64(*count),
            Self::Number(number) => serializer.serialize_f64(*number),
            #[cfg(feature = "tokio")]
            Self::Switch(on) => serializer.serialize_bool(*on),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Table(entries) => {
                serializer.collect_map(entries.iter().map(|(key, value)| (key, value)))
            }
        }
    }
}

pub(super) trait Setting: Sized {
    /// Or the rule that the value breaks.
    fn from_raw(raw: &Raw) -> Result<Self, &'static str>;

    fn plain(&self) -> Option<Plain>;
}

const COUNT: &str = "must be a whole number from 1 to 4294967295";
/// The one length there is: `history`.
const LENGTH: &str = "must be a whole number from 0 to 1000";
const NUMBER: &str = "must be a number";
#[cfg(feature = "tokio")]
const SWITCH: &str = "must be true or false";

impl Setting for u32 {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        let size = raw.unsigned().ok_or(COUNT)?;
        Self::try_from(size).map_err(|_| COUNT)
    }

    fn plain(&self) -> Option<Plain> {
        Some(Plain::Count((*self).into()))
    }
}

impl Setting for usize {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        let size = raw.unsigned().ok_or(LENGTH)?;
        Self::try_from(size).map_err(|_| LENGTH)
    }

    fn plain(&self) -> Option<Plain> {
        Some(Plain::Count(*self as u64))
    }
}

impl Setting for f64 {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        match *raw {
            Raw::Float(value) => Ok(value),
            // As near as if it had been written with a point.
            Raw::Integer { negative, size } => Ok(if negative {
                -(size as Self)
            } else {
                size as Self
            }),
            _ => Err(NUMBER),
        }
    }

    fn plain(&self) -> Option<Plain> {
        Some(Plain::Number(*self))
    }
}

/// Only hedges have one.
#[cfg(feature = "tokio")]
impl Setting for bool {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        match *raw {
            Raw::Bool(value) => Ok(value),
            _ => Err(SWITCH),
        }
    }

    fn plain(&self) -> Option<Plain> {
        Some(Plain::Switch(*self))
    }
}

impl Setting for Duration {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        match raw {
            Raw::Text(text) => duration::parse(text),
            _ => duration::from_millis(raw.unsigned().ok_or(duration::FORM)?),
        }
    }

    fn plain(&self) -> Option<Plain> {
        Some(Plain::Text(duration::format(*self)))
    }
}

impl<T: Setting> Setting for Option<T> {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        T::from_raw(raw).map(Some)
    }

    fn plain(&self) -> Option<Plain> {
        self.as_ref()?.plain()
    }
}
