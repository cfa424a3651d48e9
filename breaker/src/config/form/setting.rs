//! What each type of setting may be written as.

use std::time::Duration;

use serde::ser::{Serialize, Serializer};

use super::duration;
use super::raw::Raw;
use crate::config::{AbandonedAs, Window};

/// A setting as it is written.
pub(super) enum Plain {
    Count(u32),
    Number(f64),
    Text(String),
}

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u32(*count),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

pub(super) trait Setting: Sized {
    /// Or the rule that the value breaks.
    fn from_raw(raw: &Raw) -> Result<Self, &'static str>;

    fn plain(&self) -> Option<Plain>;
}

const COUNT: &str = "must be a whole number from 1 to 4294967295";
const NUMBER: &str = "must be a number";
const WINDOW: &str =
    "must be 1 to 1000000 calls, or a duration from 1 ms to 1 h as a string like \"10s\"";
const ABANDONED_AS: &str = "must be \"ignored\" or \"failure\"";

impl Setting for u32 {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        match *raw {
            Raw::Integer {
                negative: false,
                size,
            } => Self::try_from(size).map_err(|_| COUNT),
            _ => Err(COUNT),
        }
    }

    fn plain(&self) -> Option<Plain> {
        Some(Plain::Count(*self))
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

impl Setting for Duration {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        match raw {
            Raw::Text(text) => duration::parse(text),
            Raw::Integer {
                negative: false,
                size,
            } => duration::from_millis(*size),
            _ => Err(duration::FORM),
        }
    }

    fn plain(&self) -> Option<Plain> {
        Some(Plain::Text(duration::format(*self)))
    }
}

impl Setting for Window {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        let window = match raw {
            Raw::Text(_) => Duration::from_raw(raw).map(Self::Time).ok(),
            _ => u32::from_raw(raw).map(Self::Calls).ok(),
        };
        window.filter(|window| window.is_sound()).ok_or(WINDOW)
    }

    fn plain(&self) -> Option<Plain> {
        match self {
            Self::Calls(calls) => calls.plain(),
            Self::Time(time) => time.plain(),
        }
    }
}

impl Setting for AbandonedAs {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        match raw {
            Raw::Text(text) if text == "ignored" => Ok(Self::Ignored),
            Raw::Text(text) if text == "failure" => Ok(Self::Failure),
            _ => Err(ABANDONED_AS),
        }
    }

    fn plain(&self) -> Option<Plain> {
        let word = match self {
            Self::Ignored => "ignored",
            Self::Failure => "failure",
        };
        Some(Plain::Text(word.to_owned()))
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
