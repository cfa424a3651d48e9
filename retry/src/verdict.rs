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
/// breaker that waits exactly that long, and gives up where the breaker cannot tell:
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
///             rejected.retry_after().map_or(Verdict::Stop, Verdict::RetryAfter)
///         }
///     }
/// }
///
/// let retry = Retry::builder("payments").build()?;
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
    /// Worth another attempt, after exactly this wait in place of the next backoff: no jitter, and
    /// not shortened by `max_backoff`. Longer than `max_retry_after` ends the call at once with
    /// [`Reason::RetryAfterTooLong`](crate::Reason::RetryAfterTooLong).
    RetryAfter(Duration),
    /// Not worth another attempt: end with [`Reason::NotRetryable`](crate::Reason::NotRetryable).
    Stop,
}
