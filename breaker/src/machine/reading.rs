//! What a snapshot reads, and the observers, which live under the same lock.

use std::sync::Arc;

use super::rare::Observers;
use super::{Machine, Phase};
use crate::clock::Time;
use crate::door::Door;
use crate::mode::Mode;
use crate::observer::Observer;
use crate::settings::Settings;
use crate::snapshot::{Totals, WindowSnapshot};
use crate::state::State;

impl Machine {
    pub(crate) fn state(&self) -> State {
        match self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::Open => State::Open,
            Phase::HalfOpen(_) => State::HalfOpen,
        }
    }

    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    pub(crate) fn entered(&self) -> Time {
        self.entered
    }

    pub(crate) fn mode_reason(&self) -> Option<Arc<str>> {
        self.rare.as_ref()?.mode_reason.clone()
    }

    /// In how many nanoseconds the next call can be admitted as a probe, if the breaker is open.
    pub(crate) fn retry_after(&self, door: &Door, now: Time) -> Option<u64> {
        match (&self.phase, self.mode()) {
            (Phase::Open, Mode::ForcedOpen) => self.mode_expires_in(now),
            (Phase::Open, _) => Some(door.until().since(now)),
            (Phase::Closed { .. } | Phase::HalfOpen(_), _) => None,
        }
    }

    /// The share of calls that passes while ramping up.
    pub(crate) fn ramp_up_share(&self, now: Time) -> Option<f64> {
        let rare = self.rare.as_deref()?;
        rare.ramp_share(now.since(self.entered), self.settings.ramp_up)
    }

    /// The failures in a row that still count at `now`.
    pub(crate) fn consecutive_failures(&self, now: Time) -> u32 {
        match self.phase {
            Phase::Closed { run, last_failure }
                if now.since(last_failure) < self.settings.reset_timeout =>
            {
                run
            }
            _ => 0,
        }
    }

    pub(crate) fn window(&mut self, door: &Door, now: Time) -> Option<WindowSnapshot> {
        if !self.settings.has_rate() {
            return None;
        }
        let tally = self.window.tally(&self.settings, now);
        let slow_in_flight = self.overdue(door, now);
        let (min, config) = (u64::from(self.settings.min_calls), &self.settings.config);
        let rate = |part: u64, whole: u64| (whole >= min).then(|| part as f64 / whole as f64);
        Some(WindowSnapshot {
            calls: tally.calls,
            failures: tally.failures,
            slow: tally.slow,
            slow_in_flight,
            failure_rate: config
                .failure_rate
                .and_then(|_| rate(tally.failures, tally.calls)),
            slow_call_rate: config
                .slow_call_rate
                .and_then(|_| rate(tally.slow + slow_in_flight, tally.calls + slow_in_flight)),
        })
    }

    /// What was counted under the lock.
    pub(crate) fn totals(&self, generation: u64) -> Totals {
        let counts = &self.counts;
        let rare = self.rare.as_deref();
        let (opened, closed) = (u64::from(counts.opened), u64::from(counts.closed));
        let resets = rare.map_or(0, |rare| rare.resets_while_closed);
        Totals {
            success: 0,
            failure: counts.failure,
            ignored: counts.ignored,
            abandoned: counts.abandoned,
            panicked: counts.panicked.into(),
            slow: rare.map_or(0, |rare| rare.slow),
            rejected: 0,
            would_reject: rare.map_or(0, |rare| rare.would_reject),
            stale: counts.stale.into(),
            opened,
            half_opened: generation.saturating_sub(opened + closed + resets),
            closed,
            observer_panics: rare.map_or(0, |rare| rare.observer_panics),
        }
    }

    pub(crate) fn observers(&self) -> Option<Observers> {
        self.rare.as_ref()?.observers.clone()
    }

    /// Replaces the list of observers by one that is longer.
    pub(crate) fn set_observers(&mut self, door: &Door, observers: Observers, hears: bool) {
        let rare = self.rare();
        rare.observers = Some(observers);
        rare.hears_rejections |= hears;
        self.refresh(door);
    }

    pub(crate) fn hears_rejections(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.hears_rejections)
    }

    pub(crate) fn count_observer_panic(&mut self) {
        self.rare().observer_panics += 1;
    }
}

/// The list with one more at its end.
pub(crate) fn with_observer(
    observers: Option<&Observers>,
    observer: Arc<dyn Observer>,
) -> Observers {
    let so_far = observers.iter().flat_map(|observers| observers.iter());
    so_far.cloned().chain([observer]).collect()
}
