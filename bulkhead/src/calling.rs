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
    clock,
    error::{Error, Rejected},
    gate::Gate,
    permit::Held,
    ticket::Ticket,
};

pin_project! {
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Calling<'a, F, Fut, M, W> {
        gate: &'a Gate,
        // Until the operation is started.
        operation: Option<F>,
        // Makes the wait, if there has to be one.
        make_wait: Option<M>,
        // Whether the call has a place, and none of its code is running.
        holds: bool,
        #[pin]
        stage: Stage<Fut, W>,
    }

    impl<F, Fut, M, W> PinnedDrop for Calling<'_, F, Fut, M, W> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if *this.holds {
                // After the operation's future, and even if that panics.
                let _held = Held::new(this.gate);
                this.stage.set(Stage::None);
            }
        }
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<Fut, W> {
        None,
        Waiting { #[pin] wait: W },
        Running { #[pin] future: Fut },
    }
}

impl<'a, F, Fut, M, W> Calling<'a, F, Fut, M, W> {
    #[inline]
    pub(crate) fn new(gate: &'a Gate, operation: F, make_wait: M) -> Self {
        Self {
            gate,
            operation: Some(operation),
            make_wait: Some(make_wait),
            holds: false,
            stage: Stage::None,
        }
    }
}

impl<'a, T, E, F, Fut, M, W> Future for Calling<'a, F, Fut, M, W>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
    M: FnOnce(Ticket<'a>) -> W,
    W: Future<Output = Result<Duration, Rejected>>,
{
    type Output = Result<T, Error<E>>;

    // Always: a call that is ready at once then stays in registers.
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.as_mut().project();
        let gate = *this.gate;
        if *this.holds {
            *this.holds = false;
            return self.run(Held::new(gate), cx);
        }
        if this.make_wait.is_some() {
            match gate.enter(1) {
                Err(rejected) => {
                    *this.make_wait = None;
                    return Poll::Ready(Err(rejected.into()));
                }
                Ok(None) => *this.make_wait = None,
                Ok(Some(spot)) => {
                    let ticket = Ticket::new(gate, spot, clock::now());
                    self.as_mut().line_up(ticket);
                    ready!(self.as_mut().poll_wait(cx))?;
                }
            }
        } else {
            ready!(self.as_mut().poll_wait(cx))?;
        }
        let held = Held::new(gate);
        let mut this = self.as_mut().project();
        let Some(operation) = this.operation.take() else {
            over()
        };
        this.stage.set(Stage::None);
        let future = operation();
        this.stage.set(Stage::Running { future });
        self.run(held, cx)
    }
}

impl<'a, T, E, F, Fut, M, W> Calling<'a, F, Fut, M, W>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
    M: FnOnce(Ticket<'a>) -> W,
    W: Future<Output = Result<Duration, Rejected>>,
{
    #[cold]
    fn line_up(self: Pin<&mut Self>, ticket: Ticket<'a>) {
        let mut this = self.project();
        if let Some(make_wait) = this.make_wait.take() {
            let wait = make_wait(ticket);
            this.stage.set(Stage::Waiting { wait });
        }
    }

    #[inline(never)]
    fn poll_wait(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Rejected>> {
        match self.project().stage.project() {
            StageProjection::Waiting { wait } => wait.poll(cx).map_ok(|_| ()),
            StageProjection::None | StageProjection::Running { .. } => over(),
        }
    }

    /// Polls the operation. Its panic gives the place back at once.
    #[inline(always)]
    fn run(
        self: Pin<&mut Self>,
        held: Held<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, Error<E>>> {
        let mut this = self.project();
        let StageProjection::Running { future } = this.stage.as_mut().project() else {
            over()
        };
        match future.poll(cx) {
            Poll::Ready(result) => {
                this.stage.set(Stage::None); // the future, and then the place
                drop(held);
                Poll::Ready(result.map_err(Error::Operation))
            }
            Poll::Pending => {
                held.keep();
                *this.holds = true;
                Poll::Pending
            }
        }
    }
}

#[cold]
fn over() -> ! {
    panic!("a call was polled after it had ended")
}
