//! The state machine: no clock, no lock, no user code. Time comes in as `now`, transitions go out
//! as [`Step`]s that the caller reports once its lock is released.

use std::time::{Duration, Instant};

use crate::builder::{AbandonedAs, Settings};
use crate::rejected::Reason;
use crate::snapshot::Totals;
use crate::state::{Cause, Outcome, State};

/// An admitted call: what its result is matched against when it comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) generation: u64,
    pub(crate) probe: bool,
}

/// How an admitted call came back, including the ways that are no [`Outcome`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Told(Outcome),
    Abandoned,
    Panicked,
}

/// One transition, before it is dressed up with the breaker's name for the observers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) from: State,
    pub(crate) to: State,
    pub(crate) cause: Cause,
    pub(crate) generation: u64,
}

/// A look at the door can move the state twice: half-open expires, and its open time is over too.
pub(crate) type Steps = [Option<Step>; 2];

/// Why a call was not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    pub(crate) retry_after: Option<Duration>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Closed,
    Open,
    HalfOpen {
        /// Probes of this generation that have not come back.
        in_flight: u32,
        successes: u32,
        /// When the newest probe was admitted: the moment the half-open limit counts from.
        admitted: Instant,
    },
}

#[derive(Debug)]
pub(crate) struct Machine {
    phase: Phase,
    generation: u64,
    /// When the present phase began; for an expired half-open, when it expired.
    entered: Instant,
    cause: Option<Cause>,
    consecutive_failures: u32,
    last_failure: Instant,
    in_flight: u64,
    totals: Totals,
}

