//! What an operator does to a breaker: modes, reset, other settings.

use std::sync::Arc;

use super::{Machine, Phase, Refusal, Step};
use crate::clock::Time;
use crate::door::Door;
use crate::mode::Mode;
use crate::rejected::Why;
use crate::settings::Settings;
use crate::state::{Cause, State};

use super::half_open::Probes;

/// A change of mode, before it is dressed up for the observers.
#[derive(Debug)]
pub(crate) struct ModeStep {
    pub(crate) from: Mode,
    pub(crate) to: Mode,
    pub(crate) reason: Option<Arc<str>>,
    pub(crate) expires_in: Option<u64>,
    /// The transition that came with it.
    pub(crate) step: Option<Step>,
}

impl Machine {
    pub(crate) fn mode(&self) -> Mode {
        self.rare.as_ref().map_or(Mode::Automatic, |rare| rare.mode)
    }

    /// Sets the mode, until further notice or for so many nanoseconds.
    pub(crate) fn set_mode(
        &mut self,
        door: &Door,
        to: Mode,
        reason: Option<Arc<str>>,
        expires_in: Option<u64>,
        now: Time,
    ) -> ModeStep {
        let rare = self.rare();
        let from = std::mem::replace(&mut rare.mode, to);
        rare.mode_reason = reason.clone().filter(|_| to != Mode::Automatic);
        rare.mode_until = expires_in.map_or(Time::NEVER, |nanos| now.after(nanos));
        if matches!(to, Mode::ForcedClosed | Mode::Disabled) {
            rare.end_ramp();
        }
        let step = self.follow_mode(door, from, now);
        self.refresh(door);
        ModeStep {
            from,
            to,
            reason,
            expires_in,
            step,
        }
    }

    /// Goes to the state that the mode asks for.
    fn follow_mode(&mut self, door: &Door, from: Mode, now: Time) -> Option<Step> {
        match (self.mode(), self.state()) {
            (Mode::ForcedOpen, State::Open)
            | (Mode::ForcedClosed | Mode::Disabled, State::Closed) => None,
            (Mode::ForcedOpen, _) => {
                door.set_until(Time::NEVER);
                Some(self.go(door, Phase::Open, Cause::Forced, now))
            }
            (Mode::ForcedClosed | Mode::Disabled, _) => Some(self.close(door, Cause::Forced, now)),
            (Mode::Automatic | Mode::Shadow, _) if from == Mode::ForcedOpen => {
                let probes = Phase::HalfOpen(Probes::new(now));
                Some(self.go(door, probes, Cause::ForceEnded, now))
            }
            (Mode::Automatic | Mode::Shadow, _) => None,
        }
    }

    /// Ends a mode whose time is over. Every look at the machine begins with this.
    pub(crate) fn end_mode(&mut self, door: &Door, now: Time) -> Option<ModeStep> {
        let until = self.rare.as_ref()?.mode_until;
        (until < Time::NEVER && now >= until)
            .then(|| self.set_mode(door, Mode::Automatic, None, None, now))
    }

    /// Whether the mode can end by itself.
    pub(crate) fn mode_expires(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.mode_expires())
    }

    pub(super) fn refuse_forced(&self, now: Time) -> Refusal {
        let rare = self.rare.as_deref();
        let because = rare.and_then(|rare| rare.mode_reason.clone());
        Refusal {
            why: Why::ForcedOpen(because.unwrap_or_default()),
            retry_after: self.mode_expires_in(now),
        }
    }

    /// In how many nanoseconds the mode ends by itself.
    pub(crate) fn mode_expires_in(&self, now: Time) -> Option<u64> {
        let until = self.rare.as_ref()?.mode_until;
        (until < Time::NEVER).then(|| until.since(now))
    }

    /// Begins anew: automatic, closed, nothing in the window, the shortest open time.
    pub(crate) fn reset(&mut self, door: &Door, now: Time) -> (Option<ModeStep>, Option<Step>) {
        let rare = self.rare();
        let from = std::mem::take(&mut rare.mode);
        rare.mode_reason = None;
        rare.mode_until = Time::NEVER;
        let mode = (from != Mode::Automatic).then_some(ModeStep {
            from,
            to: Mode::Automatic,
            reason: None,
            expires_in: None,
            step: None,
        });
        if self.state() != State::Closed {
            return (mode, Some(self.close(door, Cause::Reset, now)));
        }
        self.window.clear(&self.settings, now);
        self.phase = Phase::Closed {
            run: 0,
            last_failure: now,
        };
        self.rare().resets_while_closed += 1;
        self.begin(door, Cause::Reset, now);
        (mode, None)
    }

    /// Goes over to other settings. What was counted stays, as far as it still makes sense; nothing
    /// trips before the next result.
    pub(crate) fn reconfigure(&mut self, door: &Door, settings: Arc<Settings>, now: Time) {
        let old = std::mem::replace(&mut self.settings, settings);
        self.window.reconfigure(&old, &self.settings, now);
        self.prepare();
        let opened = matches!(self.phase, Phase::Open) && self.mode() != Mode::ForcedOpen;
        if let Some(rare) = &mut self.rare {
            rare.in_flight.judge_anew();
            // A ramp that is over stays over, whatever the new one would be.
            if now.since(self.entered) >= old.ramp_up {
                rare.end_ramp();
            }
            if !old.open_time_varies() {
                rare.count_openings_anew(opened);
            }
        }
        // Without the rule nobody keeps count of the run.
        if let (Phase::Closed { run, .. }, 0) = (&mut self.phase, self.settings.failure_threshold) {
            *run = 0;
        }
        if opened {
            let wait = match &self.rare {
                Some(rare) => rare.same_open_time(&self.settings),
                None => self.settings.open_for,
            };
            door.set_until(self.entered.after(wait));
        }
        self.refresh(door);
    }
}
