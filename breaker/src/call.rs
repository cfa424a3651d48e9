//! Calls through the breaker: async and blocking, with or without a classifier.

use std::fmt;
use std::future::Future;

use crate::breaker::CircuitBreaker;
use crate::calling::Calling;
use crate::error::Error;
use crate::shared::Shared;
use crate::state::Outcome;

impl CircuitBreaker {
    /// Runs the operation if the breaker lets it through. `Ok` counts as success, `Err` as failure.
    ///
    /// # Errors
    /// [`Error::Rejected`] if the breaker did not let the call through, [`Error::Operation`] with the
    /// operation's own error if it did.
    ///
    /// # Panics
    /// If the operation does: that counts as a failure and goes on unwinding. And if the future is polled
    /// again after it has ended.
    ///
    /// # Cancel safety
    /// A future dropped before it ends gives its place back at once and counts as abandoned; whether
    /// that is also a failure says [`Builder::abandoned_as`](crate::Builder::abandoned_as).
    /// The breaker is asked when the future is first polled.
    ///
    /// # Examples
    /// ```
    /// # use steadfast_breaker::CircuitBreaker;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let breaker = CircuitBreaker::builder("payments").build().unwrap();
    /// let answer = breaker.call(|| async { Ok::<_, std::io::Error>(42) }).await;
    /// assert_eq!(answer.unwrap(), 42);
    /// # }
    /// ```
    pub fn call<T, E, F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, Error<E>>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        Calling::new(self.shared(), ok_or_err, operation)
    }

    /// The same without a runtime: runs the operation on this thread.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    ///
    /// # Panics
    /// Only if the operation does: that counts as a failure and goes on unwinding.
    pub fn call_blocking<T, E, F>(&self, operation: F) -> Result<T, Error<E>>
    where
        F: FnOnce() -> Result<T, E>,
    {
        run_blocking(self.shared(), &ok_or_err, operation)
    }

    /// Judges calls by the whole `Result` instead of by `Ok` and `Err`.
    ///
    /// # Examples
    /// An error that is the caller's own fault says nothing about the dependency:
    /// ```
    /// use steadfast_breaker::{CircuitBreaker, Outcome};
    ///
    /// # let breaker = CircuitBreaker::builder("payments").build().unwrap();
    /// let status = breaker
    ///     .classify(|answer: &Result<u16, std::io::Error>| match answer {
    ///         Ok(500..) | Err(_) => Outcome::Failure,
    ///         Ok(400..) => Outcome::Ignored,
    ///         Ok(_) => Outcome::Success,
    ///     })
    ///     .call_blocking(|| Ok(404));
    /// assert_eq!(status.unwrap(), 404);
    /// assert_eq!(breaker.snapshot().totals.ignored, 1);
    /// ```
    pub fn classify<C>(&self, classifier: C) -> Classified<'_, C> {
        Classified {
            breaker: self,
            classifier,
        }
    }
}

/// A breaker that judges by a classifier, made by [`CircuitBreaker::classify`].
#[derive(Clone, Copy)]
#[must_use = "does nothing until `call` or `call_blocking`"]
pub struct Classified<'a, C> {
    breaker: &'a CircuitBreaker,
    classifier: C,
}

impl<C> Classified<'_, C> {
    /// As [`CircuitBreaker::call`], judged by the classifier.
    ///
    /// # Errors
    /// As [`CircuitBreaker::call`]: the classifier decides what counts, not what is returned.
    ///
    /// # Panics
    /// If the operation or the classifier does: that counts as a failure and goes on unwinding. And if the
    /// future is polled again after it has ended.
    ///
    /// # Cancel safety
    /// As [`CircuitBreaker::call`].
    pub fn call<T, E, F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, Error<E>>>
    where
        C: Fn(&Result<T, E>) -> Outcome,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        Calling::new(self.breaker.shared(), &self.classifier, operation)
    }

    /// As [`CircuitBreaker::call_blocking`], judged by the classifier.
    ///
    /// # Errors
    /// As [`CircuitBreaker::call`]: the classifier decides what counts, not what is returned.
    ///
    /// # Panics
    /// Only if the operation or the classifier does: that counts as a failure and goes on unwinding.
    pub fn call_blocking<T, E, F>(&self, operation: F) -> Result<T, Error<E>>
    where
        C: Fn(&Result<T, E>) -> Outcome,
        F: FnOnce() -> Result<T, E>,
    {
        run_blocking(self.breaker.shared(), &self.classifier, operation)
    }
}

impl<C> fmt::Debug for Classified<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Classified")
            .field("breaker", self.breaker)
            .finish_non_exhaustive()
    }
}

fn run_blocking<T, E, C, F>(shared: &Shared, classifier: &C, operation: F) -> Result<T, Error<E>>
where
    C: Fn(&Result<T, E>) -> Outcome,
    F: FnOnce() -> Result<T, E>,
{
    let ticket = shared.admit()?;
    let result = shared.user_code(ticket, operation);
    shared.end(ticket, classifier, result)
}

fn ok_or_err<T, E>(result: &Result<T, E>) -> Outcome {
    if result.is_ok() {
        Outcome::Success
    } else {
        Outcome::Failure
    }
}