impl Machine {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            phase: Phase::Closed,
            generation: 0,
            entered: now,
            cause: None,
            consecutive_failures: 0,
            last_failure: now,
            in_flight: 0,
            totals: Totals::default(),
        }
    }

    /// Admits a call if the breaker is closed. This path needs no clock.
    pub(crate) fn admit_closed(&mut self) -> Option<Ticket> {
        matches!(self.phase, Phase::Closed).then(|| self.issue(false))
    }

    /// Admits or refuses a call in any state.
    pub(crate) fn admit(
        &mut self,
        settings: &Settings,
        now: Instant,
    ) -> (Result<Ticket, Refusal>, Steps) {
        let steps = self.advance(settings, now);
        let answer = match &mut self.phase {
            Phase::Closed => Ok(self.issue(false)),
            Phase::Open => Err(Refusal {
                reason: Reason::Open {
                    cause: self.cause.unwrap_or(Cause::ProbeFailed),
                },
                retry_after: self.retry_after(settings, now),
            }),
            Phase::HalfOpen {
                in_flight,
                admitted,
                ..
            } => {
                if *in_flight < settings.max_probes {
                    *in_flight += 1;
                    *admitted = now;
                    Ok(self.issue(true))
                } else {
                    Err(Refusal {
                        reason: Reason::ProbesBusy,
                        retry_after: None,
                    })
                }
            }
        };
        if answer.is_err() {
            self.totals.rejected += 1;
        }
        (answer, steps)
    }

    /// Takes back an admitted call. `now` may be left out where [`needs_clock`] says so.
    pub(crate) fn settle(
        &mut self,
        settings: &Settings,
        ticket: Ticket,
        ending: Ending,
        now: Option<Instant>,
    ) -> Option<Step> {
        self.in_flight -= 1;
        self.count(ending);
        if ticket.generation != self.generation {
            self.totals.stale += 1;
            return None;
        }
        let outcome = ending.outcome(settings.abandoned_as);
        match &mut self.phase {
            Phase::Closed => match outcome {
                Outcome::Success => {
                    self.consecutive_failures = 0;
                    None
                }
                Outcome::Failure => self.fail_closed(settings, now.unwrap_or(self.last_failure)),
                Outcome::Ignored => None,
            },
            // A ticket of the present generation cannot have been issued while open.
            Phase::Open => None,
            Phase::HalfOpen {
                in_flight,
                successes,
                admitted,
            } => {
                *in_flight -= 1;
                let at = now.unwrap_or(*admitted);
                match outcome {
                    Outcome::Success => {
                        *successes += 1;
                        (*successes >= settings.success_threshold)
                            .then(|| self.go(Phase::Closed, Cause::ProbesSucceeded, at))
                    }
                    Outcome::Failure => Some(self.go(Phase::Open, Cause::ProbeFailed, at)),
                    Outcome::Ignored => None,
                }
            }
        }
    }

    pub(crate) fn state(&self) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// How long until the next call can be admitted as a probe, if the breaker is open.
    pub(crate) fn retry_after(&self, settings: &Settings, now: Instant) -> Option<Duration> {
        matches!(self.phase, Phase::Open).then(|| {
            settings
                .open_for
                .saturating_sub(now.saturating_duration_since(self.entered))
        })
    }

    pub(crate) fn entered(&self) -> Instant {
        self.entered
    }

    pub(crate) fn cause(&self) -> Option<Cause> {
        self.cause
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// The failures in a row that still count at `now`.
    pub(crate) fn consecutive_failures(&self, settings: &Settings, now: Instant) -> u32 {
        if self.forgotten(settings, now) {
            0
        } else {
            self.consecutive_failures
        }
    }

    pub(crate) fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Makes the transitions that only the passing of time brings about.
    fn advance(&mut self, settings: &Settings, now: Instant) -> Steps {
        let expired = self.expire_probes(settings, now);
        let elapsed = (matches!(self.phase, Phase::Open)
            && now.saturating_duration_since(self.entered) >= settings.open_for)
            .then(|| {
                let phase = Phase::HalfOpen {
                    in_flight: 0,
                    successes: 0,
                    admitted: now,
                };
                self.go(phase, Cause::OpenElapsed, now)
            });
        [expired, elapsed]
    }

    /// Half-open with every probe out for too long: open again, dated back to the moment the limit
    /// passed, so that an unvisited breaker does not wait for the open time on top of the silence.
    fn expire_probes(&mut self, settings: &Settings, now: Instant) -> Option<Step> {
        let Phase::HalfOpen {
            in_flight,
            admitted,
            ..
        } = self.phase
        else {
            return None;
        };
        let overdue = in_flight >= settings.max_probes
            && now.saturating_duration_since(admitted) >= settings.half_open_max;
        overdue.then(|| {
            // The sum is at or before `now`, so it exists.
            let expired_at = admitted.checked_add(settings.half_open_max).unwrap_or(now);
            self.go(Phase::Open, Cause::ProbesExpired, expired_at)
        })
    }

    fn fail_closed(&mut self, settings: &Settings, now: Instant) -> Option<Step> {
        if self.forgotten(settings, now) {
            self.consecutive_failures = 0;
        }
        self.consecutive_failures += 1;
        self.last_failure = self.last_failure.max(now);
        let failures = self.consecutive_failures;
        (failures >= settings.failure_threshold)
            .then(|| self.go(Phase::Open, Cause::ConsecutiveFailures { failures }, now))
    }

    fn forgotten(&self, settings: &Settings, now: Instant) -> bool {
        now.saturating_duration_since(self.last_failure) >= settings.reset_timeout
    }

    fn go(&mut self, phase: Phase, cause: Cause, now: Instant) -> Step {
        let from = self.state();
        self.phase = phase;
        self.generation += 1;
        self.entered = now;
        self.cause = Some(cause);
        let to = self.state();
        match to {
            State::Closed => {
                self.totals.closed += 1;
                self.consecutive_failures = 0;
            }
            State::Open => self.totals.opened += 1,
            State::HalfOpen => self.totals.half_opened += 1,
        }
        Step {
            from,
            to,
            cause,
            generation: self.generation,
        }
    }

    fn issue(&mut self, probe: bool) -> Ticket {
        self.in_flight += 1;
        Ticket {
            generation: self.generation,
            probe,
        }
    }

    fn count(&mut self, ending: Ending) {
        let totals = &mut self.totals;
        match ending {
            Ending::Told(Outcome::Success) => totals.success += 1,
            Ending::Told(Outcome::Failure) => totals.failure += 1,
            Ending::Told(Outcome::Ignored) => totals.ignored += 1,
            Ending::Abandoned => totals.abandoned += 1,
            Ending::Panicked => {
                totals.failure += 1;
                totals.panicked += 1;
            }
        }
    }
}

impl Ending {
    fn outcome(self, abandoned_as: AbandonedAs) -> Outcome {
        match (self, abandoned_as) {
            (Self::Told(outcome), _) => outcome,
            (Self::Abandoned, AbandonedAs::Ignored) => Outcome::Ignored,
            (Self::Abandoned, AbandonedAs::Failure) | (Self::Panicked, _) => Outcome::Failure,
        }
    }
}

/// Whether settling this call reads the time: only a failure or a probe can move the state.
pub(crate) fn needs_clock(ticket: Ticket, ending: Ending) -> bool {
    ticket.probe
        || !matches!(
            ending,
            Ending::Told(Outcome::Success) | Ending::Told(Outcome::Ignored)
        )
}
