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
/// A circuit breaker that is open knows when the next call may go through. This retry around one waits
/// that long, or gives up where that is too long or, because somebody has forced the breaker open, not
/// known. While the breaker probes, or lets calls through again bit by bit, it cannot tell when either,
/// but then it will not be long: those rejections are worth the next backoff.
///
/// ```
/// use steadfast_breaker::{CircuitBreaker, Error, Mode, Reason};
/// use steadfast_retry::{Retry, Verdict};
///
/// fn patient<T, E>(result: &Result<T, Error<E>>) -> Verdict {
///     match result {
///         Ok(_) => Verdict::Accept,
///         Err(Error::Rejected(rejected)) => match rejected.reason() {
///             Reason::ProbesBusy | Reason::RampingUp => Verdict::Retry,
///             _ => Verdict::Rejected(rejected.retry_after()),
///         },
///         Err(_) => Verdict::Retry,
///     }
/// }
///
/// let breaker = CircuitBreaker::builder("payments").build()?;
/// let retry = Retry::builder("payments").build()?;
///
/// breaker.set_mode(Mode::ForcedOpen, "payments is being moved");
/// let exhausted = retry
///     .classify(patient)
///     .call_blocking(|_| breaker.call_blocking(|| Ok::<_, std::io::Error>("paid")))
///     .unwrap_err();
/// assert_eq!(exhausted.reason, steadfast_retry::Reason::Breaker);
/// # Ok::<(), Box<dyn std::error::Error>>(())
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
    /// is no leave to hurry. Unless jitter is off or the backoff zero, up to a quarter of the hint comes
    /// on top of it, within `max_retry_after`, for others will have been told the same. Longer than `max_retry_after` ends the call at once with
    /// [`Reason::RetryAfterTooLong`](crate::Reason::RetryAfterTooLong), since coming back before the
    /// time asked for would be in vain.
    RetryAfter(Duration),
    /// The attempt was not made: a circuit breaker, bulkhead or limiter refused it, and lets calls
    /// through again after this time; `None` if it cannot tell. It is waited for like
    /// [`RetryAfter`](Self::RetryAfter). Where that makes no sense, because the time is not known,
    /// longer than `max_retry_after` or past the deadline, the call ends at once with
    /// [`Reason::Breaker`](crate::Reason::Breaker), unless its attempts are used up anyway.
    Rejected(Option<Duration>),
    /// Worth another attempt, for which there is no time left: end with
    /// [`Reason::Deadline`](crate::Reason::Deadline), unless the attempts are used up anyway. For a
    /// classifier that knows a deadline which the retry does not.
    Expired,
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
