//! Settings that break their rules, each one named.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The settings given to a builder break their rules. Names every bad field; never shows a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    component: &'static str,
    name: Arc<str>,
    fields: Vec<FieldError>,
}

impl ConfigError {
    pub(crate) fn new(component: &'static str, name: &Arc<str>, fields: Vec<FieldError>) -> Self {
        Self {
            component,
            name: Arc::clone(name),
            fields,
        }
    }

    /// The name of the connection or publisher that was to be built.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Every field that broke its rule.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} is misconfigured: ", self.component, self.name)?;
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
    /// The value as given; an address is shown without its user and password.
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

/// Collects the fields that break their rules.
#[derive(Default)]
pub(crate) struct Rules(Vec<FieldError>);

impl Rules {
    pub(crate) fn require(
        &mut self,
        holds: bool,
        field: &'static str,
        value: &dyn fmt::Debug,
        rule: &'static str,
    ) {
        if !holds {
            self.0.push(FieldError::new(field, value, rule));
        }
    }

    pub(crate) fn longer_than_zero(&mut self, field: &'static str, duration: Duration) {
        let rule = "must be longer than zero";
        self.require(!duration.is_zero(), field, &duration, rule);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub(crate) fn into_fields(self) -> Vec<FieldError> {
        self.0
    }
}
