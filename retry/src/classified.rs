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
use crate::shared::Shared;
use crate::verdict::Verdict;

/// A [`Retry`](crate::Retry) with a classifier; made by [`Retry::classify`](crate::Retry::classify).
#[must_use = "nothing is called before `call` or `call_blocking`"]
pub struct Classified<'r, T, E, C, H = fn(u32, &Failure<Result<T, E>>, Duration)> {
    shared: &'r Shared,
    deadline: Option<Deadline>,
    classifier: C,
    hook: H,
    judges: PhantomData<fn(&Result<T, E>)>,
}

impl<'r, T, E, C> Classified<'r, T, E, C>
where
    C: FnMut(&Result<T, E>) -> Verdict,
{
    pub(crate) fn new(shared: &'r Shared, deadline: Option<Deadline>, classifier: C) -> Self {
        Self {
            shared,
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
            shared: self.shared,
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
        Calling::new(self.shared, limit, operation, judge, self.hook)
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
            self.shared,
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
            .field("retry", &self.shared.name)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
