//! One waiter's place in the queue, as a guard.

use std::{
    task::{Context, Poll},
    time::{Duration, Instant},
};

use crate::{
    error::{Reason, Rejected},
    gate::Gate,
    observer::Acquired,
    queue::Key,
};

/// A place in the queue. Dropped before it is settled, it leaves the line at once and passes on
/// the permit that it may have been handed meanwhile.
#[derive(Debug)]
pub(crate) struct Ticket<'a> {
    gate: &'a Gate,
    key: Key,
    since: Instant,
    settled: bool,
}

impl<'a> Ticket<'a> {
    pub(crate) fn new(gate: &'a Gate, key: Key, since: Instant) -> Self {
        Self {
            gate,
            key,
            since,
            settled: false,
        }
    }

    pub(crate) fn waited(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since)
    }

    /// Ready with the time waited once a place was handed over, or with the refusal.
    pub(crate) fn poll(
        &mut self,
        context: &Context<'_>,
        now: Instant,
    ) -> Poll<Result<Duration, Rejected>> {
        let waited = self.waited(now);
        self.gate
            .poll(self.key, context.waker(), waited)
            .map(|settled| self.settle(settled, waited))
    }

    /// Gives up because the time is over, unless a place was handed over in the meantime: then
    /// the place is taken.
    pub(crate) fn time_out(&mut self, now: Instant) -> Result<Duration, Rejected> {
        let waited = self.waited(now);
        let settled = self.gate.finish(self.key, waited);
        self.settle(settled, waited)
    }

    /// Observers cannot unwind out of here, so a place that was taken always reaches its permit.
    fn settle(
        &mut self,
        settled: Result<(), Reason>,
        waited: Duration,
    ) -> Result<Duration, Rejected> {
        self.settled = true;
        settled.map_err(|reason| self.gate.reject(reason))?;
        self.gate.observers.notify(|observer| {
            observer.acquired_after_wait(&Acquired {
                name: self.gate.name.clone(),
                waited,
            });
        });
        Ok(waited)
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.gate.abandon(self.key);
        }
    }
}
