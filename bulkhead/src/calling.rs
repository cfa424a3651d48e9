//! The future of a call. Written by hand: the compiler can then keep a call that finds a place and is
//! ready at once in registers, which it does not with an `async` block.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;

use crate::{
    error::Error,
    gate::{Entered, Gate},
    holds::Since,
    permit::{Held, Parked},
    priority::Priority,
    queue::Wanted,
    rejected::Rejected,
    state::Spot,
    wait::Wait,
};

pin_project! {
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Calling<'a, F, Fut> {
        gate: &'a Gate,
        priority: Priority,
        // Until the operation is started.
        operation: Option<F>,
        #[pin]
        running: Option<Fut>,
        // Dropped after the operation's future, and even if that panics.
        between: Between<'a>,
    }
}

/// What a call keeps from one poll to the next. One for all, and each dropped by a call of its own, so that
/// a call that is ready at once has but one thing to look at when it is dropped.
enum Between<'a> {
    Nothing,
    /// In a box: what is seldom needed shall not make every call larger.
    Wait(Pin<Box<dyn Waiting + 'a>>),
    /// The operation's place.
    Place(Parked<'a>),
}

trait Waiting: Future<Output = Result<Duration, Rejected>> + Send + Sync {}

impl Waiting for Wait<'_> {}

impl<'a, F, Fut> Calling<'a, F, Fut> {
    #[inline]
    pub(crate) fn new(gate: &'a Gate, priority: Priority, operation: F) -> Self {
        Self {
            gate,
            priority,
            operation: Some(operation),
            running: None,
            between: Between::Nothing,
        }
    }
}

impl<'a, T, E, F, Fut> Future for Calling<'a, F, Fut>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Output = Result<T, Error<E>>;

    // Always: a call that is ready at once then stays in registers.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let gate = *this.gate;
        let held = match this.between {
            Between::Place(parked) => {
                let held = parked.resume();
                *this.between = Between::Nothing;
                held
            }
            Between::Nothing | Between::Wait(_) => {
                let entered = match this.between {
                    Between::Wait(_) => ready!(go_on(gate, this.between, cx)),
                    _ if this.operation.is_none() => over(),
                    _ => match gate.enter(Wanted::one(*this.priority), Some(cx.waker())) {
                        Ok(Entered::In(since)) => Ok(since),
                        Ok(Entered::Waits(spot)) => ready!(line_up(gate, spot, this.between, cx)),
                        Err(rejected) => Err(rejected),
                    },
                };
                let operation = this.operation.take();
                let since = match entered {
                    Ok(since) => since,
                    Err(rejected) => return Poll::Ready(Err(Error::Rejected(rejected))),
                };
                let held = Held::new(gate, since);
                let Some(operation) = operation else { over() };
                this.running.set(Some(operation()));
                held
            }
        };
        let Some(running) = this.running.as_mut().as_pin_mut() else {
            over()
        };
        // Its panic gives the place back at once.
        match running.poll(cx) {
            Poll::Ready(result) => {
                this.running.set(None); // the future, and then the place
                drop(held);
                Poll::Ready(result.map_err(Error::Operation))
            }
            Poll::Pending => {
                *this.between = Between::Place(held.park());
                Poll::Pending
            }
        }
    }
}

#[cold]
fn line_up<'a>(
    gate: &'a Gate,
    spot: Spot,
    between: &mut Between<'a>,
    cx: &mut Context<'_>,
) -> Poll<Result<Since, Rejected>> {
    *between = Between::Wait(Box::pin(Wait::new(gate, spot)));
    go_on(gate, between, cx)
}

#[cold]
fn go_on(
    gate: &Gate,
    between: &mut Between<'_>,
    cx: &mut Context<'_>,
) -> Poll<Result<Since, Rejected>> {
    let Between::Wait(wait) = between else { over() };
    let settled = ready!(wait.as_mut().poll(cx));
    *between = Between::Nothing;
    Poll::Ready(settled.map(|_| gate.hold_begins()))
}

#[cold]
fn over() -> ! {
    panic!("a call was polled after it had ended")
}
