//! What all handles of a breaker share: the machine behind its lock, the door before it, and what reports
//! the machine's steps.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{self, Clock, Now};
use crate::counters::Counters;
use crate::door::{Door, Word};
use crate::in_flight::Place;
use crate::last_errors::LastErrors;
use crate::machine::{Answer, Ending, Machine, ModeStep, Refusal, Step, Ticket};
use crate::mode::ModeChange;
use crate::observer::{Observer, Transition};
use crate::rejected::Rejected;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::state::Outcome;
use crate::sync::{Mutex, MutexGuard};
use crate::unwind::caught;

/// In this order: the door, which every call reads and few write, keeps clear of the counters, which every
/// call writes; on the cache line of the one, threads would wait for the other.
#[repr(C)]
pub(crate) struct Shared {
    pub(crate) door: Door,
    pub(crate) name: Arc<str>,
    pub(crate) machine: Mutex<Machine>,
    pub(crate) counters: Counters,
    pub(crate) last_errors: LastErrors,
}

impl Shared {
    pub(crate) fn new(name: Arc<str>, settings: Arc<Settings>, clock: Clock) -> Self {
        let counters = Counters::new(!settings.has_rate());
        let (machine, door) = Machine::new(settings, clock);
        Self {
            name,
            door,
            counters,
            machine: Mutex::new(machine),
            last_errors: LastErrors::default(),
        }
    }

    /// Lets a call through or not. A closed breaker takes no lock and reads no clock for it, an open
    /// one takes no lock.
    // Always: out of line, ticket and rejection go through memory, which costs as much as all the rest.
    #[inline(always)]
    pub(crate) fn admit(&self) -> Result<Ticket, Rejected> {
        let word = self.door.word();
        if word.is(Word::PASS) {
            if !word.is(Word::UNCOUNTED) {
                self.counters.admit();
            }
            return Ok(Ticket {
                word,
                place: Place::NOWHERE,
            });
        }
        // Before the word is looked at once more.
        let cause = self.door.cause(word);
        match self.shut_for(word) {
            Some(retry_after) => {
                self.counters.reject();
                Err(Rejected::open(Arc::clone(&self.name), cause, retry_after))
            }
            None => self.ask_machine(),
        }
    }

    /// How much longer an open breaker rejects without being asked, in nanoseconds.
    #[inline(never)]
    fn shut_for(&self, word: Word) -> Option<u64> {
        if !word.is(Word::SHUT) {
            return None;
        }
        let now = word.clock().now();
        let until = self.door.until();
        (now < until && self.door.word() == word).then(|| until.since(now))
    }

    #[cold]
    fn ask_machine(&self) -> Result<Ticket, Rejected> {
        let now = self.door.now();
        let mut machine = self.machine.lock();
        let ended = machine.end_mode(&self.door, now);
        let (answer, steps) = machine.admit(&self.door, now);
        let heard = machine.hears_rejections();
        drop(machine);
        // Counted before anybody hears of it: an observer that takes a snapshot sees the call.
        match &answer {
            Answer::Pass(ticket) if ticket.word.is(Word::UNCOUNTED) => {}
            Answer::Pass(_) | Answer::PassAnyway(..) => self.counters.admit(),
            Answer::Refuse(_) => self.counters.reject(),
        }
        self.report_mode(ended);
        steps.into_iter().for_each(|step| self.report(step));
        let dress = |refusal: Refusal| {
            Rejected::new(Arc::clone(&self.name), refusal.why, refusal.retry_after)
        };
        match answer {
            Answer::Pass(ticket) => Ok(ticket),
            Answer::PassAnyway(ticket, refusal) => {
                if heard {
                    let rejected = dress(refusal);
                    self.observe_all(|observer| observer.would_reject(&rejected));
                }
                Ok(ticket)
            }
            Answer::Refuse(refusal) => {
                let rejected = dress(refusal);
                if heard {
                    self.observe_all(|observer| observer.rejected(&rejected));
                }
                Err(rejected)
            }
        }
    }

    /// Takes a call back. A success that changes nothing takes no lock.
    #[inline]
    pub(crate) fn settle(&self, ticket: Ticket, ending: Ending) {
        let unchanged = self.door.word() == ticket.word && ticket.word.is(Word::CALM);
        if unchanged && ending == Ending::Told(Outcome::Success) {
            self.counters.succeed();
        } else {
            self.settle_locked(ticket, ending);
        }
    }

    /// Takes a call back whose own code has panicked.
    #[cold]
    pub(crate) fn settle_panicked(&self, ticket: Ticket) {
        self.note_error("panic", &"the call panicked");
        self.settle(ticket, Ending::Panicked);
    }

