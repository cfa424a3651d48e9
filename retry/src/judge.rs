//! What becomes of an operation's result: the two ways of a call to look at it.

use crate::verdict::Verdict;

/// A result that has been looked at.
pub(crate) enum Judged<T, L> {
    Accepted(T),
    Failed(L, Verdict),
}

/// Looks at results. `Last` is what it leaves of a result that it does not accept.
pub(crate) trait Judge<T, E> {
    type Last;

    fn judge(&mut self, result: Result<T, E>) -> Judged<T, Self::Last>;

    /// The error in what is left, for the history.
    fn error(last: Self::Last) -> Option<E>;

    /// What was left of a result with this error.
    fn last(error: E) -> Self::Last;
}

/// Accepts every `Ok` and retries every `Err`.
pub(crate) struct ErrorsAreRetried;

impl<T, E> Judge<T, E> for ErrorsAreRetried {
    type Last = E;

    #[inline]
    fn judge(&mut self, result: Result<T, E>) -> Judged<T, E> {
        match result {
            Ok(value) => Judged::Accepted(value),
            Err(error) => Judged::Failed(error, Verdict::Retry),
        }
    }

    fn error(last: E) -> Option<E> {
        Some(last)
    }

    fn last(error: E) -> E {
        error
    }
}

/// Asks the user's classifier.
pub(crate) struct ByClassifier<C>(pub(crate) C);

impl<T, E, C> Judge<T, E> for ByClassifier<C>
where
    C: FnMut(&Result<T, E>) -> Verdict,
{
    type Last = Result<T, E>;

    #[inline]
    fn judge(&mut self, result: Result<T, E>) -> Judged<T, Self::Last> {
        match ((self.0)(&result), result) {
            (Verdict::Accept, Ok(value)) => Judged::Accepted(value),
            (verdict, result) => Judged::Failed(result, verdict),
        }
    }

    fn error(last: Self::Last) -> Option<E> {
        last.err()
    }

    fn last(error: E) -> Self::Last {
        Err(error)
    }
}
