//! The state machine: no clock, no lock, no user code. Time comes in as `now`, transitions go out
//! as [`Step`]s that the caller reports once its lock is released. What callers may know without the
//! lock it writes to the [`Door`].

mod closed;
mod control;
mod half_open;
mod rare;
mod reading;
mod transitions;

use std::sync::Arc;

use crate::cause_code::CauseCode;
use crate::clock::{Clock, Now, Time};
use crate::door::{Door, Word};
use crate::in_flight::Place;
use crate::mode::Mode;
use crate::rejected::Why;
use crate::settings::Settings;
use crate::state::{Cause, Outcome, State};
use crate::window::Window;

pub(crate) use control::ModeStep;
use half_open::Probes;
pub(crate) use rare::Observers;
use rare::Rare;
pub(crate) use reading::with_observer;

/// An admitted call: what its result is matched against when it comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) word: Word,
    pub(crate) place: Place,
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

/// What became of a call that asked.
#[derive(Debug)]
pub(crate) enum Answer {
    Pass(Ticket),
    /// Let through in shadow mode.
    PassAnyway(Ticket, Refusal),
    Refuse(Refusal),
}

/// Why a call was not admitted, and in how many nanoseconds to try again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) why: Why,
    pub(crate) retry_after: Option<u64>,
}

#[derive(Debug)]
enum Phase {
    Closed {
        /// Failures in a row, as long as there is such a rule.
        run: u32,
        last_failure: Time,
    },
    /// Until the time on the door.
    Open,
    HalfOpen(Probes),
}

#[derive(Debug)]
pub(crate) struct Machine {
    settings: Arc<Settings>,
    phase: Phase,
    /// When the present phase began; for an expired half-open, when it expired.
    entered: Time,
    window: Window,
    counts: Counts,
    /// What most breakers never need.
    rare: Option<Box<Rare>>,
}

/// What is counted under the lock; successes are not. 32 bits for what is rare and keeps the breaker
/// small: they come round after four billion openings, panics or late results.
#[derive(Debug, Default)]
struct Counts {
    failure: u64,
    ignored: u64,
    abandoned: u64,
    panicked: u32,
    stale: u32,
    opened: u32,
    closed: u32,
}

impl Machine {
    /// A closed breaker, and its door.
    pub(crate) fn new(settings: Arc<Settings>, clock: Clock) -> (Self, Door) {
        let now = clock.now();
        let mut machine = Self {
            window: Window::new(&settings, now),
            settings,
            phase: Phase::Closed {
                run: 0,
                last_failure: now,
            },
            entered: now,
            counts: Counts::default(),
            rare: None,
        };
        machine.prepare();
        let word = Word::new(machine.flags(), State::Closed, CauseCode::NONE, 0);
        (machine, Door::new(word.with_clock(clock)))
    }

    /// Admits or refuses a call.
    pub(crate) fn admit(&mut self, door: &Door, now: Time) -> (Answer, Steps) {
        let mut steps = self.advance(door, now);
        if let Phase::Closed { .. } = self.phase {
            steps[0] = self.open_if_overdue(door, now);
        }
        let refusal = match &mut self.phase {
            Phase::Closed { .. } => self.refuse_ramping(door, now),
            Phase::Open => Some(self.refuse_open(door, now)),
            Phase::HalfOpen(probes) => {
                let admitted = probes.admit(&self.settings, now);
                (!admitted).then_some(Refusal {
                    why: Why::ProbesBusy,
                    retry_after: None,
                })
            }
        };
        let answer = match refusal {
            None => Answer::Pass(self.issue(door.word(), now)),
            Some(refusal) if self.mode() == Mode::Shadow => {
                self.rare().would_reject += 1;
                let ticket = self.issue(door.word().with(Word::BYSTANDER), now);
                Answer::PassAnyway(ticket, refusal)
            }
            Some(refusal) => Answer::Refuse(refusal),
        };
        (answer, steps)
    }

