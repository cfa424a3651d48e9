//! What can go wrong with a supervisor.

use std::error::Error as StdError;
use std::fmt;

/// The supervisor was not started. What was started before has been taken down again.
///
/// `Display` is one line that names each part: `cannot start: dashboard: address already in use`.
#[derive(Debug)]
pub struct StartError {
    problems: Vec<Problem>,
}

/// One part, and what is wrong with it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Problem {
    /// The part, as its section is called in the file: `bulkheads.llm_requests`, `dashboard`.
    pub part: String,
    /// What is wrong.
    pub cause: Box<dyn StdError + Send + Sync>,
}

impl Problem {
    pub(super) fn new(
        part: impl Into<String>,
        cause: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self {
            part: part.into(),
            cause: cause.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.cause)
    }
}

impl StartError {
    pub(super) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// Every part that could not be started, as far as it came; never empty.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl From<Problem> for StartError {
    fn from(problem: Problem) -> Self {
        Self::new(vec![problem])
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot start: ")?;
        listed(f, &self.problems)
    }
}

impl StdError for StartError {
    /// What is behind the first problem.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        behind(&self.problems)
    }
}

/// Settings were not applied. Nothing has changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReloadError {
    /// The supervisor was not started from a file, so there is nothing to read again.
    NoFile,
    /// The file cannot be read, or is wrong. `Display` has one line for each mistake.
    Load(Box<dyn StdError + Send + Sync>),
    /// A component cannot be built or changed like this.
    Settings(Vec<Problem>),
    /// The supervisor is shutting down.
    Stopping,
}

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile => f.write_str("there is no file to read again"),
            Self::Load(error) => error.fmt(f),
            Self::Settings(problems) => listed(f, problems),
            Self::Stopping => f.write_str("the supervisor is shutting down"),
        }
    }
}

impl StdError for ReloadError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Load(error) => error.source(),
            Self::Settings(problems) => behind(problems),
            Self::NoFile | Self::Stopping => None,
        }
    }
}

fn listed(f: &mut fmt::Formatter<'_>, problems: &[Problem]) -> fmt::Result {
    for (index, problem) in problems.iter().enumerate() {
        let separator = if index == 0 { "" } else { "; " };
        write!(f, "{separator}{problem}")?;
    }
    Ok(())
}

fn behind(problems: &[Problem]) -> Option<&(dyn StdError + 'static)> {
    problems.first()?.cause.source()
}

/// There is no component of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownName {
    kind: &'static str,
    name: String,
    known: Vec<String>,
}

impl UnknownName {
    pub(super) fn new<'n>(
        kind: &'static str,
        name: &str,
        known: impl IntoIterator<Item = &'n String>,
    ) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            known: known.into_iter().cloned().collect(),
        }
    }

    /// The name that was asked for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names that there are.
    #[must_use]
    pub fn known(&self) -> &[String] {
        &self.known
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, known } = self;
        write!(f, "there is no {kind} named {name}")?;
        match known.as_slice() {
            [] => write!(f, ", nor any other {kind}"),
            known => write!(f, "; there are: {}", known.join(", ")),
        }
    }
}

impl StdError for UnknownName {}
