//! The async door. The future of a call is written by hand: the compiler can then keep a first attempt
//! that is ready at once in registers, which it does not with an `async` block.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use self::guards::{Unsettled, Unwinding};
pub(crate) use self::operation::Operation;
use crate::attempt::Attempt;
use crate::exhausted::End;
use crate::failure::Failure;
use crate::history::History;
use crate::judge::{Judge, Judged};
use crate::run::{Phase, Run};
use crate::shared::Held;
use crate::verdict::Verdict;

mod guards;
mod operation;

pin_project! {
    #[must_use = "futures do nothing unless polled"]
    #[project = CallingProjection]
    pub(crate) struct Calling<R, F, Fut, J, H, E>
    where
        R: Held,
    {
        // Until the first poll.
        held: Option<R>,
        limit: Option<Instant>,
        // From then on, unless the first attempt was all there was to the call.
        run: Option<Run<R, E>>,
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
            held: Some(held),
            limit,
            run: None,
            operation,
            judge,
            hook,
            attempt: None,
        }
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
    type Output = End<T, J::Last, E>;

    // Always: a call whose first attempt is ready at once then stays in registers. What the rest of a
    // call needs is not even written down for it.
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.as_mut().project();
        let Some(held) = this.held.take() else {
            return self.poll_again(cx);
        };
        let shared = held.shared();
        if shared.is_timed() || this.limit.is_some() {
            return self.poll_timed(held, cx);
        }
        let unsettled = Unsettled(Some(shared));
        let attempt = Attempt::first();
        let future = (this.operation).attempt(attempt, const { &History::new() });
        this.attempt.set(Some(future));
        let judged = this.poll_attempt(cx);
        unsettled.survived();
        match judged {
            Poll::Ready(Judged::Accepted(value)) => {
                shared.counters.add(|cell| &cell.first_try);
                Poll::Ready(Ok(value))
            }
            Poll::Ready(Judged::Failed(last, verdict)) => {
                self.poll_on(held, cx, Some((last, verdict)))
            }
            Poll::Pending => self.poll_on(held, cx, None),
        }
    }
}

