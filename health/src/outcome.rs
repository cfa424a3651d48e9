//! What a check answers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::status::Status;

/// The answer of one run of a check.
///
/// Messages and details appear in [`Report::to_json`](crate::Report::to_json): keep secrets out.
///
/// A check may also answer with a `Result<(), E>`: `Ok` is healthy, `Err` is unhealthy with the
/// error as its message.
///
/// # Examples
/// ```
/// use steadfast_health::{Outcome, Status};
///
/// let outcome = Outcome::degraded("replica is 12 s behind").detail("lag_seconds", 12);
/// assert_eq!(outcome.status(), Status::Degraded);
/// assert_eq!(outcome.message(), Some("replica is 12 s behind"));
/// assert_eq!(outcome.details()["lag_seconds"], "12");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an outcome says nothing until the check returns it"]
pub struct Outcome {
    status: Status,
    message: Option<Arc<str>>,
    details: BTreeMap<String, String>,
}

impl Outcome {
    /// The component works.
    pub fn healthy() -> Self {
        Self::new(Status::Healthy, None)
    }

    /// The component works, but worse than it should.
    pub fn degraded(message: impl Into<Arc<str>>) -> Self {
        Self::new(Status::Degraded, Some(message.into()))
    }

    /// The component does not work.
    pub fn unhealthy(message: impl Into<Arc<str>>) -> Self {
        Self::new(Status::Unhealthy, Some(message.into()))
    }

    /// The check ran and still cannot tell, because what it looks at is gone, for instance.
    pub fn unknown(message: impl Into<Arc<str>>) -> Self {
        Self::new(Status::Unknown, Some(message.into()))
    }

    /// Adds a detail; a second value under the same key replaces the first.
    pub fn detail(mut self, key: impl Into<String>, value: impl fmt::Display) -> Self {
        self.details.insert(key.into(), value.to_string());
        self
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Why it is not healthy.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The details, sorted by key.
    #[must_use]
    pub fn details(&self) -> &BTreeMap<String, String> {
        &self.details
    }

    pub(crate) fn message_arc(&self) -> Option<Arc<str>> {
        self.message.clone()
    }

    pub(crate) fn into_parts(self) -> (Status, Option<Arc<str>>, BTreeMap<String, String>) {
        (self.status, self.message, self.details)
    }

    fn new(status: Status, message: Option<Arc<str>>) -> Self {
        Self {
            status,
            message,
            details: BTreeMap::new(),
        }
    }
}

impl<E: fmt::Display> From<Result<(), E>> for Outcome {
    /// `Err` becomes unhealthy with `{error:#}` as its message, which prints the whole chain of
    /// causes for error types that have one.
    fn from(result: Result<(), E>) -> Self {
        match result {
            Ok(()) => Self::healthy(),
            Err(error) => Self::unhealthy(format!("{error:#}")),
        }
    }
}
