//! What a component says of itself in words.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Facts about a component that are no measurements: why a circuit breaker opened, how long it will be
/// so, what its limits are. [`Source::describe`](crate::Source::describe) writes them down for a
/// [`Snapshot`](crate::Snapshot).
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use steadfast_telemetry::{Note, Notes};
///
/// let mut notes = Notes::default();
/// notes.text("endpoint", "broker.internal:5672");
/// notes.seconds("connected_for_seconds", Some(Duration::from_millis(1500)));
/// notes.seconds("blocked_for_seconds", None); // not there, rather than 0
/// assert_eq!(notes.get("connected_for_seconds"), Some(&Note::Number(1.5)));
/// assert_eq!(notes.iter().count(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Notes {
    #[cfg_attr(feature = "serde", serde(deserialize_with = "known"))]
    notes: BTreeMap<String, Note>,
}

/// One fact.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(untagged))]
pub enum Note {
    /// Whether something is so.
    Flag(bool),
    /// A number, in the unit that the key names.
    Number(f64),
    /// Words.
    Text(String),
    /// What went wrong of late.
    Errors(Vec<ErrorNote>),
}

/// Errors of one class, in a [`Note`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ErrorNote {
    /// What sort of error: `timeout`, `connect`, `503`.
    pub class: String,
    /// What the last one of them said.
    pub message: String,
    /// How many there were since the first.
    pub count: u64,
    /// How long ago that was, in seconds.
    pub first_ago_seconds: f64,
    /// How long ago the last one was, in seconds.
    pub last_ago_seconds: f64,
}

impl ErrorNote {
    /// Errors of which the first was `first_ago` and the last `last_ago`.
    pub fn new(
        class: impl Into<String>,
        message: impl Into<String>,
        count: u64,
        first_ago: Duration,
        last_ago: Duration,
    ) -> Self {
        Self {
            class: class.into(),
            message: message.into(),
            count,
            first_ago_seconds: first_ago.as_secs_f64(),
            last_ago_seconds: last_ago.as_secs_f64(),
        }
    }
}

impl Notes {
    /// Notes words down.
    pub fn text(&mut self, key: impl Into<String>, value: impl fmt::Display) {
        self.note(key, Note::Text(value.to_string()));
    }

    /// Notes a number down, if it is finite: JSON can say no other, and whoever reads it could not read
    /// the rest either.
    pub fn number(&mut self, key: impl Into<String>, value: impl Into<f64>) {
        let value = value.into();
        if value.is_finite() {
            self.note(key, Note::Number(value));
        }
    }

    /// Notes a length of time down, as seconds, if there is one. Let the key end in `_seconds`.
    pub fn seconds(&mut self, key: impl Into<String>, value: impl Into<Option<Duration>>) {
        if let Some(value) = value.into() {
            self.note(key, Note::Number(value.as_secs_f64()));
        }
    }

    /// Notes down whether something is so.
    pub fn flag(&mut self, key: impl Into<String>, value: bool) {
        self.note(key, Note::Flag(value));
    }

    /// Notes down what went wrong of late, if anything did: the newest first. Leave out what is secret.
    pub fn errors(&mut self, key: impl Into<String>, errors: impl IntoIterator<Item = ErrorNote>) {
        let errors: Vec<_> = errors.into_iter().collect();
        if !errors.is_empty() {
            self.note(key, Note::Errors(errors));
        }
    }

    /// The fact of this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Note> {
        self.notes.get(key)
    }

    /// All facts, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Note)> {
        self.notes.iter().map(|(key, note)| (key.as_str(), note))
    }

    fn note(&mut self, key: impl Into<String>, note: Note) {
        self.notes.insert(key.into(), note);
    }
}

/// The facts of a form that is known. A later version may have others, which must not cost a reader the rest.
#[cfg(feature = "serde")]
fn known<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Note>, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Any {
        Known(Note),
        Unknown(serde::de::IgnoredAny),
    }
    let all: BTreeMap<String, Any> = serde::Deserialize::deserialize(deserializer)?;
    let known = all.into_iter().filter_map(|(key, note)| match note {
        Any::Known(note) => Some((key, note)),
        Any::Unknown(_) => None,
    });
    Ok(known.collect())
}
