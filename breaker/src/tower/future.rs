//! The response: a rejection, or the inner future with the breaker's ticket for it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::breaker::CircuitBreaker;
use crate::error::Error;
use crate::machine::{Ending, Ticket};
use crate::rejected::Rejected;
use crate::tower::classify::Classify;

pin_project! {
    /// The response of a [`BreakerService`](crate::tower::BreakerService). Dropped before it ends, it
    /// counts as abandoned.
    ///
    /// # Panics
    /// If polled again after it has ended, as any future may; and if the inner future or the
    /// classifier does, which counts as a failure.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, C> {
        #[pin]
        state: State<F, C>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, C> {
        Called {
            // Before the future, so that it is dropped first and gives the place back at once, whatever
            // the drop of the future takes.
            call: Call,
            #[pin]
            future: F,
            classifier: C,
        },
        Rejected {
            // Taken when it is returned.
            rejected: Option<Rejected>,
        },
    }
}

impl<F, C> ResponseFuture<F, C> {
    pub(crate) fn called(future: F, call: Call, classifier: C) -> Self {
        Self {
            state: State::Called {
                future,
                call,
                classifier,
            },
        }
    }

    pub(crate) fn rejected(rejected: Rejected) -> Self {
        Self {
            state: State::Rejected {
                rejected: Some(rejected),
            },
        }
    }
}

impl<F, C, T, E> Future for ResponseFuture<F, C>
where
    F: Future<Output = Result<T, E>>,
    C: Classify<T, E>,
{
    type Output = Result<T, Error<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Called {
                future,
                call,
                classifier,
            } => {
                let result = ready!(call.user_code(|| future.poll(cx)));
                let outcome = call.user_code(|| classifier.classify(&result));
                call.settle(Ending::Told(outcome));
                Poll::Ready(result.map_err(Error::Operation))
            }
            StateProjection::Rejected { rejected } => match rejected.take() {
                Some(rejected) => Poll::Ready(Err(Error::Rejected(rejected))),
                None => panic!("the response of a rejected call was polled again"),
            },
        }
    }
}

impl<F, C> fmt::Debug for ResponseFuture<F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (call, rejected) = match &self.state {
            State::Called { call, .. } => (Some(call.ticket), None),
            State::Rejected { rejected } => (None, rejected.as_ref()),
        };
        f.debug_struct("ResponseFuture")
            .field("call", &call)
            .field("rejected", &rejected)
            .finish_non_exhaustive()
    }
}

/// An admitted call. It settles exactly once: by its outcome, by a panic, or when it is dropped.
pub(crate) struct Call {
    breaker: CircuitBreaker,
    /// Taken when the call is settled, and lent out while user code runs.
    ticket: Option<Ticket>,
}

impl Call {
    pub(crate) fn admit(breaker: &CircuitBreaker) -> Result<Self, Rejected> {
        let ticket = breaker.shared().admit()?;
        Ok(Self {
            breaker: breaker.clone(),
            ticket: Some(ticket),
        })
    }

    /// Runs user code. Its panic settles the call at once, even if whoever catches it keeps the call.
    pub(crate) fn user_code<R>(&mut self, code: impl FnOnce() -> R) -> R {
        let Some(ticket) = self.ticket.take() else {
            return code();
        };
        let result = self.breaker.shared().user_code(ticket, code);
        self.ticket = Some(ticket);
        result
    }

    fn settle(&mut self, ending: Ending) {
        if let Some(ticket) = self.ticket.take() {
            self.breaker.shared().settle(ticket, ending);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.settle(Ending::Abandoned);
    }
}
