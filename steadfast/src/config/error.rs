//! Everything that is wrong with a configuration.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::origin::Origin;

/// Everything that is wrong with a configuration: displayed with one line for each problem, in the order of
/// the sources and of their lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    problems: Vec<Problem>,
}

impl ConfigErrors {
    pub(super) fn new(mut problems: Vec<Problem>, files: &[Arc<Path>]) -> Self {
        problems.sort_by(|a, b| a.origin.rank(files).cmp(&b.origin.rank(files)));
        Self { problems }
    }

    /// Every problem; never empty.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// One problem, displayed as `steadfast.toml:3:1: retry.max_attempts = 0 (must be at least 1)`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Where it is.
    pub origin: Origin,
    /// The path of the key; empty if the problem is none of a key's.
    pub key: String,
    /// The value as given; `..` if it may be secret. `None` if there is none to tell.
    pub value: Option<String>,
    /// The rule, as a phrase.
    pub rule: String,
}

impl Problem {
    pub(super) fn new(
        origin: Origin,
        key: impl Into<String>,
        value: impl fmt::Display,
        rule: impl Into<String>,
    ) -> Self {
        Self {
            origin,
            key: key.into(),
            value: Some(shown(&value.to_string())),
            rule: rule.into(),
        }
    }

    /// Of a source itself.
    pub(super) fn of_source(origin: Origin, rule: impl Into<String>) -> Self {
        Self {
            origin,
            key: String::new(),
            value: None,
            rule: rule.into(),
        }
    }

    /// The problem without its place.
    pub(super) fn what(&self) -> impl fmt::Display {
        struct What<'p>(&'p Problem);
        impl fmt::Display for What<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let Problem {
                    key, value, rule, ..
                } = self.0;
                match value {
                    Some(value) => write!(f, "{key} = {value} ({rule})"),
                    None if key.is_empty() => f.write_str(rule),
                    None => write!(f, "{key} ({rule})"),
                }
            }
        }
        What(self)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.what())
    }
}

/// So much of a text as helps to find it again; an address with a user in it may have come to any key.
fn shown(text: &str) -> String {
    let mut addresses = text.split("://").skip(1);
    let names_a_user = |address: &str| {
        let user = address.rsplit_once('@');
        user.is_some_and(|(user, _)| user != REDACTED)
    };
    if addresses.any(names_a_user) {
        return "..".to_owned();
    }
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What steadfast-amqp writes for a user.
const REDACTED: &str = "***";
const LONGEST_VALUE: usize = 100;
