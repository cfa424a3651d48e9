//! What is wrong with a table, told as `key = value (rule)`.

use std::fmt;

use super::raw::Entry;
use crate::error::FieldError;

/// One thing that is wrong.
pub(super) struct Problem {
    path: String,
    value: String,
    rule: String,
}

impl Problem {
    pub(super) fn new(entry: &Entry, rule: impl Into<String>) -> Self {
        Self {
            path: entry.key.clone(),
            value: entry.value.to_string(),
            rule: rule.into(),
        }
    }

    /// As seen from outside the table that has this key.
    fn within(mut self, table: &str) -> Self {
        self.path = format!("{table}.{}", self.path);
        self
    }
}

/// Of a default that does not go with what was given.
impl From<FieldError> for Problem {
    fn from(broken: FieldError) -> Self {
        Self {
            path: broken.field.to_owned(),
            value: broken.value,
            rule: broken.rule.to_owned(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.path, self.value, self.rule)
    }
}

/// All of them, in one line.
pub(super) fn told(problems: &[Problem]) -> String {
    let told: Vec<_> = problems.iter().map(Problem::to_string).collect();
    told.join("; ")
}

/// Why a value could not be read.
pub(super) enum Unread {
    /// It breaks this rule.
    Rule(&'static str),
    /// It is a table, and these are wrong in it.
    Within(Vec<Problem>),
}

impl Unread {
    pub(super) fn problems(self, entry: &Entry) -> Vec<Problem> {
        match self {
            Self::Rule(rule) => vec![Problem::new(entry, rule)],
            Self::Within(problems) => problems
                .into_iter()
                .map(|problem| problem.within(&entry.key))
                .collect(),
        }
    }
}
