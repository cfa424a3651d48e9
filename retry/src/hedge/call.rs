//! The future of a call. Written by hand: the compiler can then keep a call that is ready at once in
//! registers, which it does not with an `async` block.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use super::attempt::HedgeAttempt;
use super::race::{InFlight, Race};
use super::schedule::Schedule;
use super::shared::Shared;
use super::snapshot::{Ticket, add_one};
use crate::clock;
use crate::verdict::Verdict;

pin_project! {
    #[must_use = "futures do nothing unless polled"]
    pub(super) struct Calling<'a, C, F, Fut>
    where
        Fut: Future,
    {
        shared: &'a Shared,
        classifier: C,
        operation: F,
        phase: Phase,
        // When the primary was first found not to be ready: nothing before that asks for the time.
        began: Option<Instant>,
        // Of a call that may come to hedge.
        race: Option<Pin<Box<Race<'a, Fut>>>>,
        // While it runs.
        #[pin]
        primary: Option<Fut>,
    }

    impl<C, F, Fut> PinnedDrop for Calling<'_, C, F, Fut>
    where
        Fut: Future,
    {
        fn drop(this: Pin<&mut Self>) {
            if this.phase == Phase::Begun {
                this.abandon();
            }
        }
    }
}

/// Where a call stands, which tells what it means when it is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Not polled yet, or for the first time now.
    Fresh,
    /// The primary was not accepted at its first poll; the call is counted.
    Begun,
    /// Ended and counted.
    Ended,
}

/// What the verdict on an attempt means for its call.
enum Judged {
    /// The call ends with this attempt, successfully.
    Won,
    /// Other attempts may still succeed; no hedge is sent for so long, if there is a hint.
    Failed(Option<Duration>),
    /// The call ends with this attempt, as a failure.
    Final,
}

impl From<Verdict> for Judged {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Accept => Self::Won,
            Verdict::Retry => Self::Failed(None),
            Verdict::RetryAfter(hint) => Self::Failed(Some(hint)),
            // Whatever refused this attempt is there to keep others away.
            Verdict::Rejected(_) => Self::Failed(Some(Duration::MAX)),
            Verdict::Stop => Self::Final,
        }
    }
}

/// How a call ends, unless it is dropped or unwinds.
enum Ending<'a> {
    PrimaryWon,
    HedgeWon(Ticket<'a>),
    Failed,
}

impl<'a, C, F, Fut: Future> Calling<'a, C, F, Fut> {
    pub(super) fn new(shared: &'a Shared, classifier: C, operation: F) -> Self {
        Self {
            shared,
            classifier,
            operation,
            phase: Phase::Fresh,
            began: None,
            race: None,
            primary: None,
        }
    }
}

impl<T, E, C, F, Fut> Future for Calling<'_, C, F, Fut>
where
    C: FnMut(&Result<T, E>) -> Verdict,
    F: FnMut(HedgeAttempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Output = Result<T, E>;

    // Always: a call that is ready at once then stays in registers.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.phase != Phase::Fresh {
            return self.resume(cx);
        }
        let mut watched = Watched::new(self);
        let mut this = watched.call().project();
        let future = (this.operation)(HedgeAttempt::PRIMARY);
        this.primary.set(Some(future));
        let Some(primary) = this.primary.as_pin_mut() else {
            over()
        };
        let poll = match primary.poll(cx) {
            Poll::Ready(result) => match (this.classifier)(&result) {
                Verdict::Accept => {
                    this.shared.win_at_once();
                    *this.phase = Phase::Ended;
                    Poll::Ready(result)
                }
                verdict => watched.call().fail_at_once(result, verdict, cx),
            },
            Poll::Pending => watched.call().suspend(cx),
        };
        watched.over = true;
        poll
    }
}

