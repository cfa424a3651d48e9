//! What can go wrong: a configuration that breaks its rules, and a call that was given up.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The settings given to a [`Builder`](crate::Builder) break their rules. Names every bad field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// What was to be built: "retry", "budget" or "hedge".
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

    /// The name of the retry, budget or hedge that was to be built.
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
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.field, self.value, self.rule)
    }
}

/// A call that was given up, with the result of its last attempt.
///
/// `L` is that result: the error `E` from `Retry::call`, the whole
/// `Result<T, E>` from a [classified](crate::Retry::classify) call, which can end on an `Ok` too.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exhausted<L> {
    /// How many attempts were made, at least one.
    pub attempts: u32,
    /// The time from the beginning of the call to the end of its last attempt: all attempts and all
    /// waits. An asynchronous call without `max_elapsed` leaves out the first poll of its first
    /// attempt, before which it reads no clock.
    pub elapsed: Duration,
    /// Why there was no other attempt.
    pub reason: Reason,
    /// What the last attempt gave.
    pub last: L,
    name: Arc<str>,
}

impl<L> Exhausted<L> {
    pub(crate) fn new(
        name: Arc<str>,
        attempts: u32,
        elapsed: Duration,
        reason: Reason,
        last: L,
    ) -> Self {
        Self {
            attempts,
            elapsed,
            reason,
            last,
            name,
        }
    }

    /// The name of the retry.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the last attempt gave, by value.
    #[must_use]
    pub fn into_last(self) -> L {
        self.last
    }

    /// The same, with another form of what the last attempt gave.
    #[must_use]
    pub fn map<M>(self, form: impl FnOnce(L) -> M) -> Exhausted<M> {
        Exhausted {
            attempts: self.attempts,
            elapsed: self.elapsed,
            reason: self.reason,
            last: form(self.last),
            name: self.name,
        }
    }
}

impl<T, E> Exhausted<Result<T, E>> {
    /// What the last attempt gave, as the call would have returned it without retries.
    ///
    /// For callers that want the last answer whatever became of the retries.
    ///
    /// # Errors
    ///
    /// The error of the last attempt, if it ended in one.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::{Retry, Verdict};
    ///
    /// let retry = Retry::builder("search").base_backoff(Duration::ZERO).build()?;
    /// let status = retry
    ///     .classify(|result: &Result<u16, String>| match result {
    ///         Ok(503) => Verdict::Retry,
    ///         Ok(_) => Verdict::Accept,
    ///         Err(_) => Verdict::Stop,
    ///     })
    ///     .call_blocking(|_| Ok(503))
    ///     .or_else(|exhausted| exhausted.into_result());
    /// assert_eq!(status, Ok(503), "the caller sees the last response");
    /// # Ok::<(), steadfast_retry::ConfigError>(())
    /// ```
    pub fn into_result(self) -> Result<T, E> {
        self.last
    }

    /// The last `Ok` if there is one, and otherwise this with the last error in it.
    ///
    /// For callers to whom any `Ok` is an answer, and a failed call worth its whole story.
    ///
    /// # Errors
    ///
    /// The same call given up, if its last attempt ended in an error.
    pub fn transpose(self) -> Result<T, Exhausted<E>> {
        match self.last {
            Ok(value) => Ok(value),
            Err(error) => Err(Exhausted {
                attempts: self.attempts,
                elapsed: self.elapsed,
                reason: self.reason,
                last: error,
                name: self.name,
            }),
        }
    }
}

impl<L> fmt::Display for Exhausted<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.attempts == 1 { "" } else { "s" };
        write!(
            f,
            "retry {:?} gave up after {} attempt{plural} in {:?}: {}",
            self.name, self.attempts, self.elapsed, self.reason
        )
    }
}

impl<L: Error + 'static> Error for Exhausted<L> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.last)
    }
}

/// Why a call was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// `max_attempts` attempts were made.
    Attempts,
    /// The next wait would have passed `max_elapsed`, so it was not begun.
    Deadline,
    /// The classifier said [`Stop`](crate::Verdict::Stop), or accepted an `Err`.
    NotRetryable,
    /// The classifier asked for a wait longer than `max_retry_after`.
    RetryAfterTooLong,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attempts => "no attempts are left",
            Self::Deadline => "the next wait would pass max_elapsed",
            Self::NotRetryable => "the result is not retryable",
            Self::RetryAfterTooLong => "the wait asked for is longer than max_retry_after",
        })
    }
}
