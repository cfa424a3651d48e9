//! The service: always ready, and a place in the bulkhead for each call.

use std::{
    fmt, mem,
    task::{Context, Poll},
};

use tower_service::Service;

use crate::{bulkhead::Bulkhead, error::Error, tower::future::ResponseFuture};

/// A service behind a bulkhead, made by [`BulkheadLayer`](crate::tower::BulkheadLayer). Clones share the
/// bulkhead.
///
/// Its error is [`Error`]: `Rejected` if there was no place and the inner service was left alone,
/// `Operation` with the inner service's own error if it failed, or could not become ready.
///
/// # Why the inner service is cloned
///
/// It is made ready only once the call has its place, by the response, which lives on its own. So each
/// response takes a service with it, and one has to be left here. The response gets **the service
/// itself, and its clone stays**: whoever had polled it before (a caller through
/// [`inner_mut`](Self::inner_mut), or the one who wrapped a service that was ready) may have made it
/// reserve something, which the first call then uses, or gives back when it is dropped. Left here,
/// where nothing ever polls it, it would be held for ever. The clone has reserved nothing, as tower's
/// contract says of clones.
#[derive(Clone)]
pub struct BulkheadService<S> {
    inner: S,
    bulkhead: Bulkhead,
}

impl<S> BulkheadService<S> {
    pub(super) fn new(inner: S, bulkhead: Bulkhead) -> Self {
        Self { inner, bulkhead }
    }

    /// The bulkhead in front of the service.
    #[must_use]
    pub fn bulkhead(&self) -> &Bulkhead {
        &self.bulkhead
    }

    /// The service behind the bulkhead.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// The service behind the bulkhead. What is called through this reference takes no place.
    pub fn inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The service without the bulkhead.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, R> Service<R> for BulkheadService<S>
where
    S: Service<R> + Clone,
{
    type Response = S::Response;
    type Error = Error<S::Error>;
    type Future = ResponseFuture<S, R>;

    /// Always ready, and nothing is reserved: neither a place nor anything of the inner service.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    /// Begins a call. It asks for its place when the response is first polled.
    fn call(&mut self, request: R) -> Self::Future {
        let clone = self.inner.clone();
        let service = mem::replace(&mut self.inner, clone);
        ResponseFuture::new(self.bulkhead.clone(), service, request)
    }
}

impl<S: fmt::Debug> fmt::Debug for BulkheadService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkheadService")
            .field("inner", &self.inner)
            .field("bulkhead", &self.bulkhead)
            .finish()
    }
}
