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
        // Of a call that is in flight and of which no user code is running. Dropped before the stage.
        parked: Option<Parked<'a>>,
        #[pin]
        stage: Stage<F, Fut>,
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
            parked: None,
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
            StageProjection::Running { .. } => match this.parked.take() {
                Some(parked) => parked.resume(),
                None => over(),
            },
        };
        let StageProjection::Running { future } = this.stage.project() else {
            over()
        };
        // Not by `user_code`, whose closure would be a function of its own.
        let running = Running::new(shared, ticket);
        let polled = future.poll(cx);
        running.survived();
        match polled {
            Poll::Ready(result) => Poll::Ready(shared.end(ticket, &*this.classifier, result)),
            Poll::Pending => {
                *this.parked = Some(Parked::new(shared, ticket));
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
        let running = Running::new(self, ticket);
        let result = code();
        running.survived();
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

impl<'a> Running<'a> {
    #[inline]
    fn new(shared: &'a Shared, ticket: Ticket) -> Self {
        Self {
            shared,
            ticket: Some(ticket),
        }
    }

    #[inline]
    fn survived(mut self) {
        self.ticket = None;
    }
}

impl Drop for Running<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.shared.settle_panicked(ticket);
        }
    }
}

/// Holds the ticket between two polls. Dropped with it, the call is abandoned.
struct Parked<'a> {
    shared: &'a Shared,
    ticket: Option<Ticket>,
}

impl<'a> Parked<'a> {
    fn new(shared: &'a Shared, ticket: Ticket) -> Self {
        Self {
            shared,
            ticket: Some(ticket),
        }
    }

    fn resume(mut self) -> Ticket {
        self.ticket.take().unwrap_or_else(|| over())
    }
}

impl Drop for Parked<'_> {
    // Out of line: a call that was never suspended then has but one thing to look at when it is dropped.
    #[inline(never)]
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.shared.settle(ticket, Ending::Abandoned);
        }
    }
}
