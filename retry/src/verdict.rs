//! What a classifier answers.

use std::time::Duration;

/// What to do with the result of an attempt.
///
/// Returned by the closure given to [`Retry::classify`](crate::Retry::classify), which sees the
/// whole `Result`: an `Ok` can be worth a retry (a 503 response), an `Err` can be final (a refused
/// login). Without a classifier every `Ok` is accepted and every `Err` is retried.
///
/// # Examples
///
/// A circuit breaker's rejection knows when the next call may go through. Here is a retry around a
/// breaker that waits that long, and gives up where the breaker cannot tell or it takes too long:
///
/// ```
/// # mod breaker {
/// #     // The shape of `steadfast_breaker`'s error; this crate does not depend on that one.
/// #     use std::time::Duration;
/// #     #[derive(Debug)]
/// #     pub struct Rejected(pub Option<Duration>);
/// #     impl Rejected {
/// #         pub fn retry_after(&self) -> Option<Duration> { self.0 }
/// #     }
/// #     #[derive(Debug)]
/// #     pub enum Error<E> { Rejected(Rejected), Operation(E) }
/// # }
/// use std::time::Duration;
/// use steadfast_retry::{Retry, Verdict};
///
/// fn patient<T, E>(result: &Result<T, breaker::Error<E>>) -> Verdict {
///     match result {
///         Ok(_) => Verdict::Accept,
///         Err(breaker::Error::Operation(_)) => Verdict::Retry,
///         Err(breaker::Error::Rejected(rejected)) => {
///             Verdict::Rejected(rejected.retry_after())
///         }
///     }
/// }
///
/// let retry = Retry::builder("payments").base_backoff(Duration::ZERO).build()?;
/// let answer = retry
///     .classify(patient)
///     .call_blocking(|attempt| {
///         // stands for: breaker.call_blocking(|| pay())
///         if attempt.is_retry() {
///             Ok("paid")
///         } else {
///             let open_for = Some(Duration::from_nanos(1));
///             Err(breaker::Error::<&str>::Rejected(breaker::Rejected(open_for)))
///         }
///     });
/// assert_eq!(answer.ok(), Some("paid"));
/// # Ok::<(), steadfast_retry::ConfigError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The answer: hand it to the caller.
    ///
    /// An `Err` cannot become the call's value, so accepting one is the same as [`Stop`](Self::Stop).
    Accept,
    /// Worth another attempt, after the next backoff.
    Retry,
    /// Worth another attempt, after this wait or the next backoff, whichever is longer: a hint of zero
    /// is no leave to hurry. Longer than `max_retry_after` ends the call at once with
    /// [`Reason::RetryAfterTooLong`](crate::Reason::RetryAfterTooLong), since coming back before the
    /// time asked for would be in vain.
    RetryAfter(Duration),
    /// The attempt was not made: a circuit breaker, bulkhead or limiter refused it, and lets calls
    /// through again after this time; `None` if it cannot tell. It is waited for like
    /// [`RetryAfter`](Self::RetryAfter). Where that makes no sense, because the time is not known,
    /// longer than `max_retry_after` or past the deadline, the call ends at once with
    /// [`Reason::Breaker`](crate::Reason::Breaker).
    Rejected(Option<Duration>),
    /// Not worth another attempt: end with [`Reason::NotRetryable`](crate::Reason::NotRetryable).
    Stop,
}

impl Verdict {
    /// The wait that it asks for, if it does.
    pub(crate) fn hint(self) -> Duration {
        match self {
            Self::RetryAfter(hint) | Self::Rejected(Some(hint)) => hint,
            _ => Duration::ZERO,
        }
    }
}
