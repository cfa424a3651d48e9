//! Closed: the rules that open the breaker, and the gradual return after it has closed.

use super::{Ending, Machine, Phase, Refusal, Step};
use crate::clock::{Now, Time};
use crate::door::{Door, Word};
use crate::mode::Mode;
use crate::rejected::Why;
use crate::settings::{Settings, reaches};
use crate::state::{Cause, Outcome};
use crate::window::{Tally, Window};

impl Machine {
    /// Takes back a call of the present generation of a breaker that is closed and undisturbed: calls
    /// pass it without asking, so no mode ends and no call is slow.
    #[inline]
    pub(crate) fn settle_closed(
        &mut self,
        door: &Door,
        ending: Ending,
        now: &mut Now,
    ) -> Option<Step> {
        if ending != Ending::Told(Outcome::Success) {
            self.count_all_but_success(ending, false);
            return self.record(door, self.outcome(ending), false, now);
        }
        if let Phase::Closed { run, .. } = &mut self.phase {
            *run = 0;
        }
        let judge = match &mut self.window {
            Window::None => false,
            Window::Count(window) => {
                window.record_quick(false);
                !window.is_full() || window.failures() >= self.settings.full_window_failures
            }
            Window::Time(window) => {
                window.record(self.settings.bucket_width, false, false, now.get());
                window.failures() > 0
            }
        };
        if judge {
            return self.judge(door, None, now);
        }
        if self.window.is_calm() {
            self.refresh_calm(door);
        }
        None
    }

    /// Records the result of a call while closed, and opens if a rule says so.
    pub(super) fn record(
        &mut self,
        door: &Door,
        outcome: Outcome,
        slow: bool,
        now: &mut Now,
    ) -> Option<Step> {
        if outcome == Outcome::Ignored || self.mode() == Mode::Disabled {
            return None;
        }
        let failed = outcome == Outcome::Failure;
        let in_a_row = self.record_in_a_row(failed, now);
        match &mut self.window {
            Window::None => {}
            Window::Count(window) => window.record(failed, slow),
            Window::Time(window) => {
                window.record(self.settings.bucket_width, failed, slow, now.get())
            }
        }
        self.judge(door, in_a_row, now)
    }

    /// Opens if a rule says so.
    fn judge(&mut self, door: &Door, in_a_row: Option<Cause>, now: &mut Now) -> Option<Step> {
        match in_a_row.or_else(|| self.judge_window(door, now)) {
            Some(cause) if self.trips() => Some(self.open(door, cause, now.get())),
            _ => {
                self.refresh_calm(door);
                None
            }
        }
    }

    fn record_in_a_row(&mut self, failed: bool, now: &mut Now) -> Option<Cause> {
        let threshold = self.settings.failure_threshold;
        let Phase::Closed { run, last_failure } = &mut self.phase else {
            return None;
        };
        if threshold == 0 {
            return None;
        }
        if !failed {
            *run = 0;
            return None;
        }
        let now = now.get();
        if now.since(*last_failure) >= self.settings.reset_timeout {
            *run = 0;
        }
        *run = run.saturating_add(1);
        *last_failure = now.max(*last_failure);
        let failures = *run;
        (failures >= threshold).then_some(Cause::ConsecutiveFailures { failures })
    }

    /// What the rates say.
    fn judge_window(&mut self, door: &Door, now: &mut Now) -> Option<Cause> {
        let settings = &*self.settings;
        if settings.config.slow_call_rate.is_some() {
            let tally = self.window.tally(settings, now.get());
            let (calls, failures) = (narrow(tally.calls), narrow(tally.failures));
            return judge_failures(settings, failures, calls)
                .or_else(|| self.judge_slow(door, tally, now.get()));
        }
        match &self.window {
            Window::None => None,
            Window::Count(window) => {
                let (calls, failures) = (window.calls(), window.failures());
                if window.is_full() && failures < settings.full_window_failures {
                    return None;
                }
                judge_failures(settings, failures, calls)
            }
            Window::Time(window) => match window.failures() {
                0 => None,
                failures => judge_failures(settings, failures, window.calls()),
            },
        }
    }

    fn judge_slow(&mut self, door: &Door, tally: Tally, now: Time) -> Option<Cause> {
        let rate = self.settings.config.slow_call_rate?;
        let overdue = self.overdue(door, now);
        let (slow, calls) = (tally.slow + overdue, tally.calls + overdue);
        let enough = calls >= self.settings.min_calls.into();
        (enough && reaches(slow, calls, rate)).then_some(Cause::SlowCallRate {
            slow: narrow(slow),
            calls: narrow(calls),
        })
    }

    /// Opens if too many calls have been in flight for too long.
    pub(super) fn open_if_overdue(&mut self, door: &Door, now: Time) -> Option<Step> {
        if self.settings.config.slow_call_rate.is_none() || !self.trips() {
            return None;
        }
        let tally = self.window.tally(&self.settings, now);
        let cause = self.judge_slow(door, tally, now)?;
        Some(self.open(door, cause, now))
    }

    /// Calls of now that have been in flight for too long.
    pub(super) fn overdue(&mut self, door: &Door, now: Time) -> u64 {
        let slow = self.settings.slow_call_duration;
        match (&mut self.rare, &self.phase) {
            (Some(rare), Phase::Closed { .. }) if slow > 0 => {
                rare.in_flight.overdue(now, slow, door.word().generation())
            }
            _ => 0,
        }
    }

    /// While ramping up: whether this call is one too many.
    pub(super) fn refuse_ramping(&mut self, door: &Door, now: Time) -> Option<Refusal> {
        let rare = self.rare.as_deref_mut().filter(|rare| rare.is_ramping())?;
        let since = now.since(self.entered);
        if since >= self.settings.ramp_up {
            rare.end_ramp();
            self.refresh(door);
            return None;
        }
        let admitted = rare.admit_ramping(since, self.settings.ramp_up);
        (!admitted).then_some(Refusal {
            why: Why::RampingUp,
            retry_after: None,
        })
    }

    fn trips(&self) -> bool {
        matches!(self.mode(), Mode::Automatic | Mode::Shadow)
    }

    /// Whether another quick success would change nothing.
    pub(super) fn is_calm(&self) -> bool {
        matches!(self.phase, Phase::Closed { run: 0, .. }) && self.window.is_calm()
    }

    fn refresh_calm(&self, door: &Door) {
        let word = door.word();
        let calm = word.is(Word::PASS) && self.is_calm();
        if calm != word.is(Word::CALM) {
            let word = word.without(Word::CALM);
            door.set_word(if calm { word.with(Word::CALM) } else { word });
        }
    }
}

fn judge_failures(settings: &Settings, failures: u32, calls: u32) -> Option<Cause> {
    let rate = settings.config.failure_rate?;
    let reached = calls >= settings.min_calls && reaches(failures.into(), calls.into(), rate);
    reached.then_some(Cause::FailureRate { failures, calls })
}

/// For a cause to show; a window of time would have to see four billion calls to be more than this.
fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
