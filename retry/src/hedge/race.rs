//! The part of a call that only those have which may come to hedge: hedges in flight and the timer.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Instant;

use pin_project_lite::pin_project;
use tokio::task::coop;
use tokio::time::{Sleep, sleep_until};

use super::schedule::{Due, Schedule};
use super::snapshot::Ticket;
use crate::clock;

pin_project! {
    /// On the heap, so that a call which is ready at once has no place to keep for it.
    pub(super) struct Race<'a, Fut>
    where
        Fut: Future,
    {
        schedule: Schedule,
        hedges: Vec<InFlight<'a, Fut>>,
        primary_failure: Option<Fut::Output>,
        // What the timer is set for.
        alarm: Option<Instant>,
        #[pin]
        timer: Option<Sleep>,
    }
}

/// A hedge that was sent.
pub(super) struct InFlight<'a, Fut> {
    future: Pin<Box<Fut>>,
    ticket: Ticket<'a>,
}

impl<'a, Fut: Future> InFlight<'a, Fut> {
    pub(super) fn new(future: Fut, ticket: Ticket<'a>) -> Self {
        Self {
            future: Box::pin(future),
            ticket,
        }
    }
}

impl<'a, Fut: Future> Race<'a, Fut> {
    pub(super) fn new(schedule: Schedule) -> Pin<Box<Self>> {
        Box::pin(Self {
            schedule,
            hedges: Vec::new(),
            primary_failure: None,
            alarm: None,
            timer: None,
        })
    }

    pub(super) fn schedule(self: Pin<&mut Self>) -> &mut Schedule {
        self.project().schedule
    }

    pub(super) fn keep_primary_failure(self: Pin<&mut Self>, failure: Fut::Output) {
        *self.project().primary_failure = Some(failure);
    }

    /// What the call ends with once all its attempts have failed; `None` while one is running, or will.
    pub(super) fn all_failed(self: Pin<&mut Self>) -> Option<Fut::Output> {
        let this = self.project();
        if this.hedges.is_empty() && !this.schedule.goes_on() {
            this.primary_failure.take()
        } else {
            None
        }
    }

    pub(super) fn is_in_flight(&self) -> bool {
        !self.hedges.is_empty()
    }

    pub(super) fn push(self: Pin<&mut Self>, hedge: InFlight<'a, Fut>) {
        self.project().hedges.push(hedge);
    }

    /// Polls the hedges from the `nth` on, in the order they were sent, up to one that is ready. It is
    /// taken out.
    pub(super) fn poll_from(
        self: Pin<&mut Self>,
        nth: &mut usize,
        cx: &mut Context<'_>,
    ) -> Option<(Fut::Output, Ticket<'a>)> {
        let hedges = self.project().hedges;
        while let Some(hedge) = hedges.get_mut(*nth) {
            if let Poll::Ready(result) = hedge.future.as_mut().poll(cx) {
                return Some((result, hedges.remove(*nth).ticket));
            }
            *nth += 1;
        }
        None
    }

    /// The time, if the next hedge is due. Else the timer wakes the call when it will be.
    ///
    /// `now` is the time as far as this poll of the call has asked for it. The timer is polled outside of
    /// tokio's cooperative budget: attempts that use it up in every poll could keep it from ever going
    /// off.
    pub(super) fn due(
        self: Pin<&mut Self>,
        now: &mut Option<Instant>,
        cx: &mut Context<'_>,
    ) -> Option<Instant> {
        let mut this = self.project();
        let at = match this.schedule.due() {
            Due::Now => return Some(*now.get_or_insert_with(clock::now)),
            Due::At(at) => at,
            Due::Never => {
                *this.alarm = None;
                this.timer.set(None);
                return None;
            }
        };
        if now.is_some_and(|now| at <= now) {
            return *now;
        }
        match this.timer.as_mut().as_pin_mut() {
            None => this.timer.set(Some(sleep_until(at.into()))),
            Some(_) if *this.alarm == Some(at) => {}
            Some(timer) => timer.reset(at.into()),
        }
        *this.alarm = Some(at);
        let timer = this.timer.as_pin_mut()?;
        match pin!(coop::unconstrained(timer)).poll(cx) {
            Poll::Ready(()) => Some(*now.insert(clock::now())),
            Poll::Pending => None,
        }
    }
}

impl<'a, Fut: Future> InFlight<'a, Fut> {
    /// The first poll of a hedge: its result, or the hedge in flight.
    pub(super) fn start(mut self, cx: &mut Context<'_>) -> Result<(Fut::Output, Ticket<'a>), Self> {
        match self.future.as_mut().poll(cx) {
            Poll::Ready(result) => Ok((result, self.ticket)),
            Poll::Pending => Err(self),
        }
    }
}
