//! From one state to the next, and what the door says of it.

use super::half_open::Probes;
use super::rare::Rare;
use super::{Machine, Phase, Step, Steps};
use crate::cause_code::CauseCode;
use crate::clock::Time;
use crate::door::{Door, Word};
use crate::mode::Mode;
use crate::state::{Cause, State};

impl Machine {
    /// Makes the transitions that only the passing of time brings about.
    pub(super) fn advance(&mut self, door: &Door, now: Time) -> Steps {
        if self.mode() == Mode::ForcedOpen {
            return [None, None];
        }
        let expired = self.expire_probes(door, now);
        let over = matches!(self.phase, Phase::Open) && now >= door.until();
        let elapsed = over.then(|| {
            let probes = Phase::HalfOpen(Probes::new(now));
            self.go(door, probes, Cause::OpenElapsed, now)
        });
        [expired, elapsed]
    }

    /// Opens by the breaker's own decision, for a time that may grow.
    #[cold]
    pub(super) fn open(&mut self, door: &Door, cause: Cause, at: Time) -> Step {
        let was_closed_for = match self.phase {
            Phase::Closed { .. } => Some(at.since(self.entered)),
            Phase::Open | Phase::HalfOpen(_) => None,
        };
        let wait = match &mut self.rare {
            Some(rare) => rare.next_open_time(&self.settings, was_closed_for),
            None => self.settings.open_for,
        };
        door.set_until(at.after(wait));
        self.go(door, Phase::Open, cause, at)
    }

    pub(super) fn close(&mut self, door: &Door, cause: Cause, at: Time) -> Step {
        let phase = Phase::Closed {
            run: 0,
            last_failure: at,
        };
        self.window.clear(&self.settings, at);
        self.go(door, phase, cause, at)
    }

    pub(super) fn go(&mut self, door: &Door, phase: Phase, cause: Cause, at: Time) -> Step {
        let from = self.state();
        self.phase = phase;
        let to = self.state();
        match to {
            State::Closed => self.counts.closed = self.counts.closed.wrapping_add(1),
            State::Open => self.counts.opened = self.counts.opened.wrapping_add(1),
            // The generations that are left.
            State::HalfOpen => {}
        }
        let generation = self.begin(door, cause, at);
        Step {
            from,
            to,
            cause,
            generation,
        }
    }

    /// Begins a new generation: what is in flight no longer matters.
    pub(super) fn begin(&mut self, door: &Door, cause: Cause, at: Time) -> u64 {
        self.entered = at;
        if let Some(rare) = &mut self.rare {
            rare.begin(&self.settings, cause);
        }
        let generation = door.word().generation() + 1;
        let cause = CauseCode::from(cause);
        let state = self.state();
        // Only here, where the word before says other than open: no call then reads the counts
        // without the lock. What leads to the other states has none.
        if state == State::Open {
            door.set_cause(cause);
        }
        let word = Word::new(self.flags(), state, cause, generation);
        door.set_word(word.with_clock(door.word().clock()));
        generation
    }

    /// Brings the door up to date with what is not a transition.
    pub(super) fn refresh(&self, door: &Door) {
        let all = Word::PASS | Word::CALM | Word::SHUT | Word::UNCOUNTED | Word::TIMED;
        door.set_word(door.word().without(all).with(self.flags()));
    }

    pub(super) fn flags(&self) -> u64 {
        let rare = self.rare.as_deref();
        let expires = rare.is_some_and(Rare::mode_expires);
        let tracks = self.settings.slow_call_duration > 0;
        match self.phase {
            Phase::Closed { .. } => {
                let asks = expires || tracks || rare.is_some_and(Rare::is_ramping);
                let timed = expires || tracks || self.window.is_timed();
                let disabled = self.mode() == Mode::Disabled;
                flag(Word::PASS, !asks)
                    | flag(Word::CALM, !asks && !disabled && self.is_calm())
                    | flag(Word::UNCOUNTED, disabled)
                    | flag(Word::TIMED, timed)
            }
            Phase::Open => {
                let heard = rare.is_some_and(Rare::hears_rejections);
                flag(Word::SHUT, self.mode() == Mode::Automatic && !heard) | Word::TIMED
            }
            Phase::HalfOpen(_) => Word::TIMED,
        }
    }
}

const fn flag(flag: u64, set: bool) -> u64 {
    if set { flag } else { 0 }
}
