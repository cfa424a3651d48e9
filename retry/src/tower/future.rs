//! The response: all attempts and waits of one call.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tower_service::Service;

use crate::calling::Calling;
use crate::failure::Failure;
use crate::retry::Retry;
use crate::tower::attempts::{Attempts, Sent};
use crate::tower::classify::{ByLayer, Classify};
use crate::tower::clone_request::CloneRequest;
use crate::tower::error::Error;

pin_project! {
    /// The response of a [`RetryService`](crate::tower::RetryService). Not boxed, and nothing is
    /// allocated for a first attempt that succeeds.
    ///
    /// Nothing is sent before it is first polled.
    ///
    /// # Errors
    /// [`Error::Exhausted`] if the call was given up without a response.
    ///
    /// # Panics
    /// If polled again after it has ended, as any future may; if the inner service, a copy of the
    /// request or the classifier does, which is counted; and, as `tokio::time::sleep` does, if it has
    /// to wait outside a tokio runtime with a timer.
    ///
    /// # Cancel safety
    /// Dropping it drops the attempt or the wait it is in, at once; the call is counted as abandoned.
    /// What has been sent by then stays sent.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, R, C, Q>
    where
        S: Service<R>,
    {
        #[pin]
        call: Call<S, R, C, Q, S::Response, S::Error>,
    }
}

/// `T` and `E` are what the service `S` gives for requests `R`.
type Call<S, R, C, Q, T, E> =
    Calling<Retry, Attempts<S, R, Q>, Sent<S, R>, ByLayer<C>, Hook<T, E>, E>;

/// Observers see retries of a layer; there is no hook for a single call.
type Hook<T, E> = fn(u32, &Failure<Result<T, E>>, Duration);

impl<S, R, C, Q> ResponseFuture<S, R, C, Q>
where
    S: Service<R>,
{
    pub(super) fn new(retry: Retry, ready: S, request: R, classifier: C, copies: Q) -> Self {
        let max_attempts = retry.config().max_attempts;
        let attempts = Attempts::new(ready, request, copies, max_attempts);
        Self {
            call: Calling::new(retry, None, attempts, ByLayer(classifier), |_, _, _| ()),
        }
    }
}

impl<S, R, C, Q> Future for ResponseFuture<S, R, C, Q>
where
    S: Service<R> + Clone,
    C: Classify<S::Response, S::Error>,
    Q: CloneRequest<R>,
{
    type Output = Result<S::Response, Error<S::Error>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().call.poll(cx).map(|result| {
            result
                .or_else(|exhausted| exhausted.transpose())
                .map_err(Error::Exhausted)
        })
    }
}

impl<S, R, C, Q> fmt::Debug for ResponseFuture<S, R, C, Q>
where
    S: Service<R>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
