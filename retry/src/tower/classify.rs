//! How a layer judges results: a classifier, or the plain rule when there is none.

use crate::judge::{Judge, Judged};
use crate::verdict::Verdict;

/// Judges what an attempt has given. Every `Fn(&Result<T, E>) -> Verdict` is one; implement it for a
/// type of your own where the type needs a name, or one classifier is to judge several kinds of
/// results.
pub trait Classify<T, E> {
    /// What to do with this result.
    fn classify(&self, result: &Result<T, E>) -> Verdict;
}

impl<T, E, F> Classify<T, E> for F
where
    F: Fn(&Result<T, E>) -> Verdict,
{
    fn classify(&self, result: &Result<T, E>) -> Verdict {
        self(result)
    }
}

/// The classifier of a layer that was given no other: `Ok` is accepted, `Err` retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct OkOrErr;

impl<T, E> Classify<T, E> for OkOrErr {
    fn classify(&self, result: &Result<T, E>) -> Verdict {
        if result.is_ok() {
            Verdict::Accept
        } else {
            Verdict::Retry
        }
    }
}

/// Judges as the classifier says.
pub(super) struct ByLayer<C>(pub(super) C);

impl<T, E, C: Classify<T, E>> Judge<T, E> for ByLayer<C> {
    type Last = Result<T, E>;

    #[inline]
    fn judge(&mut self, result: Result<T, E>) -> Judged<T, Self::Last> {
        match (self.0.classify(&result), result) {
            (Verdict::Accept, Ok(response)) => Judged::Accepted(response),
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
