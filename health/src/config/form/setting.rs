//! What each type of setting may be written as.

use std::sync::Arc;
use std::time::Duration;

use serde::ser::Serialize;

use super::duration;
use super::raw::Raw;
use crate::status::Importance;

pub(super) trait Setting: Sized {
    /// Or the rule that the value breaks.
    fn from_raw(raw: &Raw) -> Result<Self, &'static str>;

    /// As it is written, if it is.
    fn plain(&self) -> Option<impl Serialize>;
}

const COUNT: &str = "must be a whole number from 1 to 4294967295";
const IMPORTANCE: &str = "must be \"required\" or \"optional\"";
const NAMES: &str = "must be a list of names";
const SHARE: &str = "must be a number from 0 to 1";
const SWITCH: &str = "must be true or false";

impl<S: Setting> Setting for Option<S> {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        S::from_raw(raw).map(Some)
    }

    fn plain(&self) -> Option<impl Serialize> {
        self.as_ref().and_then(S::plain)
    }
}

impl Setting for u32 {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        match *raw {
            Raw::Count(count) => Self::try_from(count).map_err(|_| COUNT),
            _ => Err(COUNT),
        }
    }

    fn plain(&self) -> Option<impl Serialize> {
        Some(*self)
    }
}

impl Setting for f64 {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        match *raw {
            Raw::Count(count) => u32::try_from(count).map(Self::from).map_err(|_| SHARE),
            Raw::Float(value) => Ok(value),
            _ => Err(SHARE),
        }
    }

    fn plain(&self) -> Option<impl Serialize> {
        Some(*self)
    }
}

impl Setting for bool {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        match *raw {
            Raw::Bool(value) => Ok(value),
            _ => Err(SWITCH),
        }
    }

    fn plain(&self) -> Option<impl Serialize> {
        Some(*self)
    }
}

impl Setting for Importance {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        let all = [Self::Required, Self::Optional];
        let named = all
            .into_iter()
            .find(|one| matches!(raw, Raw::Text(text) if text == one.as_str()));
        named.ok_or(IMPORTANCE)
    }

    fn plain(&self) -> Option<impl Serialize> {
        Some(self.as_str())
    }
}

impl Setting for Vec<Arc<str>> {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        let Raw::List(list) = raw else {
            return Err(NAMES);
        };
        list.iter()
            .map(|name| match name {
                Raw::Text(name) => Ok(Arc::from(name.as_str())),
                _ => Err(NAMES),
            })
            .collect()
    }

    fn plain(&self) -> Option<impl Serialize> {
        Some(self.iter().map(ToString::to_string).collect::<Vec<_>>())
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

    fn plain(&self) -> Option<impl Serialize> {
        Some(duration::format(*self))
    }
}
