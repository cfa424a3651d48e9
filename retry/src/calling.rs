//! The async door. The future of a call is written by hand: the compiler can then keep a first attempt
//! that is ready at once in registers, which it does not with an `async` block.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use crate::attempt::Attempt;
use crate::clock;
use crate::exhausted::Exhausted;
use crate::failure::Failure;
use crate::history::History;
use crate::judge::{Judge, Judged};
use crate::run::{Phase, Run};
use crate::shared::Held;
use crate::verdict::Verdict;

pin_project! {
    #[must_use = "futures do nothing unless polled"]
    #[project = CallingProjection]
    pub(crate) struct Calling<R, F, Fut, J, H, E>
    where
        R: Held,
    {
        run: Run<R, E>,
        operation: F,
        judge: J,
        hook: H,
        #[pin]
        attempt: Option<Fut>,
    }
}

impl<R: Held, F, Fut, J, H, E> Calling<R, F, Fut, J, H, E> {
    #[inline]
    pub(crate) fn new(held: R, limit: Option<Instant>, operation: F, judge: J, hook: H) -> Self {
        Self {
            run: Run::new(held, limit),
            operation,
            judge,
            hook,
            attempt: None,
        }
    }
}

/// Makes the attempts of a call. Every closure does; a type of its own has a name.
pub(crate) trait Operation<E, Fut> {
    fn attempt(&mut self, attempt: Attempt, history: &History<E>) -> Fut;

    /// Whether the attempt made last has to stay the last one, whatever it comes to.
    #[inline]
    fn is_spent(&self) -> bool {
        false
    }
}

impl<E, Fut, F> Operation<E, Fut> for F
where
    F: FnMut(Attempt, &History<E>) -> Fut,
{
    #[inline]
    fn attempt(&mut self, attempt: Attempt, history: &History<E>) -> Fut {
        self(attempt, history)
    }
}

impl<T, E, R, F, Fut, J, H> Future for Calling<R, F, Fut, J, H, E>
where
    R: Held,
    F: Operation<E, Fut>,
    Fut: Future<Output = Result<T, E>>,
    J: Judge<T, E>,
    H: FnMut(u32, &Failure<J::Last>, Duration),
{
    type Output = Result<T, Exhausted<J::Last, E>>;

    // Always: a call that is ready at once then stays in registers.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        match this.run.phase() {
            Phase::New => match this.run.begin() {
                Some(attempt) => this.make(attempt),
                None => return Poll::Ready(Err(this.run.too_late())),
            },
            Phase::Suspended => this.run.resume(),
            Phase::Waiting | Phase::GivingWay => ready!(this.poll_wait(cx))?,
            Phase::Running | Phase::Ended => over(),
        }
        match this.poll_attempt(cx) {
            Poll::Ready(Judged::Accepted(value)) => {
                this.run.succeed();
                Poll::Ready(Ok(value))
            }
            Poll::Ready(Judged::Failed(last, verdict)) => {
                this.go_on(cx, Some((Failure::Operation(last), verdict)))
            }
            Poll::Pending => this.go_on(cx, None),
        }
    }
}

impl<T, E, R, F, Fut, J, H> CallingProjection<'_, R, F, Fut, J, H, E>
where
    R: Held,
    F: Operation<E, Fut>,
    Fut: Future<Output = Result<T, E>>,
    J: Judge<T, E>,
    H: FnMut(u32, &Failure<J::Last>, Duration),
{
    /// Calls the operation.
    #[inline]
    fn make(&mut self, attempt: Attempt) {
        let future = self.operation.attempt(attempt, self.run.history());
        self.attempt.set(Some(future));
        if self.operation.is_spent() {
            self.run.make_last();
        }
    }

    #[inline]
    fn poll_attempt(&mut self, cx: &mut Context<'_>) -> Poll<Judged<T, J::Last>> {
        let Some(future) = self.attempt.as_mut().as_pin_mut() else {
            over()
        };
        future.poll(cx).map(|result| self.judge.judge(result))
    }

    /// Goes on from an attempt that has failed, or from one that is not ready: `None`.
    #[inline(never)]
    fn go_on(
        &mut self,
        cx: &mut Context<'_>,
        mut failed: Option<(Failure<J::Last>, Verdict)>,
    ) -> Poll<Result<T, Exhausted<J::Last, E>>> {
        loop {
            let settled = match failed.take() {
                Some((failure, verdict)) => {
                    self.attempt.set(None);
                    self.run.settle(failure, verdict, J::error, self.hook)
                }
                None => {
                    let now = ready!(self.poll_cut_off(cx));
                    self.attempt.set(None);
                    self.run.settle_cut_off(now, J::error, self.hook)
                }
            };
            let wait = match settled {
                ControlFlow::Break(exhausted) => return Poll::Ready(Err(exhausted)),
                ControlFlow::Continue(wait) => wait,
            };
            if !wait.is_zero() {
                let now = self.run.begin_wait();
                self.run.timer().arm(now, wait);
                ready!(self.poll_wait(cx))?;
            } else if self.run.is_due_to_give_way() {
                self.run.give_way();
                cx.waker().wake_by_ref();
                return Poll::Pending;
            } else if let Err(exhausted) = self.next_attempt() {
                return Poll::Ready(Err(exhausted));
            }
            match self.poll_attempt(cx) {
                Poll::Ready(Judged::Accepted(value)) => {
                    self.run.succeed();
                    return Poll::Ready(Ok(value));
                }
                Poll::Ready(Judged::Failed(last, verdict)) => {
                    failed = Some((Failure::Operation(last), verdict));
                }
                Poll::Pending => {}
            }
        }
    }

    /// Suspends an attempt that is not ready, or gives the time at which it is to be cut off.
    fn poll_cut_off(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        self.run.suspend();
        let Some(moment) = self.run.cut_off() else {
            return Poll::Pending;
        };
        // The clock decides, and the timer only wakes: in a task that has used up its turn, tokio's
        // timers are never ready, and an operation can use up every turn.
        let now = clock::now();
        if now < moment {
            self.run.timer().arm_at(moment);
            ready!(self.run.timer().poll(cx));
        }
        self.run.resume();
        Poll::Ready(now.max(moment))
    }

    /// Waits for the backoff or the next turn, and begins the next attempt.
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Exhausted<J::Last, E>>> {
        if self.run.phase() == Phase::Waiting {
            ready!(self.run.timer().poll(cx));
        }
        Poll::Ready(self.next_attempt())
    }

    #[inline]
    fn next_attempt(&mut self) -> Result<(), Exhausted<J::Last, E>> {
        match self.run.next_attempt() {
            Some(attempt) => {
                self.make(attempt);
                Ok(())
            }
            None => Err(self.run.too_late()),
        }
    }
}

#[cold]
fn over() -> ! {
    panic!("a call was polled after it had ended")
}
