//! Calls through the breaker: async and blocking, with or without a classifier.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;

use crate::breaker::CircuitBreaker;
use crate::error::Error;
use crate::machine::{Ending, Ticket};
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
    /// Only if the operation does: that counts as a failure and goes on unwinding.
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
        run(self.shared(), ok_or_err, operation)
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
    /// Only if the operation or the classifier does: that counts as a failure and goes on unwinding.
    ///
    /// # Cancel safety
    /// As [`CircuitBreaker::call`].
    pub async fn call<T, E, F, Fut>(&self, operation: F) -> Result<T, Error<E>>
    where
        C: Fn(&Result<T, E>) -> Outcome,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        run(self.breaker.shared(), &self.classifier, operation).await
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

async fn run<T, E, C, F, Fut>(shared: &Shared, classifier: C, operation: F) -> Result<T, Error<E>>
where
    C: Fn(&Result<T, E>) -> Outcome,
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let mut call = Call::new(shared, shared.admit()?);
    let mut future = pin!(call.user_code(operation));
    let result = poll_fn(|cx| call.user_code(|| future.as_mut().poll(cx))).await;
    call.end(&classifier, result)
}

fn run_blocking<T, E, C, F>(shared: &Shared, classifier: &C, operation: F) -> Result<T, Error<E>>
where
    C: Fn(&Result<T, E>) -> Outcome,
    F: FnOnce() -> Result<T, E>,
{
    let mut call = Call::new(shared, shared.admit()?);
    let result = call.user_code(operation);
    call.end(classifier, result)
}

fn ok_or_err<T, E>(result: &Result<T, E>) -> Outcome {
    if result.is_ok() {
        Outcome::Success
    } else {
        Outcome::Failure
    }
}

/// One admitted call. It settles exactly once: by its outcome, or when it is dropped.
struct Call<'a> {
    shared: &'a Shared,
    ticket: Option<Ticket>,
    /// Set while user code runs: a drop then can only come from that code's own panic, whatever
    /// else the thread may be unwinding from.
    in_user_code: bool,
}

impl<'a> Call<'a> {
    fn new(shared: &'a Shared, ticket: Ticket) -> Self {
        Self {
            shared,
            ticket: Some(ticket),
            in_user_code: false,
        }
    }

    fn user_code<R>(&mut self, code: impl FnOnce() -> R) -> R {
        self.in_user_code = true;
        let result = code();
        self.in_user_code = false;
        result
    }

    fn end<T, E>(
        &mut self,
        classifier: &impl Fn(&Result<T, E>) -> Outcome,
        result: Result<T, E>,
    ) -> Result<T, Error<E>> {
        let outcome = self.user_code(|| classifier(&result));
        self.settle(Ending::Told(outcome));
        result.map_err(Error::Operation)
    }

    fn settle(&mut self, ending: Ending) {
        if let Some(ticket) = self.ticket.take() {
            self.shared.settle(ticket, ending);
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.settle(if self.in_user_code {
            Ending::Panicked
        } else {
            Ending::Abandoned
        });
    }
}
