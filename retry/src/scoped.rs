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
use crate::shared::{Borrowed, Shared};
use crate::verdict::Verdict;

/// A [`Retry`](crate::Retry) with a hook or a deadline; made by
/// [`Retry::on_retry`](crate::Retry::on_retry) and [`Retry::deadline`](crate::Retry::deadline).
#[must_use = "nothing is called before `call` or `call_blocking`"]
pub struct Scoped<'r, E, H = fn(u32, &Failure<E>, Duration)> {
    held: Borrowed<'r>,
    deadline: Option<Deadline>,
    hook: H,
    sees: PhantomData<fn(&E)>,
}

impl<'r, E> Scoped<'r, E> {
    pub(crate) fn new(shared: &'r Shared) -> Self {
        Self {
            held: Borrowed::new(shared),
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
            held: self.held,
            deadline: self.deadline,
            hook,
            sees: PhantomData,
        }
    }
}

impl<'r, E> Scoped<'r, E> {
    /// Judges results by `classifier`, as [`Retry::classify`](crate::Retry::classify) does, under the
    /// same deadline and the same number of attempts.
    pub fn classify<T, C>(self, classifier: C) -> Classified<'r, T, E, C>
    where
        C: FnMut(&Result<T, E>) -> Verdict,
    {
        Classified::new(self.held, self.deadline, classifier)
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

    /// Makes so many attempts at most, the first one included, in place of the retry's own
    /// [`max_attempts`](crate::Builder::max_attempts): fewer for a call that is not worth them, or more.
    /// Of several, the last one holds.
    ///
    /// A call that has used them up is [`Reason::Attempts`](crate::Reason::Attempts), and counted as such.
    ///
    /// # Panics
    ///
    /// If it is zero: no call could be made.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::{Reason, Retry};
    ///
    /// let retry = Retry::builder("stock").base_backoff(Duration::ZERO).max_attempts(5).build()?;
    /// let exhausted = retry
    ///     .on_retry(|_, _, _| ())
    ///     .max_attempts(2)
    ///     .call_blocking(|_| Err::<(), _>("down"))
    ///     .unwrap_err();
    /// assert_eq!((exhausted.attempts, exhausted.reason), (2, Reason::Attempts));
    /// # Ok::<(), steadfast_retry::ConfigError>(())
    /// ```
    #[track_caller]
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.held.limit_attempts(max_attempts);
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
        Calling::new(self.held, limit, operation, ErrorsAreRetried, self.hook)
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
            self.held,
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
            .field("retry", &self.held.shared.name)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
