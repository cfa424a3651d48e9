//! What becomes of calls that are not over at their first poll. Out of line, so that the others stay
//! small.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::{Calling, Phase, Watched, over};
use crate::clock;
use crate::hedge::attempt::HedgeAttempt;
use crate::hedge::race::{InFlight, Race};
use crate::hedge::schedule::Schedule;
use crate::hedge::snapshot::{Ticket, add_one};
use crate::verdict::Verdict;

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
            // Whatever refused this attempt is there to keep others away; and without time left there is
            // none for others.
            Verdict::Rejected(_) | Verdict::Expired => Self::Failed(Some(Duration::MAX)),
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

impl<'a, T, E, C, F, Fut> Calling<'a, C, F, Fut>
where
    C: FnMut(&Result<T, E>) -> Verdict,
    F: FnMut(HedgeAttempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    /// The primary was not ready at its first poll.
    #[inline(never)]
    pub(super) fn suspend(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let now = self.as_mut().begin();
        let this = self.as_mut().project();
        if this.shared.delay().is_some() {
            *this.race = Some(Race::new(Schedule::new(this.shared, now)));
        }
        self.send_due(Some(now), cx)
    }

    /// The primary was ready at its first poll, and not accepted.
    #[inline(never)]
    pub(super) fn fail_at_once(
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
    pub(super) fn resume(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
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