    /// Takes back an admitted call.
    pub(crate) fn settle(
        &mut self,
        door: &Door,
        ticket: Ticket,
        ending: Ending,
        now: &mut Now,
    ) -> Option<Step> {
        let word = door.word();
        let slow = self.take_place(ticket.place, word, now);
        if ticket.word.is(Word::UNCOUNTED) {
            return None;
        }
        self.count_all_but_success(ending, slow);
        if ticket.word.is(Word::BYSTANDER) {
            return None;
        }
        if ticket.word.generation() != word.generation() {
            self.counts.stale = self.counts.stale.wrapping_add(1);
            return None;
        }
        let outcome = self.outcome(ending);
        match &mut self.phase {
            Phase::Closed { .. } => self.record(door, outcome, slow, now),
            // A ticket of the present generation is a bystander's while open.
            Phase::Open => None,
            Phase::HalfOpen(_) => self.take_probe(door, outcome, slow, now),
        }
    }

    /// Records a call that the breaker was not asked for.
    pub(crate) fn observe(
        &mut self,
        door: &Door,
        outcome: Outcome,
        took: u64,
        now: &mut Now,
    ) -> Option<Step> {
        let slow = self.is_slow(took);
        self.count_all_but_success(Ending::Told(outcome), slow);
        match self.phase {
            Phase::Closed { .. } => self.record(door, outcome, slow, now),
            Phase::Open | Phase::HalfOpen(_) => None,
        }
    }

    fn refuse_open(&self, door: &Door, now: Time) -> Refusal {
        if self.mode() == Mode::ForcedOpen {
            return self.refuse_forced(now);
        }
        Refusal {
            why: Why::Open(door.cause(door.word())),
            retry_after: Some(door.until().since(now)),
        }
    }

    fn issue(&mut self, word: Word, now: Time) -> Ticket {
        let tracked = self.settings.slow_call_duration > 0 && self.mode() != Mode::Disabled;
        let place = if tracked {
            self.rare()
                .in_flight
                .begin(now, generation_to_be_overdue_in(word))
        } else {
            Place::NOWHERE
        };
        Ticket { word, place }
    }

    fn take_place(&mut self, place: Place, word: Word, now: &mut Now) -> bool {
        if place == Place::NOWHERE {
            return false;
        }
        let took = self
            .rare()
            .in_flight
            .end(place, now.get(), word.generation());
        self.is_slow(took)
    }

    fn is_slow(&self, took: u64) -> bool {
        let slow = self.settings.slow_call_duration;
        slow > 0 && took >= slow
    }

    fn outcome(&self, ending: Ending) -> Outcome {
        match ending {
            Ending::Told(outcome) => outcome,
            Ending::Panicked => Outcome::Failure,
            Ending::Abandoned if self.settings.abandoned_fail => Outcome::Failure,
            Ending::Abandoned => Outcome::Ignored,
        }
    }

    /// Successes the caller has counted, without the lock.
    fn count_all_but_success(&mut self, ending: Ending, slow: bool) {
        let counts = &mut self.counts;
        match ending {
            Ending::Told(Outcome::Success) => {}
            Ending::Told(Outcome::Failure) => counts.failure += 1,
            Ending::Told(Outcome::Ignored) => counts.ignored += 1,
            Ending::Abandoned => counts.abandoned += 1,
            Ending::Panicked => {
                counts.failure += 1;
                counts.panicked = counts.panicked.wrapping_add(1);
            }
        }
        if slow {
            self.rare().slow += 1;
        }
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Makes room for what these settings need, so that no call has to.
    fn prepare(&mut self) {
        let settings = &self.settings;
        if settings.slow_call_duration > 0 || settings.ramp_up > 0 || settings.open_time_varies() {
            self.rare();
        }
    }
}

/// The generation in which a call can become overdue: a bystander never does.
fn generation_to_be_overdue_in(word: Word) -> u64 {
    if word.is(Word::BYSTANDER) {
        u64::MAX
    } else {
        word.generation()
    }
}