/// What a call whose first attempt is ready at once does not come to.
impl<T, E, R, F, Fut, J, H> Calling<R, F, Fut, J, H, E>
where
    R: Held,
    F: Operation<E, Fut>,
    Fut: Future<Output = Result<T, E>>,
    J: Judge<T, E>,
    H: FnMut(u32, &Failure<J::Last>, Duration),
{
    /// Polls a call for the first time that has to know the time from its beginning.
    #[inline(never)]
    fn poll_timed(self: Pin<&mut Self>, held: R, cx: &mut Context<'_>) -> Poll<End<T, J::Last, E>> {
        self.watched(|this| {
            let run = this.run.insert(Run::new(held, *this.limit));
            match run.begin() {
                Some(attempt) => this.make(attempt),
                None => return Poll::Ready(Err(run.too_late(J::last))),
            }
            this.poll_present(cx)
        })
    }

    /// Goes on with a call whose first attempt has failed, or is not ready: `None`.
    #[inline(never)]
    fn poll_on(
        mut self: Pin<&mut Self>,
        held: R,
        cx: &mut Context<'_>,
        failed: Option<(J::Last, Verdict)>,
    ) -> Poll<End<T, J::Last, E>> {
        let mut attempts = 1;
        let judged = match failed {
            Some((last, verdict)) => {
                let this = &mut self.as_mut().project();
                this.repeat(&held, &mut attempts, cx, last, verdict)
            }
            None => Poll::Pending,
        };
        if let Poll::Ready(Judged::Accepted(value)) = judged {
            held.shared().counters.add(|cell| match attempts {
                1 => &cell.first_try,
                _ => &cell.after_retry,
            });
            return Poll::Ready(Ok(value));
        }
        self.watched(|this| {
            *this.run = Some(Run::after(held, attempts));
            this.go_on(cx, judged)
        })
    }

    /// Polls a call that has been polled before.
    #[inline(never)]
    fn poll_again(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End<T, J::Last, E>> {
        self.watched(|this| {
            let run = this.run();
            match run.phase() {
                Phase::Suspended => run.resume(),
                Phase::Waiting | Phase::GivingWay => ready!(this.poll_wait(cx))?,
                Phase::Running | Phase::Ended => over(),
            }
            this.poll_present(cx)
        })
    }
}

impl<R: Held, F, Fut, J, H, E> Calling<R, F, Fut, J, H, E> {
    /// A panic of `poll` settles the call at once, even if whoever catches it keeps the future.
    #[inline(always)]
    fn watched<P>(
        self: Pin<&mut Self>,
        poll: impl FnOnce(&mut CallingProjection<'_, R, F, Fut, J, H, E>) -> P,
    ) -> P {
        let mut this = self.project();
        let mut unwinding = Unwinding(Some(&mut this));
        let result = unwinding
            .0
            .as_mut()
            .map_or_else(|| over(), |this| poll(this));
        unwinding.0 = None;
        result
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
    fn poll_present(&mut self, cx: &mut Context<'_>) -> Poll<End<T, J::Last, E>> {
        match self.poll_attempt(cx) {
            Poll::Ready(Judged::Accepted(value)) => {
                self.run().succeed();
                Poll::Ready(Ok(value))
            }
            judged => self.go_on(cx, judged),
        }
    }

    #[inline]
    fn run(&mut self) -> &mut Run<R, E> {
        self.run.as_mut().unwrap_or_else(|| over())
    }

    /// Calls the operation.
    #[inline(always)]
    fn make(&mut self, attempt: Attempt) {
        let Some(run) = self.run else { over() };
        let future = self.operation.attempt(attempt, run.history());
        self.attempt.set(Some(future));
    }

    #[inline(always)]
    fn poll_attempt(&mut self, cx: &mut Context<'_>) -> Poll<Judged<T, J::Last>> {
        let Some(future) = self.attempt.as_mut().as_pin_mut() else {
            over()
        };
        future.poll(cx).map(|result| self.judge.judge(result))
    }

    /// Goes on from an attempt that has failed, or from one that is not ready.
    fn go_on(
        &mut self,
        cx: &mut Context<'_>,
        mut judged: Poll<Judged<T, J::Last>>,
    ) -> Poll<End<T, J::Last, E>> {
        loop {
            if self.operation.is_spent() {
                self.run().make_last();
            }
            let settled = match judged {
                Poll::Ready(Judged::Accepted(value)) => {
                    self.run().succeed();
                    return Poll::Ready(Ok(value));
                }
                Poll::Ready(Judged::Failed(last, verdict)) => {
                    self.attempt.set(None);
                    let failure = Failure::Operation(last);
                    let Some(run) = self.run else { over() };
                    run.settle(failure, verdict, J::error, self.hook)
                }
                Poll::Pending => {
                    let now = ready!(self.poll_cut_off(cx));
                    self.attempt.set(None);
                    let Some(run) = self.run else { over() };
                    run.settle_cut_off(now, J::error, self.hook)
                }
            };
            let wait = match settled {
                ControlFlow::Break(exhausted) => return Poll::Ready(Err(exhausted)),
                ControlFlow::Continue(wait) => wait,
            };
            if !wait.is_zero() {
                let Some(now) = self.run().may_wait(wait) else {
                    return Poll::Ready(Err(self.run().too_late(J::last)));
                };
                // Armed first: outside a runtime it panics, and then the call is not waiting.
                self.run().timer().arm(now, wait);
                self.run().begin_wait(wait);
                ready!(self.run().timer().poll(cx));
            }
            // No wait, or one that is over before anybody has looked.
            if self.run().is_due_to_give_way() {
                self.run().give_way();
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            self.next_attempt()?;
            judged = self.poll_attempt(cx);
        }
    }

    /// Makes attempts as long as each follows the one before at once, and there is nothing to ask, keep
    /// or tell: all that such a call has to remember is their number.
    #[inline(always)]
    fn repeat(
        &mut self,
        held: &R,
        attempts: &mut u32,
        cx: &mut Context<'_>,
        mut last: J::Last,
        mut verdict: Verdict,
    ) -> Poll<Judged<T, J::Last>> {
        let (shared, limit) = (held.shared(), held.attempts_limit());
        let unsettled = Unsettled(Some(shared));
        let judged = loop {
            if self.operation.is_spent() || !shared.repeats_at_once(*attempts, limit, verdict) {
                break Poll::Ready(Judged::Failed(last, verdict));
            }
            self.attempt.set(None);
            let failure = Failure::Operation(last);
            (self.hook)(*attempts, &failure, Duration::ZERO);
            drop(failure);
            // Counted once no code of the user's can keep it from beginning.
            shared.counters.add(|cell| &cell.retries);
            *attempts += 1;
            let attempt = Attempt::new(*attempts, None, None);
            let future = (self.operation).attempt(attempt, const { &History::new() });
            self.attempt.set(Some(future));
            match self.poll_attempt(cx) {
                Poll::Ready(Judged::Failed(next, judged)) => (last, verdict) = (next, judged),
                other => break other,
            }
        };
        unsettled.survived();
        judged
    }

    /// Suspends an attempt that is not ready, or gives the time at which it is cut off.
    fn poll_cut_off(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        let run = self.run();
        if let Some((now, moment)) = run.cut_off() {
            // The clock decides, and the timer only wakes: in a task that has used up its turn, tokio's
            // timers are never ready, and an operation can use up every turn.
            if now >= moment {
                return Poll::Ready(now);
            }
            run.timer().arm_at(moment);
            if run.timer().poll(cx).is_ready() {
                return Poll::Ready(moment);
            }
        }
        run.suspend();
        Poll::Pending
    }

    /// Waits for the backoff or the next turn, and begins the next attempt.
    #[inline(never)]
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<End<(), J::Last, E>> {
        if self.run().phase() == Phase::Waiting {
            ready!(self.run().timer().poll(cx));
        }
        Poll::Ready(self.next_attempt())
    }

    #[inline(always)] // the future of the attempt is then made where it is kept
    fn next_attempt(&mut self) -> End<(), J::Last, E> {
        match self.run().next_attempt() {
            Some(attempt) => {
                self.make(attempt);
                Ok(())
            }
            None => Err(self.run().too_late(J::last)),
        }
    }
}

#[cold]
fn over() -> ! {
    panic!("a call was polled after it had ended")
}
