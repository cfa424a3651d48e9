//! The patterns around one operation, in one call.

mod attempt;
mod builder;
mod calling;
mod classified;
mod error;
mod presets;
#[cfg(feature = "telemetry")]
mod watch;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use steadfast_breaker::CircuitBreaker;
use steadfast_bulkhead::Bulkhead;
use steadfast_retry::{Hedge, Retry, Verdict};

pub use attempt::Attempt;
pub use builder::Builder;
pub use classified::Classified;
pub use error::{ConfigError, Error, FieldError, Kind};

/// A timeout, a retry, a circuit breaker, a bulkhead and a hedge around any async operation.
///
/// ```text
///   total timeout
///    └─ fallback             call_or: in place of the failure of all that follows
///        └─ hedge            a second call while the first is slow
///            └─ retry        waits, attempts, budget
///                └─ breaker      each attempt asks
///                    └─ bulkhead     and holds a place
///                        └─ attempt timeout
///                            └─ operation
/// ```
/// The order is that of Steadfast's HTTP client, for the same reasons: the breaker counts attempts, timeouts
/// included, and not calls; what it rejects takes no place; a place is held for as long as the operation runs,
/// and not while a retry waits.
///
/// Each part is optional, and is yours: share one [`Bulkhead`] between two policies, or one retry budget, by
/// giving a clone to both.
///
/// A handle: cloning it is cheap, and all clones are one policy.
///
/// # What counts
/// | the attempt | the breaker counts | the retry |
/// |---|---|---|
/// | gives an `Ok`, or what the [classifier](Self::classify) accepts | a success | ends |
/// | gives an `Err`, or what is worth another attempt | a failure | goes on |
/// | gives what the classifier stops at | nothing: it is the caller's own fault | ends |
/// | takes longer than the attempt timeout | a failure | goes on |
/// | finds the bulkhead full | nothing | ends: another attempt would only stand in the same line |
/// | is rejected by the breaker | | waits until the breaker lets calls through, if there is time, or ends |
///
/// # Cost
/// A call that succeeds at its first attempt allocates nothing of its own: the future of the operation is
/// inside the call's. Only failures are told in a box.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::io;
/// use std::time::Duration;
/// use steadfast::breaker::CircuitBreaker;
/// use steadfast::bulkhead::Bulkhead;
/// use steadfast::policy::Policy;
/// use steadfast::retry::Retry;
///
/// let policy = Policy::builder("payments")
///     .total_timeout(Duration::from_secs(10))
///     .retry(Retry::builder("payments").max_attempts(3).build()?)
///     .breaker(CircuitBreaker::builder("payments").build()?)
///     .bulkhead(Bulkhead::builder("payments").max_concurrent(10).build()?)
///     .attempt_timeout(Duration::from_secs(2))
///     .build()?;
///
/// let receipt = policy
///     .call(|attempt| async move {
///         if attempt.number() < 3 { Err(io::Error::other("refused")) } else { Ok("paid") }
///     })
///     .await?;
/// assert_eq!(receipt, "paid");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Policy {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) name: Arc<str>,
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) hedge: Option<Hedge>,
    /// Where there is none: one that makes a single attempt, and knows the time.
    pub(crate) retry: Retry,
    pub(crate) breaker: Option<CircuitBreaker>,
    pub(crate) bulkhead: Option<Bulkhead>,
    pub(crate) attempt_timeout: Option<Duration>,
}

impl Policy {
    /// Starts a policy of nothing. The name appears in errors.
    pub fn builder(name: impl Into<Arc<str>>) -> Builder {
        Builder::new(name.into())
    }

