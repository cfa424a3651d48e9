//! What can be wrong with the settings.

use std::error::Error;
use std::fmt;

/// Settings that break their rules; names every one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    fields: Vec<FieldError>,
}

impl ConfigError {
    pub(crate) fn new(fields: Vec<FieldError>) -> Self {
        Self { fields }
    }

    /// The fields that break their rule, in the order of the builder's methods.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dashboard: ")?;
        for (place, field) in self.fields.iter().enumerate() {
            if place > 0 {
                f.write_str("; ")?;
            }
            field.fmt(f)?;
        }
        Ok(())
    }
}

impl Error for ConfigError {}

/// One field that breaks its rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// The method of the builder that set it.
    pub field: &'static str,
    /// Its value.
    pub value: String,
    /// The rule.
    pub rule: &'static str,
}

impl FieldError {
    pub(crate) fn new(field: &'static str, value: &impl fmt::Debug, rule: &'static str) -> Self {
        Self {
            field,
            value: format!("{value:?}"),
            rule,
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, value, rule } = self;
        write!(f, "{field} {rule}, not {value}")
    }
}
