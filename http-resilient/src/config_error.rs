//! Settings that break their rules.

use std::fmt;
use std::sync::Arc;

/// The settings given to a [`Builder`](crate::Builder) break their rules. Names every bad field.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use steadfast_http::Client;
///
/// let error = Client::named("payments")
///     .max_concurrent(0)
///     .attempt_timeout(Duration::ZERO)
///     .build()
///     .unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "http client \"payments\" is misconfigured: attempt_timeout = 0ns (must be longer than zero); \
///      max_concurrent = 0 (must be at least 1)"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    name: Arc<str>,
    fields: Vec<FieldError>,
}

impl ConfigError {
    pub(crate) fn new(name: Arc<str>, fields: Vec<FieldError>) -> Self {
        Self { name, fields }
    }

    /// The name of the client that was to be built.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Every field that broke its rule; never empty.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http client {:?} is misconfigured: ", self.name)?;
        for (index, field) in self.fields.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{field}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

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

    /// A complaint of a pattern about one of its settings.
    pub(crate) fn of(field: &'static str, value: &str, rule: &'static str) -> Self {
        Self {
            field,
            value: value.to_owned(),
            rule,
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.field, self.value, self.rule)
    }
}
