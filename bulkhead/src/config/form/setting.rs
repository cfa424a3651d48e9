//! What each type of setting may be written as.

use std::time::Duration;

use serde::ser::Serialize;

use super::duration;
use super::raw::Raw;

pub(super) trait Setting: Sized {
    /// Or the rule that the value breaks.
    fn from_raw(raw: &Raw) -> Result<Self, &'static str>;

    /// As it is written.
    fn plain(&self) -> impl Serialize;
}

const COUNT: &str = "must be a whole number";
const LIMIT: &str = "must not be as large as that";
/// The only settings of 32 bits are shares.
const SHARE: &str = "must be a whole number from 1 to 100";
const SWITCH: &str = "must be true or false";

impl Setting for usize {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        match *raw {
            Raw::Count(count) => Self::try_from(count).map_err(|_| LIMIT),
            _ => Err(COUNT),
        }
    }

    fn plain(&self) -> impl Serialize {
        *self
    }
}

impl Setting for u32 {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        match *raw {
            Raw::Count(count) => Self::try_from(count).map_err(|_| SHARE),
            _ => Err(SHARE),
        }
    }

    fn plain(&self) -> impl Serialize {
        *self
    }
}

impl Setting for bool {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        match *raw {
            Raw::Bool(value) => Ok(value),
            _ => Err(SWITCH),
        }
    }

    fn plain(&self) -> impl Serialize {
        *self
    }
}

impl Setting for Duration {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        match raw {
            Raw::Text(text) => duration::parse(text),
            Raw::Count(millis) => duration::from_millis(*millis),
            _ => Err(duration::FORM),
        }
    }

    fn plain(&self) -> impl Serialize {
        duration::format(*self)
    }
}
