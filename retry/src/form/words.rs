//! Settings that are words, and stand for themselves too, in a table of the user's own.

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use super::raw::Raw;
use super::setting::{Plain, Setting};
use crate::backoff::{Growth, Jitter};

const GROWTH: &str = "must be \"constant\", \"linear\", \"exponential\", \"fibonacci\", \
                      \"decorrelated\" or \"decorrelated_smooth\"";
const JITTER: &str =
    "must be \"none\", \"full\", \"equal\", true, false, or a share from 0 to 1 as a number";

impl Setting for Growth {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        let Raw::Text(word) = raw else {
            return Err(GROWTH);
        };
        match word.as_str() {
            "constant" => Ok(Self::Constant),
            "linear" => Ok(Self::Linear),
            "exponential" => Ok(Self::Exponential),
            "fibonacci" => Ok(Self::Fibonacci),
            "decorrelated" => Ok(Self::Decorrelated),
            "decorrelated_smooth" => Ok(Self::DecorrelatedSmooth),
            _ => Err(GROWTH),
        }
    }

    fn plain(&self) -> Option<Plain> {
        Some(Plain::Text(self.to_string()))
    }
}

impl Setting for Jitter {
    fn from_raw(raw: &Raw) -> Result<Self, &'static str> {
        match raw {
            Raw::Bool(false) => Ok(Self::None),
            Raw::Bool(true) => Ok(Self::Full),
            Raw::Text(word) if word == "none" => Ok(Self::None),
            Raw::Text(word) if word == "full" => Ok(Self::Full),
            Raw::Text(word) if word == "equal" => Ok(Self::Equal),
            _ => f64::from_raw(raw)
                .ok()
                .filter(|share| (0.0..=1.0).contains(share))
                .map(Self::Proportional)
                .ok_or(JITTER),
        }
    }

    fn plain(&self) -> Option<Plain> {
        let word = match self {
            Self::None => "none",
            Self::Full => "full",
            Self::Equal => "equal",
            Self::Proportional(share) => return share.plain(),
        };
        Some(Plain::Text(word.to_owned()))
    }
}

macro_rules! alone {
    ($($type:ty),*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let raw = Raw::deserialize(deserializer)?;
                Self::from_raw(&raw).map_err(|rule| D::Error::custom(format_args!("{raw} ({rule})")))
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.plain().serialize(serializer)
            }
        }
    )*};
}

alone!(Growth, Jitter);
