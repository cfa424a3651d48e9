//! A retry with a classifier for the one call that follows.

use std::fmt;
use std::marker::PhantomData;
use std::thread;
use std::time::Duration;

use crate::attempt::Attempt;
use crate::blocking;
#[cfg(feature = "tokio")]
use crate::calling::Calling;
use crate::deadline::Deadline;
use crate::exhausted::Exhausted;
use crate::failure::Failure;
use crate::history::History;
use crate::judge::ByClassifier;
use crate::shared::Borrowed;
use crate::verdict::Verdict;

/// A [`Retry`](crate::Retry) with a classifier; made by [`Retry::classify`](crate::Retry::classify).
#[must_use = "nothing is called before `call` or `call_blocking`"]
pub struct Classified<'r, T, E, C, H = fn(u32, &Failure<Result<T, E>>, Duration)> {
    held: Borrowed<'r>,
    deadline: Option<Deadline>,
    classifier: C,
    hook: H,
    judges: PhantomData<fn(&Result<T, E>)>,
}

impl<'r, T, E, C> Classified<'r, T, E, C>
where
    C: FnMut(&Result<T, E>) -> Verdict,
{
    pub(crate) fn new(held: Borrowed<'r>, deadline: Option<Deadline>, classifier: C) -> Self {
        Self {
            held,
            deadline,
            classifier,
            hook: |_, _, _| (),
            judges: PhantomData,
        }
    }

    /// Runs `hook` before each wait, with the number of the attempt that failed, what it came to, and
    /// how long the wait will be.
    ///
    /// A panic of the hook is a panic of the call.
    pub fn on_retry<H>(self, hook: H) -> Classified<'r, T, E, C, H>
    where
        H: FnMut(u32, &Failure<Result<T, E>>, Duration),
    {
        Classified {
            held: self.held,
            deadline: self.deadline,
            classifier: self.classifier,
            hook,
            judges: PhantomData,
        }
    }
}

#[expect(
    clippy::type_complexity,
    reason = "an alias would hide what is in the result from whoever reads the docs"
)]
impl<T, E, C, H> Classified<'_, T, E, C, H>
where
    C: FnMut(&Result<T, E>) -> Verdict,
    H: FnMut(u32, &Failure<Result<T, E>>, Duration),
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
    /// use steadfast_retry::{Reason, Retry, Verdict};
    ///
    /// let retry = Retry::builder("stock").base_backoff(Duration::ZERO).max_attempts(5).build()?;
    /// let exhausted = retry
    ///     .classify(|_| Verdict::Retry)
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
        mut operation: F,
    ) -> impl Future<Output = Result<T, Box<Exhausted<Result<T, E>, E>>>>
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
    /// [`Exhausted`] with the last result, which [can be an `Ok`](Exhausted::into_result).
    ///
    /// # Cancel safety
    ///
    /// As [`Retry::call`](crate::Retry::call).
    #[cfg(feature = "tokio")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
    pub fn call_with_history<F, Fut>(
        self,
        operation: F,
    ) -> impl Future<Output = Result<T, Box<Exhausted<Result<T, E>, E>>>>
    where
        F: FnMut(Attempt, &History<E>) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let limit = self.deadline.map(Deadline::instant);
        let judge = ByClassifier(self.classifier);
        Calling::new(self.held, limit, operation, judge, self.hook)
    }

    /// `call` for code that blocks: waits by [`std::thread::sleep`].
    ///
    /// # Errors
    ///
    /// [`Exhausted`] with the last result, which [can be an `Ok`](Exhausted::into_result).
    pub fn call_blocking(
        self,
        mut operation: impl FnMut(Attempt) -> Result<T, E>,
    ) -> Result<T, Box<Exhausted<Result<T, E>, E>>> {
        self.call_blocking_with_history(move |attempt, _| operation(attempt))
    }

    /// `call_with_history` for code that blocks.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] with the last result, which [can be an `Ok`](Exhausted::into_result).
    pub fn call_blocking_with_history(
        self,
        operation: impl FnMut(Attempt, &History<E>) -> Result<T, E>,
    ) -> Result<T, Box<Exhausted<Result<T, E>, E>>> {
        blocking::call(
            self.held,
            self.deadline.map(Deadline::instant),
            thread::sleep,
            operation,
            ByClassifier(self.classifier),
            self.hook,
        )
    }
}

impl<T, E, C, H> fmt::Debug for Classified<'_, T, E, C, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Classified")
            .field("retry", &self.held.shared.name)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
