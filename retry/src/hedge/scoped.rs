//! A hedge with a classifier for the one call that follows.

use std::fmt;
use std::marker::PhantomData;

use super::attempt::HedgeAttempt;
use super::call::Calling;
use super::shared::Shared;
use crate::verdict::Verdict;

/// A [`Hedge`](crate::Hedge) with a classifier; made by [`Hedge::classify`](crate::Hedge::classify).
#[must_use = "nothing is called before `call`"]
pub struct ClassifiedHedge<'a, T, E, C> {
    shared: &'a Shared,
    classifier: C,
    judges: PhantomData<fn(&Result<T, E>)>,
}

impl<'a, T, E, C> ClassifiedHedge<'a, T, E, C>
where
    C: FnMut(&Result<T, E>) -> Verdict,
{
    pub(super) fn new(shared: &'a Shared, classifier: C) -> Self {
        Self {
            shared,
            classifier,
            judges: PhantomData,
        }
    }

    /// As [`Hedge::call`](crate::Hedge::call), judged by the classifier.
    ///
    /// # Errors
    ///
    /// The result of the primary, if all attempts have failed, and of the attempt that the classifier
    /// [stopped](Verdict::Stop) at. That can be an `Ok`; and an `Err` that the classifier accepts wins.
    ///
    /// # Panics
    ///
    /// As [`Hedge::call`](crate::Hedge::call), and if the classifier does.
    ///
    /// # Cancel safety
    ///
    /// As [`Hedge::call`](crate::Hedge::call).
    pub fn call<F, Fut>(self, operation: F) -> impl Future<Output = Result<T, E>>
    where
        F: FnMut(HedgeAttempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        Calling::new(self.shared, self.classifier, operation)
    }
}

impl<T, E, C> fmt::Debug for ClassifiedHedge<'_, T, E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClassifiedHedge")
            .field("hedge", &self.shared.name)
            .finish_non_exhaustive()
    }
}
