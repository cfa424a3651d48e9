//! What opens a closed breaker, for how long, and what the window holds.

use steadfast_breaker::{Cause, Config, State, Window};

use super::{Kind, Model, Record, nanos};

/// What the window holds, and the calls in flight that are slow already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) calls: u64,
    pub(super) failures: u64,
    pub(super) slow: u64,
    pub(super) overdue: u64,
}

impl Model {
    /// The first rule that is broken, after a result.
    pub(super) fn broken_rule(&self, failed: bool) -> Option<Cause> {
        let failures = self.run();
        let limit = threshold(&self.config);
        if failed && limit.is_some_and(|limit| failures >= limit) {
            return Some(Cause::ConsecutiveFailures { failures });
        }
        let Tally {
            calls, failures, ..
        } = self.tally();
        if let (Some(rate), Some(limit)) = (self.failure_rate(), self.config.failure_rate) {
            if rate >= limit {
                return Some(Cause::FailureRate {
                    failures: small(failures),
                    calls: small(calls),
                });
            }
        }
        self.too_many_slow()
    }

    /// The slow rate rule, which admissions look at as well.
    pub(super) fn too_many_slow(&self) -> Option<Cause> {
        let limit = self.config.slow_call_rate?;
        let tally = self.tally();
        (self.slow_call_rate()? >= limit).then(|| Cause::SlowCallRate {
            slow: small(tally.slow + tally.overdue),
            calls: small(tally.calls + tally.overdue),
        })
    }

    /// Failures in a row: since the last success, and since the last silence.
    /// Counted only while there is such a rule.
    pub(super) fn run(&self) -> u32 {
        let mut failures = 0;
        let mut next = (self.now, nanos(self.config.reset_timeout));
        if threshold(&self.config).is_none() {
            return 0;
        }
        for record in self.records[self.run_from..].iter().rev() {
            if !record.failed || next.0 - record.at >= next.1 {
                break;
            }
            failures += 1;
            next = (record.at, record.reset_timeout);
        }
        failures
    }

    /// The records the window holds now.
    pub(super) fn in_window(&self) -> Vec<Record> {
        let since = &self.records[self.window_from..];
        match self.config.window {
            Window::Calls(size) => {
                let gone = since.len().saturating_sub(size as usize);
                since[gone..].to_vec()
            }
            Window::Time(length) => {
                let bucket = |at: u64| (at - self.origin) / (nanos(length) / 10);
                let held = |record: &&Record| bucket(record.at) + 10 > bucket(self.now);
                since.iter().filter(held).copied().collect()
            }
        }
    }

    pub(super) fn tally(&self) -> Tally {
        let window = self.in_window();
        let count = |of: fn(&Record) -> bool| window.iter().filter(|r| of(r)).count() as u64;
        Tally {
            calls: count(|_| true),
            failures: count(|record| record.failed),
            slow: count(|record| record.slow),
            overdue: self.overdue(),
        }
    }

    /// Calls of the present closed phase that are in flight and slow already.
    fn overdue(&self) -> u64 {
        if self.state() != State::Closed {
            return 0;
        }
        let overdue = self.calls.iter().filter(|call| {
            call.end.is_none()
                && call.kind == Kind::Counted
                && call.phase == self.generation()
                && call.timed
                && self.is_slow(self.now - call.at)
        });
        overdue.count() as u64
    }

    /// `None` until there are enough calls, and without such a rule.
    pub(super) fn failure_rate(&self) -> Option<f64> {
        self.config.failure_rate?;
        let tally = self.tally();
        self.enough(tally.calls)
            .then(|| tally.failures as f64 / tally.calls as f64)
    }

    /// `None` until there are enough calls, those overdue among them, and without such a rule.
    pub(super) fn slow_call_rate(&self) -> Option<f64> {
        self.config.slow_call_rate?;
        let tally = self.tally();
        let calls = tally.calls + tally.overdue;
        self.enough(calls)
            .then(|| (tally.slow + tally.overdue) as f64 / calls as f64)
    }

    fn enough(&self, calls: u64) -> bool {
        let min_calls = self.config.min_calls.unwrap_or(match self.config.window {
            Window::Calls(size) => size.min(10),
            Window::Time(_) => 10,
        });
        calls >= u64::from(min_calls)
    }

    pub(super) fn is_slow(&self, took: u64) -> bool {
        let limit = self.config.slow_call_duration;
        limit.is_some_and(|limit| took >= nanos(limit))
    }

    /// Whether slowness speaks against a probe.
    pub(super) fn slow_counts(&self, slow: bool) -> bool {
        slow && self.config.slow_call_rate.is_some()
    }

    /// How many openings since the base came before an opening at this time.
    pub(super) fn next_growth(&self, at: u64) -> u32 {
        let reset = |phase: &super::Phase| phase.cause == Some(Cause::Reset);
        let since_reset = self.phases.iter().rev().take_while(|phase| !reset(phase));
        let Some(before) = since_reset.filter_map(|phase| phase.growth).next() else {
            return 0;
        };
        let quiet = self.state() == State::Closed
            && at - self.phase().began >= nanos(self.config.open_for_reset_after);
        if quiet { 0 } else { before + 1 }
    }

    /// The open time after so many openings.
    pub(super) fn open_time(&self, growth: u32) -> u64 {
        let base = nanos(self.config.open_for);
        if self.config.open_for_multiplier <= 1.0 {
            return base;
        }
        let cap = nanos(self.config.max_open_for);
        let mut wait = base as f64;
        for _ in 0..growth {
            wait *= self.config.open_for_multiplier;
        }
        if wait >= cap as f64 { cap } else { wait as u64 }
    }
}

pub(super) fn open_time_varies(config: &Config) -> bool {
    config.open_for_multiplier > 1.0 || config.open_for_jitter > 0.0
}

pub(super) fn has_window(config: &Config) -> bool {
    config.failure_rate.is_some() || config.slow_call_rate.is_some()
}

pub(super) fn threshold(config: &Config) -> Option<u32> {
    let default = (!has_window(config)).then_some(5);
    config.failure_threshold.or(default)
}

fn small(count: u64) -> u32 {
    u32::try_from(count).unwrap()
}
