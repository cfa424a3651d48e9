//! The future of an async call. Written by hand: the compiler can then keep a call that is ready at once
//! in registers, which it does not with an `async` block, and a permit that is not needed beyond the
//! first poll is never stored.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::error::Error;
use crate::machine::{Ending, Ticket};
use crate::shared::Shared;
use crate::state::Outcome;

pin_project! {
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Calling<'a, C, F, Fut> {
        shared: &'a Shared,
        classifier: C,
        // Of a call that is in flight and of which no user code is running.
        ticket: Option<Ticket>,
        #[pin]
        stage: Stage<F, Fut>,
    }

    impl<C, F, Fut> PinnedDrop for Calling<'_, C, F, Fut> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(ticket) = this.ticket.take() {
                this.shared.settle(ticket, Ending::Abandoned);
            }
        }
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<F, Fut> {
        Asking { operation: Option<F> },
        Running { #[pin] future: Fut },
    }
}

impl<'a, C, F, Fut> Calling<'a, C, F, Fut> {
    pub(crate) fn new(shared: &'a Shared, classifier: C, operation: F) -> Self {
        Self {
            shared,
            classifier,
            ticket: None,
            stage: Stage::Asking {
                operation: Some(operation),
            },
        }
    }
}

impl<T, E, C, F, Fut> Future for Calling<'_, C, F, Fut>
where
    C: Fn(&Result<T, E>) -> Outcome,
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Output = Result<T, Error<E>>;

    // Always: a call that is ready at once then stays in registers, which halves what it costs.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let shared = *this.shared;
        let ticket = match this.stage.as_mut().project() {
            StageProjection::Asking { operation } => {
                let Some(operation) = operation.take() else {
                    over()
                };
                let ticket = shared.admit()?;
                let future = shared.user_code(ticket, operation);
                this.stage.set(Stage::Running { future });
                ticket
            }
            StageProjection::Running { .. } => match this.ticket.take() {
                Some(ticket) => ticket,
                None => over(),
            },
        };
        let StageProjection::Running { future } = this.stage.project() else {
            over()
        };
        match shared.user_code(ticket, || future.poll(cx)) {
            Poll::Ready(result) => Poll::Ready(shared.end(ticket, &*this.classifier, result)),
            Poll::Pending => {
                *this.ticket = Some(ticket);
                Poll::Pending
            }
        }
    }
}

#[cold]
fn over() -> ! {
    panic!("a call was polled after it had ended")
}

impl Shared {
    /// Runs user code of an admitted call. Its panic settles the call at once.
    #[inline]
    pub(crate) fn user_code<R>(&self, ticket: Ticket, code: impl FnOnce() -> R) -> R {
        let mut running = Running {
            shared: self,
            ticket: Some(ticket),
        };
        let result = code();
        running.ticket = None;
        result
    }

    /// Takes back an admitted call that has ended with this result.
    #[inline]
    pub(crate) fn end<T, E>(
        &self,
        ticket: Ticket,
        classifier: &impl Fn(&Result<T, E>) -> Outcome,
        result: Result<T, E>,
    ) -> Result<T, Error<E>> {
        let outcome = self.user_code(ticket, || classifier(&result));
        self.settle(ticket, Ending::Told(outcome));
        result.map_err(Error::Operation)
    }
}

/// Holds the ticket while user code runs. Dropped with it, that code is unwinding, whatever else the
/// thread may be unwinding from.
struct Running<'a> {
    shared: &'a Shared,
    ticket: Option<Ticket>,
}

impl Drop for Running<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.shared.settle(ticket, Ending::Panicked);
        }
    }
}
