//! What each type of setting may be written as.

use std::fmt::Debug;
use std::time::Duration;

use http::HeaderValue;
use reqwest::Url;
use serde::de::Deserialize;
use serde::ser::Serialize;
use steadfast_breaker::AbandonedAs;

use super::duration;
use super::raw::Raw;
use crate::config::HttpClientConfig;
use crate::config::error::ClientProblem;
use crate::url::{BASE_RULE, BaseUrl};

/// Why a value cannot be read.
pub(super) enum Broken {
    Rule(&'static str),
    /// It is a table, and these are its problems.
    Within(Vec<ClientProblem>),
}

impl From<&'static str> for Broken {
    fn from(rule: &'static str) -> Self {
        Self::Rule(rule)
    }
}

pub(super) trait Setting: Sized + Debug {
    /// Whether the value may be a secret, and is not told.
    const SECRET: bool = false;

    fn from_raw(raw: &Raw) -> Result<Self, Broken>;

    /// As it is written.
    fn plain(&self) -> impl Serialize;

    /// As `Debug` writes it.
    fn shown(&self) -> impl Debug {
        self
    }
}

pub(super) const fn is_secret<T: Setting>(_: fn(&HttpClientConfig) -> &Option<T>) -> bool {
    T::SECRET
}

const COUNT: &str = "must be a whole number";
const LIMIT: &str = "must not be as large as that";
const NUMBER: &str = "must be a number";
const SWITCH: &str = "must be true or false";
const TEXTS: &str = "must be a list of strings";
const AGENT: &str = "must be a string that a header can have";

macro_rules! counts {
    ($($type:ty),*) => {$(
        impl Setting for $type {
            fn from_raw(raw: &Raw) -> Result<Self, Broken> {
                match *raw {
                    Raw::Integer(count) if count >= 0 => {
                        Self::try_from(count).map_err(|_| LIMIT.into())
                    }
                    Raw::Other("a huge number") => Err(LIMIT.into()),
                    _ => Err(COUNT.into()),
                }
            }

            fn plain(&self) -> impl Serialize {
                *self
            }
        }
    )*};
}

counts!(u32, u64, usize);

impl Setting for f64 {
    fn from_raw(raw: &Raw) -> Result<Self, Broken> {
        match *raw {
            Raw::Float(value) => Ok(value),
            // As near as if it had been written with a point.
            Raw::Integer(value) => Ok(value as Self),
            _ => Err(NUMBER.into()),
        }
    }

    fn plain(&self) -> impl Serialize {
        *self
    }
}

impl Setting for bool {
    fn from_raw(raw: &Raw) -> Result<Self, Broken> {
        match *raw {
            Raw::Bool(value) => Ok(value),
            _ => Err(SWITCH.into()),
        }
    }

    fn plain(&self) -> impl Serialize {
        *self
    }
}

impl Setting for Duration {
    fn from_raw(raw: &Raw) -> Result<Self, Broken> {
        let duration = match raw {
            Raw::Text(text) => duration::parse(text),
            Raw::Integer(millis) => u128::try_from(*millis)
                .map_err(|_| duration::FORM)
                .and_then(duration::from_millis),
            _ => Err(duration::FORM),
        };
        Ok(duration?)
    }

    fn plain(&self) -> impl Serialize {
        duration::format(*self)
    }
}

impl Setting for Url {
    const SECRET: bool = true;

    fn from_raw(raw: &Raw) -> Result<Self, Broken> {
        match raw {
            Raw::Text(text) => Self::parse(text).map_err(|_| BASE_RULE.into()),
            _ => Err(BASE_RULE.into()),
        }
    }

    fn plain(&self) -> impl Serialize {
        self.as_str()
    }

    fn shown(&self) -> impl Debug {
        BaseUrl::new(self)
    }
}

impl Setting for HeaderValue {
    fn from_raw(raw: &Raw) -> Result<Self, Broken> {
        match raw {
            Raw::Text(text) => Self::from_str(text).map_err(|_| AGENT.into()),
            _ => Err(AGENT.into()),
        }
    }

    fn plain(&self) -> impl Serialize {
        super::nested::Text(self)
    }
}

impl Setting for Vec<String> {
    fn from_raw(raw: &Raw) -> Result<Self, Broken> {
        let Raw::List(list) = raw else {
            return Err(TEXTS.into());
        };
        let texts = list.iter().map(|text| match text {
            Raw::Text(text) => Ok(text.clone()),
            _ => Err(TEXTS.into()),
        });
        texts.collect()
    }

    fn plain(&self) -> impl Serialize {
        self
    }
}

impl Setting for AbandonedAs {
    fn from_raw(raw: &Raw) -> Result<Self, Broken> {
        Self::deserialize(raw).map_err(|_| "must be \"ignored\" or \"failure\"".into())
    }

    fn plain(&self) -> impl Serialize {
        *self
    }
}
