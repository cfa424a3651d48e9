//! A retry with closures for the one call that follows.

use std::fmt;
use std::marker::PhantomData;
use std::thread;
use std::time::Duration;

use crate::attempt::Attempt;
use crate::blocking;
#[cfg(feature = "tokio")]
use crate::call;
use crate::error::Exhausted;
use crate::retry::{Shared, by_error, errors_are_retried};
use crate::verdict::Verdict;

/// A [`Retry`](crate::Retry) with a classifier; made by [`Retry::classify`](crate::Retry::classify).
#[must_use = "nothing is called before `call` or `call_blocking`"]
pub struct Classified<'r, T, E, C, H = fn(u32, &Result<T, E>, Duration)> {
    shared: &'r Shared,
    classifier: C,
    hook: H,
    judges: PhantomData<fn(&Result<T, E>)>,
}

impl<'r, T, E, C> Classified<'r, T, E, C>
where
    C: FnMut(&Result<T, E>) -> Verdict,
{
    pub(crate) fn new(shared: &'r Shared, classifier: C) -> Self {
        Self {
            shared,
            classifier,
            hook: |_, _, _| (),
            judges: PhantomData,
        }
    }

    /// Runs `hook` before each wait, with the number of the attempt that failed, its result, and
    /// how long the wait will be.
    ///
    /// A panic of the hook is a panic of the call.
    pub fn on_retry<H>(self, hook: H) -> Classified<'r, T, E, C, H>
    where
        H: FnMut(u32, &Result<T, E>, Duration),
    {
        Classified {
            shared: self.shared,
            classifier: self.classifier,
            hook,
            judges: PhantomData,
        }
    }
}

impl<T, E, C, H> Classified<'_, T, E, C, H>
where
    C: FnMut(&Result<T, E>) -> Verdict,
    H: FnMut(u32, &Result<T, E>, Duration),
{
    /// Calls `operation` until the classifier accepts an `Ok` or the retry gives up.
    ///
    /// Panics and is cancelled as [`Retry::call`](crate::Retry::call) is.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] with the last result, which [can be an `Ok`](Exhausted::into_result).
    ///
    /// # Cancel safety
    ///
    /// As [`Retry::call`](crate::Retry::call): dropping the future ends the call at once, and it is
    /// counted as abandoned.
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub fn call<F, Fut>(
        self,
        operation: F,
    ) -> impl Future<Output = Result<T, Exhausted<Result<T, E>>>>
    where
        F: FnMut(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        call::call(self.shared, operation, self.classifier, self.hook, |end| {
            end
        })
    }

    /// `call` for code that blocks: waits by [`std::thread::sleep`].
    ///
    /// # Errors
    ///
    /// [`Exhausted`] with the last result, which [can be an `Ok`](Exhausted::into_result).
    pub fn call_blocking(
        self,
        operation: impl FnMut(Attempt) -> Result<T, E>,
    ) -> Result<T, Exhausted<Result<T, E>>> {
        blocking::call(
            self.shared,
            thread::sleep,
            operation,
            self.classifier,
            self.hook,
        )
    }
}

impl<T, E, C, H> fmt::Debug for Classified<'_, T, E, C, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Classified")
            .field("retry", &self.shared.name)
            .finish_non_exhaustive()
    }
}

/// A [`Retry`](crate::Retry) with a hook; made by [`Retry::on_retry`](crate::Retry::on_retry).
#[must_use = "nothing is called before `call` or `call_blocking`"]
pub struct OnRetry<'r, E, H> {
    shared: &'r Shared,
    hook: H,
    sees: PhantomData<fn(&E)>,
}

impl<'r, E, H> OnRetry<'r, E, H>
where
    H: FnMut(u32, &E, Duration),
{
    pub(crate) fn new(shared: &'r Shared, hook: H) -> Self {
        Self {
            shared,
            hook,
            sees: PhantomData,
        }
    }

    /// Calls `operation` until it gives an `Ok` or the retry gives up.
    ///
    /// Panics and is cancelled as [`Retry::call`](crate::Retry::call) is.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] with the last error.
    ///
    /// # Cancel safety
    ///
    /// As [`Retry::call`](crate::Retry::call): dropping the future ends the call at once, and it is
    /// counted as abandoned.
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub fn call<T, F, Fut>(self, operation: F) -> impl Future<Output = Result<T, Exhausted<E>>>
    where
        F: FnMut(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let hook = with_errors(self.hook);
        call::call(self.shared, operation, errors_are_retried, hook, by_error)
    }

    /// `call` for code that blocks: waits by [`std::thread::sleep`].
    ///
    /// # Errors
    ///
    /// [`Exhausted`] with the last error.
    pub fn call_blocking<T>(
        self,
        operation: impl FnMut(Attempt) -> Result<T, E>,
    ) -> Result<T, Exhausted<E>> {
        by_error(blocking::call(
            self.shared,
            thread::sleep,
            operation,
            errors_are_retried,
            with_errors(self.hook),
        ))
    }
}

impl<E, H> fmt::Debug for OnRetry<'_, E, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnRetry")
            .field("retry", &self.shared.name)
            .finish_non_exhaustive()
    }
}

/// Gives `hook` the error of each result that is retried; without a classifier it always is one.
fn with_errors<T, E>(
    mut hook: impl FnMut(u32, &E, Duration),
) -> impl FnMut(u32, &Result<T, E>, Duration) {
    move |attempt, last, wait| {
        if let Err(error) = last {
            hook(attempt, error, wait);
        }
    }
}
