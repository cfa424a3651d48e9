//! Everything that is wrong with the clients of a file.

use std::fmt;

/// The settings of several clients break their rules. Names every one of every client; made by
/// [`Clients::from_config`](super::Clients::from_config).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientsError {
    problems: Vec<ClientProblem>,
}

impl ClientsError {
    pub(super) fn new(problems: Vec<ClientProblem>) -> Self {
        Self { problems }
    }

    /// Every problem, client by client; never empty.
    #[must_use]
    pub fn problems(&self) -> &[ClientProblem] {
        &self.problems
    }
}

impl fmt::Display for ClientsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("http clients are misconfigured: ")?;
        f.write_str(&joined(&self.problems))
    }
}

impl std::error::Error for ClientsError {}

/// One problem, displayed as `payments.max_concurrent = 0 (must be at least 1)`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientProblem {
    /// Where it is: the client's name and the key, with a point between.
    pub path: String,
    /// The value as given; `..` if it may be secret.
    pub value: String,
    /// The rule, as a phrase.
    pub rule: String,
}

impl ClientProblem {
    pub(super) fn new(
        path: impl Into<String>,
        value: impl fmt::Display,
        rule: impl fmt::Display,
    ) -> Self {
        Self {
            path: path.into(),
            value: value.to_string(),
            rule: rule.to_string(),
        }
    }

    /// The same, of a table within another.
    pub(super) fn within(mut self, outer: &str) -> Self {
        let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        self.path = if !outer.is_empty() && outer.bytes().all(is_bare) {
            format!("{outer}.{}", self.path)
        } else {
            format!("{outer:?}.{}", self.path)
        };
        self
    }
}

impl fmt::Display for ClientProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.path, self.value, self.rule)
    }
}

pub(super) fn joined(problems: &[ClientProblem]) -> String {
    let lines: Vec<_> = problems.iter().map(ClientProblem::to_string).collect();
    lines.join("; ")
}
