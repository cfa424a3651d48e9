//! A call that was given up.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::budget::BudgetSpent;
use crate::failure::Failure;
use crate::history::History;

/// A call that was given up, with what its last attempt came to.
///
/// `L` is what the operation gave: the error `E` from [`Retry::call`](crate::Retry::call), the whole
/// `Result<T, E>` from a [classified](crate::Retry::classify) call, which can end on an `Ok` too.
///
/// Calls return it in a box: it tells a lot, and the result of a call that succeeds should not be large
/// for that. `?` takes the box into `Box<dyn Error>` and the like as it is, if `L` is an error. Where it
/// is not, as `&str`, `Box<dyn Error>` and `anyhow::Error` are not, `into_last` gives what to return.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Exhausted<L, E = L> {
    /// How many attempts were begun: none only if the time limit had passed before the first.
    pub attempts: u32,
    /// The time from the beginning of the call to its end: all attempts and all waits. A call without
    /// `max_elapsed`, deadline or budget reads no clock before it first has to wait for something, its
    /// operation or a backoff, and leaves out what came before.
    pub elapsed: Duration,
    /// Why there was no other attempt.
    pub reason: Reason,
    /// What the last attempt came to.
    pub last: Failure<L>,
    /// The attempts before it.
    pub history: History<E>,
    pub(crate) name: Arc<str>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) budget: Option<BudgetSpent>,
}

/// How a call ends.
pub(crate) type End<T, L, E> = Result<T, Box<Exhausted<L, E>>>;

impl<L, E> Exhausted<L, E> {
    /// The name of the retry.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long to wait before the same call may be worth making again, where that is known: what the
    /// classifier was told by the other side or by a breaker, or when the budget will have something
    /// left.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// What the [budget](crate::Budget) said, if the reason is [`Reason::Budget`]: which budget it was,
    /// which can be shared and have another name, and what it has been used for.
    #[must_use]
    pub fn budget_spent(&self) -> Option<&BudgetSpent> {
        self.budget.as_ref()
    }

    /// What the operation gave last, by value; `None` if the last attempt was cut off or not begun.
    #[must_use]
    pub fn into_last(self) -> Option<L> {
        self.last.into_operation()
    }

    /// The same, in a box as calls return it, with another form of what the operation gave.
    #[must_use]
    pub fn map<M>(self, form: impl FnOnce(L) -> M) -> Box<Exhausted<M, E>> {
        Box::new(Exhausted {
            attempts: self.attempts,
            elapsed: self.elapsed,
            reason: self.reason,
            last: self.last.map(form),
            history: self.history,
            name: self.name,
            retry_after: self.retry_after,
            budget: self.budget,
        })
    }
}

impl<T, E> Exhausted<Result<T, E>, E> {
    /// What the last attempt came to, as the call would have returned it without retries.
    ///
    /// For callers that want the last answer whatever became of the retries.
    ///
    /// # Errors
    ///
    /// The failure of the last attempt, unless it gave an `Ok`.
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
    pub fn into_result(self) -> Result<T, Failure<E>> {
        self.last.transpose()
    }

    /// The last `Ok` if there is one, and otherwise this with the last failure in it.
    ///
    /// For callers to whom any `Ok` is an answer, and a failed call worth its whole story.
    ///
    /// # Errors
    ///
    /// The same call given up, unless its last attempt gave an `Ok`.
    pub fn transpose(self) -> Result<T, Box<Exhausted<E>>> {
        let Self {
            attempts,
            elapsed,
            reason,
            last,
            history,
            name,
            retry_after,
            budget,
        } = self;
        last.transpose().map_err(|last| {
            Box::new(Exhausted {
                attempts,
                elapsed,
                reason,
                last,
                history,
                name,
                retry_after,
                budget,
            })
        })
    }
}

impl<L, E> fmt::Display for Exhausted<L, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            attempts, elapsed, ..
        } = self;
        let plural = if *attempts == 1 { "" } else { "s" };
        write!(
            f,
            "retry {:?} gave up after {attempts} attempt{plural} in {elapsed:?}: {}",
            self.name, self.reason
        )?;
        if let Some(spent) = &self.budget {
            return write!(f, ": {spent}"); // which says when again
        }
        match self.last {
            Failure::TimedOut { after } => {
                write!(f, "; the last attempt was cut off after {after:?}")?
            }
            Failure::Operation(_) | Failure::NotBegun => {}
        }
        match self.retry_after {
            Some(wait) => write!(f, "; retry after {wait:?}"),
            None => Ok(()),
        }
    }
}

impl<L: Error + 'static, E: fmt::Debug> Error for Exhausted<L, E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.last {
            Failure::Operation(last) => Some(last),
            timed_out @ (Failure::TimedOut { .. } | Failure::NotBegun) => Some(timed_out),
        }
    }
}

/// Why a call was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// `max_attempts` attempts were made.
    Attempts,
    /// The time limit of the call: an attempt was cut off by it, or the next wait would have reached
    /// it and was not begun.
    Deadline,
    /// The [budget](crate::Budget) had nothing left for a retry.
    Budget,
    /// The classifier said [`Stop`](crate::Verdict::Stop), or accepted an `Err`; from a tower service
    /// also: there was no copy of the request to send.
    NotRetryable,
    /// The classifier asked for a wait longer than `max_retry_after`.
    RetryAfterTooLong,
    /// A circuit breaker or another guard did not let the attempt through, and waiting until it does
    /// makes no sense: see [`Verdict::Rejected`](crate::Verdict::Rejected).
    Breaker,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attempts => "no attempts are left",
            Self::Deadline => "no time is left",
            Self::Budget => "the retry budget has nothing left",
            Self::NotRetryable => "the result is not retryable",
            Self::RetryAfterTooLong => "the wait asked for is longer than max_retry_after",
            Self::Breaker => "a guard before the operation lets nothing through in time",
        })
    }
}