    pub(crate) fn new(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Notes an error of the operation with the breaker, for those who want to know why it opened; see
    /// [`CircuitBreaker::note_error`]. Do it where the error comes up, once for each attempt: a classifier is asked
    /// by each of the patterns. An attempt that takes longer than the attempt timeout is noted as `timeout` by
    /// itself. Without a breaker this does nothing.
    ///
    /// # Panics
    /// Only if printing the message does.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::io;
    /// use steadfast::breaker::CircuitBreaker;
    /// use steadfast::policy::Policy;
    ///
    /// let breaker = CircuitBreaker::builder("payments").build()?;
    /// let policy = Policy::builder("payments").breaker(breaker.clone()).build()?;
    /// let pay = async || Err::<(), _>(io::Error::other("connection refused"));
    /// let noting = |error: &io::Error| policy.note_error("io", error);
    ///
    /// policy.call(|_| async { pay().await.inspect_err(noting) }).await.unwrap_err();
    /// assert_eq!(&*breaker.snapshot().last_errors[0].message, "connection refused");
    /// # Ok(())
    /// # }
    /// ```
    pub fn note_error(&self, class: &str, message: impl fmt::Display) {
        if let Some(breaker) = &self.shared.breaker {
            breaker.note_error(class, message);
        }
    }

    /// Calls `operation` through all the patterns. Every `Err` is a failure that is worth another attempt; say
    /// otherwise with [`classify`](Self::classify).
    ///
    /// The closure runs once for each attempt and is told which one it is.
    ///
    /// # Errors
    /// [`Error`]: what the last attempt came to, or what kept it from being made.
    ///
    /// # Panics
    /// If the operation does: the breaker counts a failure, the place is given back, and the panic unwinds on.
    /// And outside a tokio runtime with a timer, if the call has to wait.
    ///
    /// # Cancel safety
    /// Dropping the future drops the operation and gives back its place at once; breaker, retry and hedge
    /// count an abandoned call.
    pub async fn call<T, E, F, Fut>(&self, operation: F) -> Result<T, Error<E>>
    where
        F: Fn(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        calling::call(&self.shared, &errors_are_retried, &operation).await
    }

    /// [`call`](Self::call) with something to return in place of a failure: a stale value, a default, what
    /// another server says. `fallback` runs once, after everything else has failed, and may decline with
    /// `None`; the failure is returned then.
    ///
    /// It has what is left of the total timeout; what is ready at once is taken even with nothing left.
    ///
    /// # Errors
    /// As [`call`](Self::call), if the fallback declines or takes too long.
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast::policy::Policy;
    ///
    /// let policy = Policy::builder("prices").build()?;
    /// let price = policy
    ///     .call_or(
    ///         |_| async { Err::<u32, _>(std::io::Error::other("refused")) },
    ///         |_error| async { Some(42) }, // yesterday's
    ///     )
    ///     .await?;
    /// assert_eq!(price, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn call_or<T, E, F, Fut, G, Alternative>(
        &self,
        operation: F,
        fallback: G,
    ) -> Result<T, Error<E>>
    where
        F: Fn(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        G: FnOnce(&Error<E>) -> Alternative,
        Alternative: Future<Output = Option<T>>,
    {
        calling::call_or(&self.shared, &errors_are_retried, &operation, fallback).await
    }

    /// Judges results by `classifier`, for the breaker and the retry at once: `Accept` is a success, `Stop` the
    /// caller's own fault, which counts as nothing, and everything else a failure.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast::policy::Policy;
    /// use steadfast::retry::{Retry, Verdict};
    ///
    /// let policy = Policy::builder("stock").retry(Retry::builder("stock").build()?).build()?;
    /// let status = policy
    ///     .classify(|result: Result<&u16, &std::io::Error>| match result {
    ///         Ok(500..) | Err(_) => Verdict::Retry,
    ///         Ok(400..) => Verdict::Stop,
    ///         Ok(_) => Verdict::Accept,
    ///     })
    ///     .call(|attempt| async move { Ok(if attempt.is_retry() { 404 } else { 503 }) })
    ///     .await?;
    /// assert_eq!(status, 404); // an `Ok` is an answer, whatever it was judged to be
    /// # Ok(())
    /// # }
    /// ```
    pub fn classify<T, E, C>(&self, classifier: C) -> Classified<'_, T, E, C>
    where
        C: Fn(Result<&T, &E>) -> Verdict,
    {
        Classified::new(&self.shared, classifier)
    }

    /// The name given to [`builder`](Self::builder).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Its retry, if it has one.
    #[must_use]
    pub fn retry(&self) -> Option<&Retry> {
        let retry = &self.shared.retry;
        (retry.config().max_attempts > 1).then_some(retry)
    }

    /// Its circuit breaker, if it has one.
    #[must_use]
    pub fn breaker(&self) -> Option<&CircuitBreaker> {
        self.shared.breaker.as_ref()
    }

    /// Its bulkhead, if it has one.
    #[must_use]
    pub fn bulkhead(&self) -> Option<&Bulkhead> {
        self.shared.bulkhead.as_ref()
    }

    /// Its hedge, if it has one.
    #[must_use]
    pub fn hedge(&self) -> Option<&Hedge> {
        self.shared.hedge.as_ref()
    }
}

fn errors_are_retried<T, E>(result: Result<&T, &E>) -> Verdict {
    match result {
        Ok(_) => Verdict::Accept,
        Err(_) => Verdict::Retry,
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = &*self.shared;
        f.debug_struct("Policy")
            .field("name", &shared.name)
            .field("total_timeout", &shared.total_timeout)
            .field("hedge", &shared.hedge)
            .field("retry", &self.retry())
            .field("breaker", &shared.breaker)
            .field("bulkhead", &shared.bulkhead)
            .field("attempt_timeout", &shared.attempt_timeout)
            .finish()
    }
}
