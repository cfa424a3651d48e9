//! How a layer judges results: a classifier, or the plain rule when there is none.

use crate::state::Outcome;

/// Judges how a call ended. Every `Fn(&Result<T, E>) -> Outcome` is one; implement it for a type of
/// your own where the type needs a name, or one classifier is to judge several kinds of results.
pub trait Classify<T, E> {
    /// The outcome that this result counts as.
    fn classify(&self, result: &Result<T, E>) -> Outcome;
}

impl<T, E, F> Classify<T, E> for F
where
    F: Fn(&Result<T, E>) -> Outcome,
{
    fn classify(&self, result: &Result<T, E>) -> Outcome {
        self(result)
    }
}

/// The classifier of a layer that was given no other: `Ok` is a success, `Err` a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct OkOrErr;

impl<T, E> Classify<T, E> for OkOrErr {
    fn classify(&self, result: &Result<T, E>) -> Outcome {
        if result.is_ok() {
            Outcome::Success
        } else {
            Outcome::Failure
        }
    }
}
