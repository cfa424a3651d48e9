//! The future of a call. Written by hand: the compiler can then keep a call that finds a place and is
//! ready at once in registers, which it does not with an `async` block.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use crate::{
    error::Error,
    gate::{Entered, Gate},
    holds::Since,
    permit::Held,
    queue::Wanted,
    rejected::Rejected,
    state::Spot,
    wait::Wait,
};

pin_project! {
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Calling<'a, F, Fut> {
        gate: &'a Gate,
        wanted: Wanted,
        // Until the operation is started.
        operation: Option<F>,
        // While it is in line. In a box: what is seldom needed takes little room, and is little work to
        // drop when it is not there.
        wait: Waiting<'a>,
        // While the call has a place, and none of its code is running.
        holds: Option<Since>,
        #[pin]
        running: Option<Fut>,
    }

    impl<F, Fut> PinnedDrop for Calling<'_, F, Fut> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(since) = this.holds.take() {
                // After the operation's future, and even if that panics.
                let _held = Held::new(this.gate, since);
                this.running.set(None);
            }
        }
    }
}

impl<'a, F, Fut> Calling<'a, F, Fut> {
    #[inline]
    pub(crate) fn new(gate: &'a Gate, wanted: Wanted, operation: F) -> Self {
        Self {
            gate,
            wanted,
            operation: Some(operation),
            wait: None,
            holds: None,
            running: None,
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
        let held = if let Some(since) = this.holds.take() {
            Held::new(gate, since)
        } else {
            let entered = if this.wait.is_some() {
                ready!(go_on(gate, this.wait, cx))
            } else if this.operation.is_some() {
                match gate.enter(*this.wanted) {
                    Ok(Entered::In(since)) => Ok(since),
                    Ok(Entered::Waits(spot)) => ready!(line_up(gate, spot, this.wait, cx)),
                    Err(rejected) => Err(rejected),
                }
            } else {
                over()
            };
            let since = match entered {
                Ok(since) => since,
                Err(rejected) => {
                    *this.operation = None;
                    return Poll::Ready(Err(Error::Rejected(rejected)));
                }
            };
            let held = Held::new(gate, since);
            let Some(operation) = this.operation.take() else {
                over()
            };
            this.running.set(Some(operation()));
            held
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
                *this.holds = Some(held.keep());
                Poll::Pending
            }
        }
    }
}

type Waiting<'a> = Option<Pin<Box<Wait<'a>>>>;

#[cold]
fn line_up<'a>(
    gate: &'a Gate,
    spot: Spot,
    waiting: &mut Waiting<'a>,
    cx: &mut Context<'_>,
) -> Poll<Result<Since, Rejected>> {
    *waiting = Some(Box::pin(Wait::new(gate, spot)));
    go_on(gate, waiting, cx)
}

#[cold]
fn go_on(
    gate: &Gate,
    waiting: &mut Waiting<'_>,
    cx: &mut Context<'_>,
) -> Poll<Result<Since, Rejected>> {
    let Some(wait) = waiting else { over() };
    let settled = ready!(wait.as_mut().poll(cx));
    *waiting = None;
    Poll::Ready(settled.map(|_| gate.hold_begins()))
}

#[cold]
fn over() -> ! {
    panic!("a call was polled after it had ended")
}
