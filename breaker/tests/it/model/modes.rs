//! What an operator does: modes and their expiry, reset, reconfiguration.

use std::sync::Arc;
use std::time::Duration;

use steadfast_breaker::{Cause, Config, Mode, State, Window};

use super::rules::{has_window, open_time_varies, threshold};
use super::{HeardMode, Model, nanos};

impl Model {
    pub(super) fn mode_expires_in(&self) -> Option<Duration> {
        let until = self.until?;
        Some(Duration::from_nanos(until - self.now))
    }

    /// Whatever is asked or told, it finds a mode ended whose time is over.
    pub(super) fn notice_expiry(&mut self) {
        if self.until.is_some_and(|until| until <= self.now) {
            self.go_over(Mode::Automatic, None, None);
        }
    }

    pub(crate) fn set_mode(&mut self, mode: Mode, reason: &str, lasts: Option<u64>) {
        self.notice_expiry();
        // Automatic has no end.
        let lasts = lasts.filter(|_| mode != Mode::Automatic);
        self.go_over(mode, Some(reason), lasts);
    }

    fn go_over(&mut self, mode: Mode, reason: Option<&str>, lasts: Option<u64>) {
        match (self.mode, mode, self.state()) {
            (_, Mode::ForcedOpen, State::Closed | State::HalfOpen) => {
                self.enter(State::Open, Cause::Forced, self.now);
            }
            (_, Mode::ForcedClosed | Mode::Disabled, State::Open | State::HalfOpen) => {
                self.enter(State::Closed, Cause::Forced, self.now);
            }
            // Everybody was let through meanwhile: there is nothing left to ramp up.
            (_, Mode::ForcedClosed | Mode::Disabled, _) => self.phase_mut().ramps = false,
            (Mode::ForcedOpen, Mode::Automatic | Mode::Shadow, _) => {
                self.enter(State::HalfOpen, Cause::ForceEnded, self.now);
            }
            _ => {}
        }
        self.change_mode(mode, reason, lasts);
    }

    fn change_mode(&mut self, mode: Mode, reason: Option<&str>, lasts: Option<u64>) {
        let told = reason.map(str::to_owned);
        let expires_in = lasts.map(Duration::from_nanos);
        self.modes.push((self.mode, mode, told, expires_in));
        self.mode = mode;
        // Told, but not kept: automatic needs no reason.
        let kept = reason.filter(|_| mode != Mode::Automatic);
        self.reason = kept.map(Arc::from);
        self.until = lasts.map(|lasts| self.now + lasts);
    }

    pub(crate) fn modes(&self) -> &Vec<HeardMode> {
        &self.modes
    }

    pub(crate) fn reset(&mut self) {
        self.notice_expiry();
        if self.mode != Mode::Automatic {
            self.change_mode(Mode::Automatic, None, None);
        }
        self.enter(State::Closed, Cause::Reset, self.now);
    }

    pub(crate) fn reconfigure(&mut self, config: Config) {
        self.notice_expiry();
        let kept = has_window(&self.config) && has_window(&config);
        match (self.config.window, config.window) {
            (Window::Calls(old), Window::Calls(new)) if kept => {
                let held = old.min(new) as usize;
                let newest = self.records.len().saturating_sub(held);
                self.window_from = self.window_from.max(newest);
            }
            (Window::Time(old), Window::Time(new)) if kept && old == new => {}
            _ => self.empty_window(),
        }
        if config.slow_call_rate.is_none() {
            self.records
                .iter_mut()
                .for_each(|record| record.slow = false);
        }
        if threshold(&self.config).is_none() || threshold(&config).is_none() {
            self.run_from = self.records.len();
        }
        if !open_time_varies(&self.config) && open_time_varies(&config) {
            self.phases.iter_mut().for_each(|phase| phase.growth = None);
            if self.state() == State::Open && self.mode != Mode::ForcedOpen {
                self.phase_mut().growth = Some(0);
            }
        }
        let ramp_is_over = self.ramp_ends().is_some_and(|end| end <= self.now);
        if ramp_is_over || config.ramp_up.is_zero() {
            self.phase_mut().ramps = false;
        }
        self.config = config;
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The moments ahead at which something changes by itself: where mistakes are.
    pub(crate) fn edges(&self) -> Vec<u64> {
        let config = &self.config;
        let began = self.phase().began;
        let mut edges: Vec<u64> = [self.until, self.open_ends(), self.probes_expire()]
            .into_iter()
            .flatten()
            .chain(self.ramp_ends())
            .chain([began + nanos(config.open_for_reset_after)])
            .collect();
        let failures = self.records.iter().filter(|record| record.failed);
        edges.extend(failures.map(|record| record.at + nanos(config.reset_timeout)));
        if let Some(slow) = config.slow_call_duration {
            let out = self.calls.iter().filter(|call| call.end.is_none());
            edges.extend(out.map(|call| call.at + nanos(slow)));
        }
        if let Window::Time(length) = config.window {
            let width = nanos(length) / 10;
            let bucket = |at: u64| (at - self.origin) / width;
            let gone = |at: u64| self.origin + (bucket(at) + 10) * width;
            edges.extend(self.in_window().iter().map(|record| gone(record.at)));
            edges.push(self.origin + (bucket(self.now) + 1) * width);
        }
        edges.retain(|edge| *edge > self.now);
        edges.sort_unstable();
        edges.dedup();
        edges
    }

    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// The longest the next open time can be: that of the present opening, or of one to come.
    pub(crate) fn longest_wait(&self) -> u64 {
        let grown = self.phases.iter().rev().find_map(|phase| phase.growth);
        self.open_time(grown.map_or(0, |growth| growth + 1))
    }
}
