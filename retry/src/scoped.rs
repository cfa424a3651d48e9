//! A retry with a hook or a deadline for the one call that follows.

use std::fmt;
use std::marker::PhantomData;
use std::thread;
use std::time::Duration;

use crate::attempt::Attempt;
use crate::blocking;
#[cfg(feature = "tokio")]
use crate::calling::Calling;
use crate::classified::Classified;
use crate::deadline::Deadline;
use crate::exhausted::Exhausted;
use crate::failure::Failure;
use crate::history::History;
use crate::judge::ErrorsAreRetried;
use crate::shared::Shared;
use crate::verdict::Verdict;

/// A [`Retry`](crate::Retry) with a hook or a deadline; made by
/// [`Retry::on_retry`](crate::Retry::on_retry) and [`Retry::deadline`](crate::Retry::deadline).
#[must_use = "nothing is called before `call` or `call_blocking`"]
pub struct Scoped<'r, E, H = fn(u32, &Failure<E>, Duration)> {
    shared: &'r Shared,
    deadline: Option<Deadline>,
    hook: H,
    sees: PhantomData<fn(&E)>,
}

impl<'r, E> Scoped<'r, E> {
    pub(crate) fn new(shared: &'r Shared) -> Self {
        Self {
            shared,
            deadline: None,
            hook: |_, _, _| (),
            sees: PhantomData,
        }
    }

    /// Runs `hook` before each wait, as [`Retry::on_retry`](crate::Retry::on_retry) does.
    pub fn on_retry<H>(self, hook: H) -> Scoped<'r, E, H>
    where
        H: FnMut(u32, &Failure<E>, Duration),
    {
        Scoped {
            shared: self.shared,
            deadline: self.deadline,
            hook,
            sees: PhantomData,
        }
    }
}

impl<'r, E> Scoped<'r, E> {
    /// Judges results by `classifier`, as [`Retry::classify`](crate::Retry::classify) does, under the
    /// same deadline.
    pub fn classify<T, C>(self, classifier: C) -> Classified<'r, T, E, C>
    where
        C: FnMut(&Result<T, E>) -> Verdict,
    {
        Classified::new(self.shared, self.deadline, classifier)
    }
}

impl<E, H> Scoped<'_, E, H>
where
    H: FnMut(u32, &Failure<E>, Duration),
{
    /// Ends the call by this deadline, as [`Retry::deadline`](crate::Retry::deadline) does. Of
    /// several, the earliest holds.
    pub fn deadline(mut self, deadline: Deadline) -> Self {
        self.deadline = Some(deadline.earlier(self.deadline));
        self
    }

    /// Calls `operation` until it gives an `Ok` or the retry gives up.
    ///
    /// Panics and is cancelled as [`Retry::call`](crate::Retry::call) is.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] with the last failure.
    ///
    /// # Cancel safety
    ///
    /// As [`Retry::call`](crate::Retry::call): dropping the future ends the call at once, and it is
    /// counted as abandoned.
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub fn call<T, F, Fut>(
        self,
        mut operation: F,
    ) -> impl Future<Output = Result<T, Box<Exhausted<E>>>>
    where
        F: FnMut(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        self.call_with_history(move |attempt, _: &History<E>| operation(attempt))
    }

    /// `call` for an operation that wants to know what went wrong before, as
    /// [`Retry::call_with_history`](crate::Retry::call_with_history).
    ///
    /// # Errors
    ///
    /// [`Exhausted`] with the last failure.
    ///
    /// # Cancel safety
    ///
    /// As [`Retry::call`](crate::Retry::call).
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub fn call_with_history<T, F, Fut>(
        self,
        operation: F,
    ) -> impl Future<Output = Result<T, Box<Exhausted<E>>>>
    where
        F: FnMut(Attempt, &History<E>) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let limit = self.deadline.map(Deadline::instant);
        Calling::new(self.shared, limit, operation, ErrorsAreRetried, self.hook)
    }

    /// `call` for code that blocks: waits by [`std::thread::sleep`].
    ///
    /// # Errors
    ///
    /// [`Exhausted`] with the last failure.
    pub fn call_blocking<T>(
        self,
        mut operation: impl FnMut(Attempt) -> Result<T, E>,
    ) -> Result<T, Box<Exhausted<E>>> {
        self.call_blocking_with_history(move |attempt, _| operation(attempt))
    }

    /// `call_with_history` for code that blocks.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] with the last failure.
    pub fn call_blocking_with_history<T>(
        self,
        operation: impl FnMut(Attempt, &History<E>) -> Result<T, E>,
    ) -> Result<T, Box<Exhausted<E>>> {
        blocking::call(
            self.shared,
            self.deadline.map(Deadline::instant),
            thread::sleep,
            operation,
            ErrorsAreRetried,
            self.hook,
        )
    }
}

impl<E, H> fmt::Debug for Scoped<'_, E, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped")
            .field("retry", &self.shared.name)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