impl<'a, T, E, C, F, Fut> Calling<'a, C, F, Fut>
where
    C: FnMut(&Result<T, E>) -> Verdict,
    F: FnMut(HedgeAttempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    /// The primary was not ready at its first poll.
    #[inline(never)]
    fn suspend(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let now = self.as_mut().begin();
        let this = self.as_mut().project();
        if this.shared.delay().is_some() {
            *this.race = Some(Race::new(Schedule::new(this.shared, now)));
        }
        self.send_due(Some(now), cx)
    }

    /// The primary was ready at its first poll, and not accepted.
    #[inline(never)]
    fn fail_at_once(
        mut self: Pin<&mut Self>,
        result: Result<T, E>,
        verdict: Verdict,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, E>> {
        let mut now = None;
        if verdict != Verdict::Stop && self.shared.config.hedges_failures() {
            now = Some(self.as_mut().begin());
        } else {
            self.as_mut().count();
        }
        match self.as_mut().judge_primary(result, verdict, &mut now) {
            Some(end) => Poll::Ready(end),
            None => self.send_due(now, cx),
        }
    }

    /// A later poll.
    #[inline(never)]
    fn resume(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        if self.phase != Phase::Begun {
            over();
        }
        let mut watched = Watched::new(self);
        let poll = watched.call().poll_attempts(cx);
        watched.over = true;
        poll
    }

    /// Polls all that is in flight, the primary first.
    fn poll_attempts(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let mut now = None;
        let this = self.as_mut().project();
        if let Some(Poll::Ready(result)) = this.primary.as_pin_mut().map(|it| it.poll(cx)) {
            let verdict = (this.classifier)(&result);
            if let Some(end) = self.as_mut().judge_primary(result, verdict, &mut now) {
                return Poll::Ready(end);
            }
        }
        let mut nth = 0;
        while let Some(race) = self.as_mut().project().race {
            let Some((result, ticket)) = race.as_mut().poll_from(&mut nth, cx) else {
                break;
            };
            if let Some(end) = self.as_mut().judge_hedge(result, ticket, &mut now) {
                return Poll::Ready(end);
            }
        }
        self.send_due(now, cx)
    }

    /// Sends every hedge that is due, or ends the call if all its attempts have failed: time alone
    /// sends no hedge then, not even in the same moment.
    fn send_due(
        mut self: Pin<&mut Self>,
        mut now: Option<Instant>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, E>> {
        loop {
            let this = self.as_mut().project();
            let Some(race) = this.race else {
                return Poll::Pending;
            };
            if this.primary.is_none() {
                if let Some(failure) = race.as_mut().all_failed() {
                    return Poll::Ready(self.end(failure, Ending::Failed, &mut now));
                }
            }
            let Some(time) = race.as_mut().due(&mut now, cx) else {
                return Poll::Pending;
            };
            let schedule = race.as_mut().schedule();
            let number = schedule.next_number();
            let Some(ticket) = this.shared.permit(number, schedule.began(), time) else {
                schedule.close();
                continue;
            };
            schedule.sent();
            let hedge = (this.operation)(HedgeAttempt::new(number));
            match InFlight::new(hedge, ticket).start(cx) {
                Err(hedge) => race.as_mut().push(hedge),
                Ok((result, ticket)) => {
                    if let Some(end) = self.as_mut().judge_hedge(result, ticket, &mut now) {
                        return Poll::Ready(end);
                    }
                }
            }
        }
    }

    /// The end of the call, or `None` if the primary has failed and the call goes on.
    fn judge_primary(
        mut self: Pin<&mut Self>,
        result: Result<T, E>,
        verdict: Verdict,
        now: &mut Option<Instant>,
    ) -> Option<Result<T, E>> {
        self.as_mut().project().primary.set(None);
        if let Some(latency) = &self.shared.latency {
            let elapsed = self.elapsed(now);
            if verdict == Verdict::Accept {
                latency.record(elapsed);
            } else {
                latency.record_if_slow(elapsed);
            }
        }
        let in_flight = self.race.as_ref().is_some_and(|race| race.is_in_flight());
        let goes_on = in_flight || self.shared.config.hedges_failures();
        let hint = match Judged::from(verdict) {
            Judged::Won => return Some(self.end(result, Ending::PrimaryWon, now)),
            Judged::Failed(hint) if goes_on => hint,
            Judged::Failed(_) | Judged::Final => {
                return Some(self.end(result, Ending::Failed, now));
            }
        };
        let this = self.as_mut().project();
        let time = *now.get_or_insert_with(clock::now);
        let began = this.began.unwrap_or(time);
        let race = (this.race).get_or_insert_with(|| Race::new(Schedule::new(this.shared, began)));
        race.as_mut().keep_primary_failure(result);
        race.as_mut().schedule().failed(hint, time);
        None
    }

    /// The end of the call, or `None` if the hedge has failed and the call goes on.
    fn judge_hedge(
        mut self: Pin<&mut Self>,
        result: Result<T, E>,
        ticket: Ticket<'a>,
        now: &mut Option<Instant>,
    ) -> Option<Result<T, E>> {
        let this = self.as_mut().project();
        let hint = match Judged::from((this.classifier)(&result)) {
            Judged::Won => return Some(self.end(result, Ending::HedgeWon(ticket), now)),
            Judged::Failed(hint) => hint,
            Judged::Final => return Some(self.end(result, Ending::Failed, now)),
        };
        if let Some(race) = this.race {
            let time = *now.get_or_insert_with(clock::now);
            race.as_mut().schedule().failed(hint, time);
        }
        None
    }

    /// Ends the call: what is still in flight is dropped first.
    fn end(
        mut self: Pin<&mut Self>,
        result: Result<T, E>,
        ending: Ending<'_>,
        now: &mut Option<Instant>,
    ) -> Result<T, E> {
        self.as_mut().supersede(now);
        let mut this = self.project();
        this.primary.set(None);
        drop(this.race.take());
        let counters = &this.shared.counters;
        match ending {
            Ending::PrimaryWon => add_one(&counters.primary_won),
            Ending::HedgeWon(ticket) => {
                ticket.win();
                add_one(&counters.hedge_won);
            }
            Ending::Failed => add_one(&counters.failed),
        }
        *this.phase = Phase::Ended;
        result
    }
}

impl<C, F, Fut: Future> Calling<'_, C, F, Fut> {
    /// Counts the call and notes the time.
    fn begin(mut self: Pin<&mut Self>) -> Instant {
        self.as_mut().count();
        let now = clock::now();
        let this = self.project();
        *this.began = Some(now);
        this.shared.record_call(now);
        now
    }

    fn count(self: Pin<&mut Self>) {
        let this = self.project();
        *this.phase = Phase::Begun;
        add_one(&this.shared.counters.others);
    }

    /// How long the call has gone on.
    fn elapsed(&self, now: &mut Option<Instant>) -> Duration {
        self.began.map_or(Duration::ZERO, |began| {
            let now = *now.get_or_insert_with(clock::now);
            now.saturating_duration_since(began)
        })
    }

    /// The primary's latency is not going to be known: notes how long it is at least. Without that only
    /// fast primaries would be known of, the percentile would fall, more of them would be superseded,
    /// and so on.
    fn supersede(self: Pin<&mut Self>, now: &mut Option<Instant>) {
        if let (Some(latency), true) = (&self.shared.latency, self.primary.is_some()) {
            latency.record_if_slow(self.elapsed(now));
        }
    }

    #[cold]
    fn abandon(mut self: Pin<&mut Self>) {
        add_one(&self.shared.counters.abandoned);
        self.as_mut().supersede(&mut None);
    }

    /// User code is unwinding: everything in flight is dropped, as it would be in an `async` block.
    #[cold]
    fn unwind(mut self: Pin<&mut Self>) {
        if self.phase == Phase::Fresh {
            self.as_mut().count();
        }
        let mut this = self.project();
        *this.phase = Phase::Ended;
        add_one(&this.shared.counters.panicked);
        this.primary.set(None);
        drop(this.race.take());
    }
}

impl Shared {
    /// The primary was accepted at its first poll.
    #[inline]
    fn win_at_once(&self) {
        add_one(&self.counters.won_at_once);
        if let Some(latency) = &self.latency {
            latency.record(Duration::ZERO);
        }
    }
}

/// Holds the call while user code runs. Dropped before it is over, that code is unwinding.
struct Watched<'p, 'a, C, F, Fut: Future> {
    call: Pin<&'p mut Calling<'a, C, F, Fut>>,
    over: bool,
}

impl<'p, 'a, C, F, Fut: Future> Watched<'p, 'a, C, F, Fut> {
    #[inline]
    fn new(call: Pin<&'p mut Calling<'a, C, F, Fut>>) -> Self {
        Self { call, over: false }
    }

    #[inline]
    fn call(&mut self) -> Pin<&mut Calling<'a, C, F, Fut>> {
        self.call.as_mut()
    }
}

impl<C, F, Fut: Future> Drop for Watched<'_, '_, C, F, Fut> {
    #[inline]
    fn drop(&mut self) {
        if !self.over {
            self.call.as_mut().unwind();
        }
    }
}

#[cold]
fn over() -> ! {
    panic!("a hedged call was polled after it had ended")
}