    #[inline(never)]
    fn settle_locked(&self, ticket: Ticket, ending: Ending) {
        let word = self.door.word();
        if ticket.word.is(Word::UNCOUNTED) {
            // Still disabled, until further notice: there is nothing to tell.
            if ticket.word == word && word.is(Word::PASS) {
                return;
            }
        } else if ending == Ending::Told(Outcome::Success) {
            self.counters.succeed();
        }
        let mut now = Now::unread(word.clock());
        // Outside the lock, where that can be told beforehand.
        if word.is(Word::TIMED) {
            now.get();
        }
        let mut machine = self.machine.lock();
        let step = if ticket.word.is_of_closed(self.door.word()) {
            machine.settle_closed(&self.door, ending, &mut now)
        } else {
            return self.settle_disturbed(machine, ticket, ending, now);
        };
        drop(machine);
        if step.is_some() {
            self.report(step);
        }
    }

    /// A result for a breaker that is not simply closed: a probe's, a late one, one that is slow or finds a mode
    /// at its end.
    #[cold]
    fn settle_disturbed(
        &self,
        mut machine: MutexGuard<'_, Machine>,
        ticket: Ticket,
        ending: Ending,
        mut now: Now,
    ) {
        let ended = if machine.mode_expires() {
            machine.end_mode(&self.door, now.get())
        } else {
            None
        };
        let step = machine.settle(&self.door, ticket, ending, &mut now);
        drop(machine);
        self.report_mode(ended);
        self.report(step);
    }

    /// Records a call that the breaker was not asked for.
    pub(crate) fn observe(&self, outcome: Outcome, took: Duration) {
        let now = self.door.now();
        let mut machine = self.machine.lock();
        let ended = machine.end_mode(&self.door, now);
        let mut step = None;
        if !self.door.word().is(Word::UNCOUNTED) {
            self.counters.admit();
            if outcome == Outcome::Success {
                self.counters.succeed();
            }
            step = machine.observe(&self.door, outcome, clock::nanos(took), &mut Now::read(now));
        }
        drop(machine);
        self.report_mode(ended);
        self.report(step);
    }

    /// A reading of everything, under the lock.
    pub(crate) fn read(&self, machine: &mut Machine, now: clock::Time) -> Snapshot {
        let word = self.door.word();
        let mut totals = machine.totals(word.generation());
        totals.success = self.counters.succeeded();
        totals.rejected = self.counters.rejected();
        let ended = totals.success + totals.failure + totals.ignored + totals.abandoned;
        Snapshot {
            name: Arc::clone(&self.name),
            state: machine.state(),
            mode: machine.mode(),
            mode_reason: machine.mode_reason(),
            mode_expires_in: machine.mode_expires_in(now).map(Duration::from_nanos),
            in_state_for: Duration::from_nanos(now.since(machine.entered())),
            cause: self.door.cause(word).cause(),
            retry_after: machine
                .retry_after(&self.door, now)
                .map(Duration::from_nanos),
            ramp_up_share: machine.ramp_up_share(now),
            generation: word.generation(),
            consecutive_failures: machine.consecutive_failures(now),
            // Read after the endings, each of which comes after its own admission.
            in_flight: self.counters.admitted().saturating_sub(ended),
            window: machine.window(&self.door, now),
            totals,
            last_errors: self.last_errors.read(now),
        }
    }

    /// Writes down what a call has ended in. It decides nothing.
    pub(crate) fn note_error(&self, class: &str, message: &dyn fmt::Display) {
        self.last_errors.note(class, message, self.door.now());
    }

    pub(crate) fn report_mode(&self, mode: Option<ModeStep>) {
        let Some(mode) = mode else { return };
        let change = ModeChange {
            name: Arc::clone(&self.name),
            from: mode.from,
            to: mode.to,
            reason: mode.reason,
            expires_in: mode.expires_in.map(Duration::from_nanos),
        };
        self.observe_all(|observer| observer.mode_changed(&change));
        self.report(mode.step);
    }

    #[cold]
    pub(crate) fn report(&self, step: Option<Step>) {
        let Some(step) = step else { return };
        let transition = Transition {
            name: Arc::clone(&self.name),
            from: step.from,
            to: step.to,
            cause: step.cause,
            generation: step.generation,
        };
        self.observe_all(|observer| observer.transition(&transition));
    }

    /// Runs user code, so no lock is held: the list is cloned out first.
    fn observe_all(&self, tell: impl Fn(&dyn Observer)) {
        let observers = self.machine.lock().observers();
        for observer in observers.iter().flat_map(|observers| observers.iter()) {
            if caught(|| tell(&**observer)).is_none() {
                self.machine.lock().count_observer_panic();
            }
        }
    }
}
