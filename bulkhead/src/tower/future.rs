//! The response: a place first, then the inner service's readiness, then its call.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tower_service::Service;

use crate::{
    bulkhead::Bulkhead,
    error::Error,
    tower::place::{Place, over},
};

pin_project! {
    /// The response of a [`BulkheadService`](crate::tower::BulkheadService). It asks for a place when it
    /// is first polled, and allocates only if it has to wait for one.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] if there was no place, and [`Error::Operation`] with the inner service's own
    /// error, of its readiness too.
    ///
    /// # Panics
    ///
    /// If it has to wait outside a tokio runtime with its time driver enabled; if the inner service
    /// panics, which gives the place back; and if polled again after it has ended or panicked.
    ///
    /// # Cancel safety
    ///
    /// Dropping it leaves the line, or drops the inner future (or the service that is not ready yet)
    /// and then gives the place back. Keep polling one that you keep: one that is never polled again
    /// keeps the place that it is handed.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, R>
    where
        S: Service<R>,
    {
        #[pin]
        stage: Stage<S, R, S::Future>,
        // Below the stage, so that it is dropped after it, even if that panics.
        place: Place,
    }
}

pin_project! {
    #[project = StageProjection]
    #[project_replace = StageOwned]
    enum Stage<S, R, F> {
        Uncalled { service: S, request: R },
        Called { #[pin] future: F },
        Over,
    }
}

impl<S, R> ResponseFuture<S, R>
where
    S: Service<R>,
{
    pub(super) fn new(bulkhead: Bulkhead, service: S, request: R) -> Self {
        Self {
            stage: Stage::Uncalled { service, request },
            place: Place::Outside(bulkhead),
        }
    }
}

impl<S, R> Future for ResponseFuture<S, R>
where
    S: Service<R>,
{
    type Output = Result<S::Response, Error<S::Error>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let permit = match ready!(this.place.poll_take(cx)) {
            Ok(permit) => permit,
            Err(rejected) => {
                this.stage.set(Stage::Over);
                return Poll::Ready(Err(rejected.into()));
            }
        };
        // The permit is on the stack while the service runs, so that its panic gives the place back.
        let Poll::Ready(result) = this.stage.as_mut().poll(cx) else {
            *this.place = Place::Inside(permit);
            return Poll::Pending;
        };
        this.stage.set(Stage::Over); // the inner future, and then the place
        drop(permit);
        Poll::Ready(result.map_err(Error::Operation))
    }
}

impl<S, R> Stage<S, R, S::Future>
where
    S: Service<R>,
{
    /// Makes the service ready, calls it, and polls what it returned.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<S::Response, S::Error>> {
        if let StageProjection::Uncalled { service, .. } = self.as_mut().project() {
            ready!(service.poll_ready(cx))?;
            if let StageOwned::Uncalled {
                mut service,
                request,
            } = self.as_mut().project_replace(Self::Over)
            {
                let future = service.call(request);
                self.set(Self::Called { future });
            }
        }
        match self.project() {
            StageProjection::Called { future } => future.poll(cx),
            StageProjection::Uncalled { .. } | StageProjection::Over => over(),
        }
    }
}

impl<S, R> fmt::Debug for ResponseFuture<S, R>
where
    S: Service<R>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}
