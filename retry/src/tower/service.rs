//! The service: the inner one's readiness, and the retry around its calls.

use std::fmt;
use std::mem;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::retry::Retry;
use crate::tower::classify::{Classify, OkOrErr};
use crate::tower::clone_request::{ByClone, CloneRequest};
use crate::tower::error::Error;
use crate::tower::future::ResponseFuture;

/// A service with a retry around its calls, made by [`RetryLayer`](crate::tower::RetryLayer). Clones
/// share the retry.
///
/// The inner service is cloned once for each call, and once for each retry that may be followed by
/// another. Its clones must do the same as itself, as tower's own layers want it too.
#[derive(Clone)]
pub struct RetryService<S, C = OkOrErr, Q = ByClone> {
    inner: S,
    retry: Retry,
    classifier: C,
    copies: Q,
}

impl<S, C, Q> RetryService<S, C, Q> {
    pub(super) fn new(inner: S, retry: Retry, classifier: C, copies: Q) -> Self {
        Self {
            inner,
            retry,
            classifier,
            copies,
        }
    }

    /// The retry around the calls of the service.
    #[must_use]
    pub fn retry(&self) -> &Retry {
        &self.retry
    }

    /// The service without the retry.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// The service without the retry. What is called through this reference is not retried.
    pub fn inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service without the retry, by value.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, C, Q, R> Service<R> for RetryService<S, C, Q>
where
    S: Service<R> + Clone,
    C: Classify<S::Response, S::Error> + Clone,
    Q: CloneRequest<R> + Clone,
{
    type Response = S::Response;
    type Error = Error<S::Error>;
    type Future = ResponseFuture<S, R, C, Q>;

    /// The inner service's readiness, nothing more.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Error::NotReady)
    }

    /// Takes the very service that was ready, for the first attempt, and leaves a clone of it.
    fn call(&mut self, request: R) -> Self::Future {
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        ResponseFuture::new(
            self.retry.clone(),
            ready,
            request,
            self.classifier.clone(),
            self.copies.clone(),
        )
    }
}

impl<S: fmt::Debug, C, Q> fmt::Debug for RetryService<S, C, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryService")
            .field("inner", &self.inner)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
