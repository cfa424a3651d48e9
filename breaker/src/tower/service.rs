//! The service: the inner one's readiness, and the breaker in front of its calls.

use std::fmt;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::breaker::CircuitBreaker;
use crate::error::Error;
use crate::tower::classify::{Classify, OkOrErr};
use crate::tower::future::{Call, ResponseFuture};

/// A service behind a breaker, made by [`BreakerLayer`](crate::tower::BreakerLayer). Clones share the
/// breaker.
///
/// Its error is [`Error`]: `Rejected` if the inner service was not called, `Operation` with the inner
/// service's own error if it was, or if it could not become ready.
#[derive(Clone)]
pub struct BreakerService<S, C = OkOrErr> {
    inner: S,
    breaker: CircuitBreaker,
    classifier: C,
}

impl<S, C> BreakerService<S, C> {
    pub(crate) fn new(inner: S, breaker: CircuitBreaker, classifier: C) -> Self {
        Self {
            inner,
            breaker,
            classifier,
        }
    }

    /// The breaker in front of the service.
    #[must_use]
    pub fn breaker(&self) -> &CircuitBreaker {
        &self.breaker
    }

    /// The service behind the breaker.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// The service behind the breaker. What is called through this reference goes past the breaker.
    pub fn inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service without the breaker.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, C, R> Service<R> for BreakerService<S, C>
where
    S: Service<R>,
    C: Classify<S::Response, S::Error> + Clone,
{
    type Response = S::Response;
    type Error = Error<S::Error>;
    type Future = ResponseFuture<S::Future, C>;

    /// The inner service's readiness, nothing more: the breaker is asked in `call`.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Error::Operation)
    }

    /// Asks the breaker and, if it lets the call through, calls the very service that was ready.
    fn call(&mut self, request: R) -> Self::Future {
        match Call::admit(&self.breaker) {
            Ok(mut call) => {
                let (future, classifier) =
                    call.user_code(|| (self.inner.call(request), self.classifier.clone()));
                ResponseFuture::called(future, call, classifier)
            }
            Err(rejected) => ResponseFuture::rejected(rejected),
        }
    }
}

impl<S: fmt::Debug, C> fmt::Debug for BreakerService<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerService")
            .field("inner", &self.inner)
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}
