//! A task that cannot be started.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// A task cannot be started.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpawnError {
    /// It has no name.
    EmptyName,
    /// There is one of that name.
    NameTaken(Arc<str>),
    /// The tasks have been stopped.
    Stopped,
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyName => f.write_str("a task needs a name"),
            Self::NameTaken(name) => write!(f, "there is a task named {name} already"),
            Self::Stopped => f.write_str("the tasks have been stopped"),
        }
    }
}

impl StdError for SpawnError {}
