//! A component's snapshot, asked for single facts.

use steadfast_telemetry::{ComponentSnapshot, ErrorNote, Note};

use crate::clock::whole_millis;
use std::time::Duration;

/// One component as telemetry has read it, and when.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) component: &'a ComponentSnapshot,
    /// In milliseconds since 1970.
    pub(crate) at: u64,
}

impl<'a> Reading<'a> {
    /// The sum of a metric over all its series.
    pub(crate) fn sum(&self, metric: &str) -> Option<f64> {
        let mut values = self.values(metric).map(|value| value.value.as_f64());
        let first = values.next()?;
        Some(values.fold(first, |sum, value| sum + value))
    }

    /// The same as a whole number.
    pub(crate) fn count(&self, metric: &str) -> Option<u64> {
        self.sum(metric).map(|sum| sum as u64)
    }

    /// The sum over those series in which the attribute has this value.
    pub(crate) fn count_of(&self, metric: &str, attribute: &str, is: &str) -> Option<u64> {
        let mut values = self.values(metric).filter(|value| {
            let has = value.attributes.get(attribute);
            has.is_some_and(|has| has == is)
        });
        let first = values.next()?.value.as_f64();
        Some(values.fold(first, |sum, value| sum + value.value.as_f64()) as u64)
    }

    /// The value of the attribute at which a one-hot metric is 1.
    pub(crate) fn hot(&self, metric: &str, attribute: &str) -> Option<&'a str> {
        let mut values = self.values(metric);
        let hot = values.find(|value| value.value.as_f64() > 0.0)?;
        hot.attributes.get(attribute).map(String::as_str)
    }

    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        match self.component.notes.get(key)? {
            Note::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        match self.component.notes.get(key)? {
            Note::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        match self.component.notes.get(key)? {
            Note::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The newest of the errors in a note.
    pub(crate) fn newest_error(&self, key: &str) -> Option<&'a ErrorNote> {
        match self.component.notes.get(key)? {
            Note::Errors(errors) => errors.first(),
            _ => None,
        }
    }

    /// The time of what was so many seconds ago.
    pub(crate) fn ago(&self, seconds: f64) -> u64 {
        self.at.saturating_sub(millis(seconds))
    }

    /// The time at which something began that has lasted so many seconds, by a note.
    pub(crate) fn began(&self, key: &str) -> Option<u64> {
        Some(self.ago(self.number(key)?))
    }

    /// The time at which something will be that is so many seconds away, by a note.
    pub(crate) fn due(&self, key: &str) -> Option<u64> {
        Some(self.at.saturating_add(millis(self.number(key)?)))
    }

    fn values(&self, metric: &str) -> impl Iterator<Item = &'a steadfast_telemetry::ValueSnapshot> {
        let values = self.component.values.iter();
        values.filter(move |value| value.metric == *metric)
    }
}

fn millis(seconds: f64) -> u64 {
    whole_millis(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
