//! What can be seen from outside, in the shape of a snapshot.

use std::time::Duration;

use steadfast_breaker::{Cause, Mode, Outcome, Snapshot, State, Totals};

use super::rules::has_window;
use super::{Ending, Kind, Model};

/// Everything a snapshot shows but the name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) state: State,
    pub(crate) in_state_for: Duration,
    pub(crate) mode: Mode,
    pub(crate) mode_reason: Option<String>,
    pub(crate) mode_expires_in: Option<Duration>,
    pub(crate) cause: Option<Cause>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) generation: u64,
    pub(crate) consecutive_failures: u32,
    pub(crate) in_flight: u64,
    pub(crate) window: Option<SeenWindow>,
    pub(crate) totals: Totals,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SeenWindow {
    pub(crate) calls: u64,
    pub(crate) failures: u64,
    pub(crate) slow: u64,
    pub(crate) slow_in_flight: u64,
    pub(crate) failure_rate: Option<f64>,
    pub(crate) slow_call_rate: Option<f64>,
}

/// A change of mode as an observer hears of it: from, to, why, and for how long.
pub(crate) type HeardMode = (Mode, Mode, Option<String>, Option<Duration>);

/// A transition as an observer hears of it: from, to, why, and the generation it began.
pub(crate) type Heard = (State, State, Cause, u64);

impl From<Snapshot> for Seen {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            state: snapshot.state,
            in_state_for: snapshot.in_state_for,
            mode: snapshot.mode,
            mode_reason: snapshot.mode_reason.as_deref().map(str::to_owned),
            mode_expires_in: snapshot.mode_expires_in,
            cause: snapshot.cause,
            retry_after: snapshot.retry_after,
            generation: snapshot.generation,
            consecutive_failures: snapshot.consecutive_failures,
            in_flight: snapshot.in_flight,
            window: snapshot.window.map(|window| SeenWindow {
                calls: window.calls,
                failures: window.failures,
                slow: window.slow,
                slow_in_flight: window.slow_in_flight,
                failure_rate: window.failure_rate,
                slow_call_rate: window.slow_call_rate,
            }),
            totals: snapshot.totals,
        }
    }
}

impl Model {
    /// What a snapshot shows; like one, it notices that a mode has expired.
    pub(crate) fn look(&mut self) -> Seen {
        self.notice_expiry();
        let in_flight = |call: &&super::Call| call.end.is_none() && call.kind != Kind::Uncounted;
        Seen {
            state: self.state(),
            in_state_for: Duration::from_nanos(self.now - self.phase().began),
            mode: self.mode,
            mode_reason: self.reason.as_deref().map(str::to_owned),
            mode_expires_in: self.mode_expires_in(),
            cause: self.phase().cause,
            retry_after: self.retry_after(),
            generation: self.generation() as u64,
            consecutive_failures: if self.state() == State::Closed {
                self.run()
            } else {
                0
            },
            in_flight: self.calls.iter().filter(in_flight).count() as u64,
            window: has_window(&self.config).then(|| self.look_into_window()),
            totals: self.totals(),
        }
    }

    fn look_into_window(&self) -> SeenWindow {
        let tally = self.tally();
        SeenWindow {
            calls: tally.calls,
            failures: tally.failures,
            slow: tally.slow,
            slow_in_flight: tally.overdue,
            failure_rate: self.failure_rate(),
            slow_call_rate: self.slow_call_rate(),
        }
    }

    /// The transitions so far, as an observer heard of them.
    pub(crate) fn transitions(&self) -> Vec<Heard> {
        let steps = self.phases.windows(2).zip(1..);
        steps
            .filter(|(step, _)| step[0].state != step[1].state)
            .map(|(step, nth)| (step[0].state, step[1].state, step[1].cause.unwrap(), nth))
            .collect()
    }

    pub(crate) fn would_reject(&self) -> u64 {
        self.would_reject.len() as u64
    }

    fn totals(&self) -> Totals {
        let counted = self
            .calls
            .iter()
            .filter(|call| call.kind != Kind::Uncounted);
        let ends: Vec<_> = counted.filter_map(|call| call.end.as_ref()).collect();
        let ended = |how: Ending| ends.iter().filter(|end| end.ending == how).count();
        let told = |what: Outcome| {
            let seen = self.observed.iter().filter(|(outcome, _)| *outcome == what);
            (ended(Ending::Told(what)) + seen.count()) as u64
        };
        let panicked = ended(Ending::Panicked) as u64;
        let slow_calls = ends.iter().filter(|end| end.slow).count();
        let slow_seen = self.observed.iter().filter(|(_, slow)| *slow).count();
        let transitions = self.transitions();
        let to = |state: State| transitions.iter().filter(|step| step.1 == state).count() as u64;
        let mut totals = Totals::default();
        totals.success = told(Outcome::Success);
        totals.failure = told(Outcome::Failure) + panicked;
        totals.ignored = told(Outcome::Ignored);
        totals.abandoned = ended(Ending::Dropped) as u64;
        totals.panicked = panicked;
        totals.slow = (slow_calls + slow_seen) as u64;
        totals.rejected = self.rejected.len() as u64;
        totals.would_reject = self.would_reject.len() as u64;
        totals.stale = ends.iter().filter(|end| end.stale).count() as u64;
        totals.opened = to(State::Open);
        totals.half_opened = to(State::HalfOpen);
        totals.closed = to(State::Closed);
        totals
    }
}
