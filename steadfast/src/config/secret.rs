//! Values that are not to be told.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that `Debug` does not show: an address with a password, a token.
///
/// What is serialised has it, so that a configuration that is written can be read again.
///
/// # Examples
/// ```
/// use steadfast::config::Secret;
///
/// let token = Secret::new("open sesame");
/// assert_eq!(format!("{token:?}"), "..");
/// assert_eq!(token.expose(), "open sesame");
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for whom it is meant.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}
