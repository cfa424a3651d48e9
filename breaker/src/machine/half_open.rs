//! Half-open: probes, and what their results decide.

use super::{Machine, Phase, Step};
use crate::clock::{Now, Time};
use crate::door::Door;
use crate::settings::{Settings, reaches};
use crate::state::{Cause, Outcome};

#[derive(Debug)]
pub(super) struct Probes {
    /// Probes of this generation that have not come back.
    in_flight: u32,
    successes: u32,
    failures: u32,
    /// When the newest was admitted: the moment the half-open limit counts from.
    newest: Time,
}

impl Probes {
    pub(super) const fn new(now: Time) -> Self {
        Self {
            in_flight: 0,
            successes: 0,
            failures: 0,
            newest: now,
        }
    }

    pub(super) fn admit(&mut self, settings: &Settings, now: Time) -> bool {
        let admitted = !self.is_full(settings);
        if admitted {
            self.in_flight += 1;
            self.newest = self.newest.max(now);
        }
        admitted
    }

    /// No more may be admitted: all places are taken, or as many are out as results are wanted. With
    /// none out one always may: fewer results may be wanted by now than have come back.
    fn is_full(&self, settings: &Settings) -> bool {
        let config = &settings.config;
        let wanted = config.half_open_failure_rate.is_some() && self.in_flight > 0;
        let out = u64::from(self.in_flight) + u64::from(self.successes) + u64::from(self.failures);
        self.in_flight >= config.max_probes || wanted && out >= config.half_open_calls.into()
    }

    /// Counts a probe's result; what it decides, if it does.
    fn decide(&mut self, settings: &Settings, outcome: Outcome, slow: bool) -> Option<Cause> {
        let config = &settings.config;
        let too_slow = slow && config.slow_call_rate.is_some();
        match outcome {
            Outcome::Ignored => return None,
            Outcome::Success if !too_slow => self.successes += 1,
            Outcome::Success | Outcome::Failure => self.failures += 1,
        }
        let Some(rate) = config.half_open_failure_rate else {
            return match outcome {
                _ if self.failures == 0 => {
                    (self.successes >= config.success_threshold).then_some(Cause::ProbesSucceeded)
                }
                Outcome::Success if too_slow => Some(Cause::ProbeSlow),
                _ => Some(Cause::ProbeFailed),
            };
        };
        let (failures, calls) = (self.failures, self.failures.saturating_add(self.successes));
        if calls < config.half_open_calls {
            None
        } else if reaches(failures.into(), calls.into(), rate) {
            Some(Cause::ProbeFailureRate { failures, calls })
        } else {
            Some(Cause::ProbesSucceeded)
        }
    }
}

impl Machine {
    /// Takes back a probe of the present generation.
    pub(super) fn take_probe(
        &mut self,
        door: &Door,
        outcome: Outcome,
        slow: bool,
        now: &mut Now,
    ) -> Option<Step> {
        let Phase::HalfOpen(probes) = &mut self.phase else {
            return None;
        };
        probes.in_flight -= 1;
        let cause = probes.decide(&self.settings, outcome, slow)?;
        let now = now.get();
        Some(if cause == Cause::ProbesSucceeded {
            self.close(door, cause, now)
        } else {
            self.open(door, cause, now)
        })
    }

    /// Half-open with every probe out for too long: open again, dated back to the moment the limit
    /// passed, so that an unvisited breaker does not wait for the open time on top of the silence.
    pub(super) fn expire_probes(&mut self, door: &Door, now: Time) -> Option<Step> {
        let Phase::HalfOpen(probes) = &self.phase else {
            return None;
        };
        let limit = self.settings.half_open_max;
        let overdue = probes.is_full(&self.settings) && now.since(probes.newest) >= limit;
        let expired_at = probes.newest.after(limit);
        overdue.then(|| self.open(door, Cause::ProbesExpired, expired_at))
    }
}
