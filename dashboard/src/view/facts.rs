//! The flat map of what is known of a component.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

/// Facts by key.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Facts {
    facts: BTreeMap<Cow<'static, str>, Fact>,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Fact {
    Flag(bool),
    Count(u64),
    Number(f64),
    Text(String),
}

impl Facts {
    pub(crate) fn flag(&mut self, key: &'static str, value: bool) {
        self.put(key, Fact::Flag(value));
    }

    pub(crate) fn text(
        &mut self,
        key: impl Into<Cow<'static, str>>,
        value: Option<impl Into<String>>,
    ) {
        if let Some(value) = value {
            self.put(key, Fact::Text(value.into()));
        }
    }

    /// A whole number, a count or a time, if it is known.
    pub(crate) fn count(&mut self, key: impl Into<Cow<'static, str>>, value: Option<u64>) {
        if let Some(value) = value {
            self.put(key, Fact::Count(value));
        }
    }

    /// A share between 0 and 1, to a hundredth of a percent: what changes in it beyond that is no news.
    pub(crate) fn share(&mut self, key: &'static str, value: Option<f64>) {
        self.number(key, value, 10_000.0);
    }

    /// So many per second, to a tenth.
    pub(crate) fn rate(&mut self, key: &'static str, value: Option<f64>) {
        self.number(key, value, 10.0);
    }

    /// Seconds, shown as milliseconds, to a tenth of one.
    pub(crate) fn millis(&mut self, key: impl Into<Cow<'static, str>>, seconds: Option<f64>) {
        self.number(key, seconds.map(|seconds| seconds * 1000.0), 10.0);
    }

    /// Any number, to a thousandth.
    pub(crate) fn plain(&mut self, key: impl Into<Cow<'static, str>>, value: Option<f64>) {
        self.number(key, value, 1000.0);
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Fact> {
        self.facts.get(key)
    }

    /// A number of any sort.
    pub(crate) fn as_f64(&self, key: &str) -> Option<f64> {
        match self.get(key)? {
            Fact::Count(value) => Some(*value as f64),
            Fact::Number(value) => Some(*value),
            Fact::Flag(_) | Fact::Text(_) => None,
        }
    }

    fn number(&mut self, key: impl Into<Cow<'static, str>>, value: Option<f64>, parts: f64) {
        // JSON has no word for what is not finite.
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.put(key, Fact::Number((value * parts).round() / parts));
        }
    }

    /// Keeps the time that the row said before if this one is the same but for the jitter of reading clocks, so that
    /// it is no change.
    pub(crate) fn steady(&mut self, key: &'static str, before: &Self) {
        if let (Some(Fact::Count(now)), Some(Fact::Count(was))) = (self.get(key), before.get(key)) {
            let steady = steady(*now, *was);
            self.put(key, Fact::Count(steady));
        }
    }

    fn put(&mut self, key: impl Into<Cow<'static, str>>, fact: Fact) {
        self.facts.insert(key.into(), fact);
    }
}

/// Two readings of one point of time differ by less than this, in milliseconds.
const JITTER: u64 = 750;

/// The time that was told before, unless this one is another.
pub(crate) fn steady(now: u64, before: u64) -> u64 {
    if now.abs_diff(before) < JITTER {
        before
    } else {
        now
    }
}
