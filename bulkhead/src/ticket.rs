//! One waiter's place in the queue, as a guard.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use crate::{
    gate::Gate,
    observer::{Acquired, Queued},
    queue::{Key, Wanted},
    rejected::{Reason, Rejected},
    state::Spot,
};

/// A place in the queue. Dropped before it is settled, it leaves the line at once and passes on
/// the permit that it may have been handed meanwhile.
#[derive(Debug)]
pub(crate) struct Ticket<'a> {
    gate: &'a Gate,
    key: Key,
    /// As it was when it got in line.
    timeout: Duration,
    wanted: Wanted,
    clock: fn() -> Instant,
    since: Instant,
    settled: bool,
}

impl<'a> Ticket<'a> {
    /// Guards the spot in line, and then tells the observers.
    pub(crate) fn new(gate: &'a Gate, spot: &Spot, clock: fn() -> Instant) -> Self {
        let Spot {
            key,
            position,
            timeout,
            wanted,
            ..
        } = *spot;
        let ticket = Self {
            gate,
            key,
            timeout,
            wanted,
            clock,
            since: clock(),
            settled: false,
        };
        gate.observers.notify_of_wait(|observer| {
            observer.queued(&Queued {
                name: Arc::clone(gate.name()),
                position,
                priority: wanted.priority,
            });
        });
        ticket
    }

    /// The longest time to stay in line.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// When it got in line.
    #[cfg(feature = "tokio")]
    pub(crate) fn since(&self) -> Instant {
        self.since
    }

    /// Reads the clock.
    pub(crate) fn waited(&self) -> Duration {
        (self.clock)().saturating_duration_since(self.since)
    }

    /// Ready with the time waited once a place was handed over, or with the refusal.
    pub(crate) fn poll(&mut self, context: &Context<'_>) -> Poll<Result<Duration, Rejected>> {
        self.gate
            .poll(self.key, context.waker())
            .map(|settled| self.settle(settled, self.waited()))
    }

    /// Gives up because the time is over, unless a place was handed over in the meantime: then
    /// the place is taken.
    pub(crate) fn time_out(&mut self) -> Result<Duration, Rejected> {
        let waited = self.waited();
        let settled = self.gate.time_out(self.key, waited);
        self.settle(settled, waited)
    }

    /// Observers cannot unwind out of here, so a place that was taken always reaches its permit.
    fn settle(
        &mut self,
        settled: Result<(), Reason>,
        waited: Duration,
    ) -> Result<Duration, Rejected> {
        self.settled = true;
        let (gate, places) = (self.gate, self.wanted.places);
        settled.map_err(|reason| gate.reject(reason, places, waited))?;
        gate.waits.record(waited);
        gate.observers.notify_of_late_call(|observer| {
            observer.acquired(&Acquired {
                name: Arc::clone(gate.name()),
                places: places as usize,
                waited: Some(waited),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock, config::Config, gate::Entered, histogram::HistogramSnapshot, holds::Since,
        observers::Observers, priority::Priority, rejected::Refusals,
    };

    /// A gate whose one place is taken, and somebody who waits for it.
    fn gate() -> (Gate, Spot) {
        let config = Config {
            max_concurrent: 1,
            max_waiting: 1,
            ..Config::default()
        };
        let refusals = Refusals::new("test".into(), None);
        let gate = Gate::new(refusals, config, Observers::default());
        gate.try_enter(1).unwrap();
        let spot = line_up(&gate);
        (gate, spot)
    }

    fn line_up(gate: &Gate) -> Spot {
        match gate.enter(Wanted::one(Priority::Normal), None).unwrap() {
            Entered::Waits(spot) => spot,
            Entered::In(_) => panic!("there is no place"),
        }
    }

    #[test]
    fn a_place_handed_over_between_the_last_poll_and_the_timeout_is_taken() {
        let (gate, spot) = gate();
        let mut ticket = Ticket::new(&gate, &spot, clock::real);
        gate.release(1, Since::UNKNOWN);
        assert!(ticket.time_out().is_ok());
        drop(ticket);
        let snapshot = gate.snapshot();
        assert_eq!((snapshot.busy, snapshot.totals.rejected_timeout), (1, 0));
    }

    #[test]
    fn the_waits_take_memory_only_once_a_place_was_got_by_waiting() {
        let (gate, spot) = gate();
        gate.try_enter(1).unwrap_err();
        drop(Ticket::new(&gate, &spot, clock::real));
        let spot = line_up(&gate);
        Ticket::new(&gate, &spot, clock::real)
            .time_out()
            .unwrap_err();
        assert_eq!(gate.snapshot().waits, HistogramSnapshot::default());
        assert!(!gate.waits.is_allocated());

        let spot = line_up(&gate);
        let mut ticket = Ticket::new(&gate, &spot, clock::real);
        gate.release(1, Since::UNKNOWN);
        ticket.time_out().unwrap();
        assert_eq!(gate.snapshot().waits.count, 1);
        assert!(gate.waits.is_allocated());
    }

    #[test]
    fn a_close_between_the_last_poll_and_the_timeout_is_told_as_a_close() {
        let (gate, spot) = gate();
        let mut ticket = Ticket::new(&gate, &spot, clock::real);
        gate.close();
        let rejected = ticket.time_out().unwrap_err();
        assert_eq!(rejected.reason(), Reason::Closed);
    }
}
