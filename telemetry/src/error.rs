//! What can be refused: settings, and handlers.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

/// A telemetry object cannot be built from these settings. It lists every bad one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    fields: Vec<FieldError>,
}

impl ConfigError {
    pub(crate) fn new(fields: Vec<FieldError>) -> Self {
        Self { fields }
    }

    /// Every bad setting, never empty.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("telemetry is misconfigured: ")?;
        for (index, field) in self.fields.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{field}")?;
        }
        Ok(())
    }
}

impl StdError for ConfigError {}

/// One bad setting.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// The setting's name, as on the builder.
    pub field: &'static str,
    /// The value it was given.
    pub value: String,
    /// The rule that the value breaks: "must be ...".
    pub rule: &'static str,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.field, self.value, self.rule)
    }
}

/// A handler cannot be attached.
#[derive(Debug)]
#[non_exhaustive]
pub enum AttachError {
    /// Another handler is attached under this id.
    Duplicate {
        /// The id.
        id: Arc<str>,
    },
    /// The id is empty.
    EmptyId,
    /// The thread that handlers run on could not be started.
    Thread(io::Error),
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate { id } => {
                write!(f, "another event handler is attached as {id:?}")
            }
            Self::EmptyId => f.write_str("the id of an event handler must not be empty"),
            Self::Thread(_) => f.write_str("the event handler thread could not be started"),
        }
    }
}

impl StdError for AttachError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Thread(error) => Some(error),
            Self::Duplicate { .. } | Self::EmptyId => None,
        }
    }
}
