//! A configuration that breaks its rules.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::budget::Budget;

/// The settings given to a [`Builder`](crate::Builder), or to something that is in use, break their rules.
/// Names every bad field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// What was to be built or changed: "retry", "budget" or "hedge".
    component: &'static str,
    name: Arc<str>,
    fields: Vec<FieldError>,
}

impl ConfigError {
    pub(crate) fn new(component: &'static str, name: Arc<str>, fields: Vec<FieldError>) -> Self {
        Self {
            component,
            name,
            fields,
        }
    }

    /// The name of the retry, budget or hedge that was to be built or changed.
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

impl Error for ConfigError {}

/// One setting that breaks its rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// The builder method that set it; `name` for the name given to the builder.
    pub field: &'static str,
    /// The value as given, in its `Debug` form.
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

    /// A budget was brought along, and the settings describe another.
    pub(crate) fn two_budgets(brought: &Budget) -> Self {
        let rule = "must not come with a budget in the config";
        Self::new("budget", &brought.name(), rule)
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.field, self.value, self.rule)
    }
}
