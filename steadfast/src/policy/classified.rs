//! A policy with a classifier for the one call that follows.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

use steadfast_retry::Verdict;

use super::error::Error;
use super::{Attempt, Shared, calling};

/// A [`Policy`](super::Policy) with a classifier; made by [`Policy::classify`](super::Policy::classify).
#[must_use = "nothing is called before `call` or `call_or`"]
pub struct Classified<'p, T, E, C> {
    shared: &'p Shared,
    classifier: C,
    judges: PhantomData<fn(Result<&T, &E>)>,
}

impl<'p, T, E, C> Classified<'p, T, E, C>
where
    C: Fn(Result<&T, &E>) -> Verdict,
{
    pub(super) fn new(shared: &'p Shared, classifier: C) -> Self {
        Self {
            shared,
            classifier,
            judges: PhantomData,
        }
    }

    /// [`Policy::call`](super::Policy::call), judged by the classifier. An `Ok` is returned as one, however it
    /// was judged, once there is no other attempt.
    ///
    /// # Errors
    /// As [`Policy::call`](super::Policy::call).
    ///
    /// # Cancel safety
    /// As [`Policy::call`](super::Policy::call).
    pub async fn call<F, Fut>(self, operation: F) -> Result<T, Error<E>>
    where
        F: Fn(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        calling::call(self.shared, &self.classifier, &operation).await
    }

    /// [`Policy::call_or`](super::Policy::call_or), judged by the classifier.
    ///
    /// # Errors
    /// As [`Policy::call_or`](super::Policy::call_or).
    ///
    /// # Cancel safety
    /// As [`Policy::call`](super::Policy::call).
    pub async fn call_or<F, Fut, G, Alternative>(
        self,
        operation: F,
        fallback: G,
    ) -> Result<T, Error<E>>
    where
        F: Fn(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        G: FnOnce(&Error<E>) -> Alternative,
        Alternative: Future<Output = Option<T>>,
    {
        calling::call_or(self.shared, &self.classifier, &operation, fallback).await
    }
}

impl<T, E, C> fmt::Debug for Classified<'_, T, E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Classified")
            .field("policy", &self.shared.name)
            .finish_non_exhaustive()
    }
}
