//! What can go wrong: a configuration that breaks its rules, and a call that was rejected or failed.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::rejected::Rejected;

/// The settings given to a [`Builder`](crate::Builder) break their rules. Names every bad field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    name: Arc<str>,
    fields: Vec<FieldError>,
}

impl ConfigError {
    pub(crate) fn new(name: Arc<str>, fields: Vec<FieldError>) -> Self {
        Self { name, fields }
    }

    /// The name of the breaker that was to be built.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Every field that broke its rule, in the order of the builder's methods.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "circuit breaker {:?} is misconfigured: ", self.name)?;
        for (i, field) in self.fields.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{field}")?;
        }
        Ok(())
    }
}

impl StdError for ConfigError {}

/// One setting that breaks its rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// The builder method that set it.
    pub field: &'static str,
    /// The value as given.
    pub value: String,
    /// The rule, as a phrase: "must be at least 1".
    pub rule: &'static str,
}

impl FieldError {
    pub(crate) fn new(field: &'static str, value: &dyn fmt::Debug, rule: &'static str) -> Self {
        Self {
            field,
            value: format!("{value:?}"),
            rule,
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.field, self.value, self.rule)
    }
}

/// What [`CircuitBreaker::call`](crate::CircuitBreaker::call) returns instead of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error<E> {
    /// The breaker did not let the call through; the operation did not run.
    Rejected(Rejected),
    /// The operation ran and failed with this error. From a tower service also: it failed to become ready,
    /// which counts as nothing.
    Operation(E),
}

impl<E> Error<E> {
    /// The rejection, if the operation did not run.
    #[must_use]
    pub fn rejected(&self) -> Option<&Rejected> {
        match self {
            Self::Rejected(rejected) => Some(rejected),
            Self::Operation(_) => None,
        }
    }

    /// The operation's own error, if it ran.
    #[must_use]
    pub fn operation(&self) -> Option<&E> {
        match self {
            Self::Rejected(_) => None,
            Self::Operation(error) => Some(error),
        }
    }

    /// The operation's own error, by value, if it ran.
    #[must_use]
    pub fn into_operation(self) -> Option<E> {
        match self {
            Self::Rejected(_) => None,
            Self::Operation(error) => Some(error),
        }
    }
}

impl<E> From<Rejected> for Error<E> {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejected) => write!(f, "{rejected}"),
            Self::Operation(error) => write!(f, "{error}"),
        }
    }
}

impl<E: StdError + 'static> StdError for Error<E> {
    /// The rejection or the operation's own error, so that either can be found by downcasting.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Rejected(rejected) => Some(rejected),
            Self::Operation(error) => Some(error),
        }
    }
}
