//! The door: whether a call is let through, and what the probes of a half-open breaker decide.

use std::time::Duration;

use steadfast_breaker::{Cause, Mode, Outcome, Reason, State};

use super::{Call, Kind, Model, Refusal, nanos};

impl Model {
    /// The number of the call, if it is let through. What the breaker said decides where the ramp
    /// leaves it open.
    pub(crate) fn call(&mut self, breaker_lets_pass: bool) -> Result<usize, Refusal> {
        self.notice_expiry();
        let refusal = match self.mode {
            Mode::Disabled => return Ok(self.admit(Kind::Uncounted)),
            Mode::ForcedClosed => None,
            Mode::ForcedOpen => Some(Refusal {
                reason: Reason::ForcedOpen,
                state: State::Open,
                retry_after: self.mode_expires_in(),
                forced_because: self.reason.as_deref().map(str::to_owned),
            }),
            _ => self.refusal(breaker_lets_pass),
        };
        match refusal {
            None => Ok(self.admit(Kind::Counted)),
            Some(refusal) if self.mode == Mode::Shadow => {
                self.would_reject.push(refusal);
                Ok(self.admit(Kind::Bystander))
            }
            Some(refusal) => {
                self.rejected.push(refusal.clone());
                Err(refusal)
            }
        }
    }

    fn admit(&mut self, kind: Kind) -> usize {
        self.calls.push(Call {
            at: self.now,
            phase: self.generation(),
            kind,
            timed: self.config.slow_call_duration.is_some(),
            end: None,
        });
        self.calls.len() - 1
    }

    /// Makes the transitions that a call brings about, then says what stands in its way.
    fn refusal(&mut self, breaker_lets_pass: bool) -> Option<Refusal> {
        if self.state() == State::Closed {
            if let Some(cause) = self.too_many_slow() {
                self.open(cause, self.now);
            }
        }
        if let Some(expired) = self.probes_expire().filter(|at| *at <= self.now) {
            self.open(Cause::ProbesExpired, expired);
        }
        if self.open_ends().is_some_and(|end| end <= self.now) {
            self.enter(State::HalfOpen, Cause::OpenElapsed, self.now);
        }
        let reason = match self.state() {
            State::Closed if self.ramp_lets_pass(breaker_lets_pass) => return None,
            State::Closed => Reason::RampingUp,
            State::Open => Reason::Open {
                cause: self.phase().cause.unwrap(),
            },
            State::HalfOpen if self.places_taken() => Reason::ProbesBusy,
            State::HalfOpen => return None,
        };
        Some(Refusal {
            reason,
            state: self.state(),
            retry_after: self.retry_after(),
            forced_because: None,
        })
    }

    /// Whether no further probe may be admitted.
    fn places_taken(&self) -> bool {
        let in_flight = self.probes().filter(|call| call.end.is_none()).count();
        let places = self.config.max_probes as usize;
        let results = self.config.half_open_calls as usize;
        in_flight >= places
            // Fewer may be wanted than are in: then the next one decides.
            || self.config.half_open_failure_rate.is_some()
                && in_flight > 0
                && in_flight + self.probe_results().len() >= results
    }

    /// When a half-open breaker gives up waiting for its probes.
    pub(super) fn probes_expire(&self) -> Option<u64> {
        if self.state() != State::HalfOpen || !self.places_taken() {
            return None;
        }
        let newest = self.probes().map(|call| call.at).max().unwrap();
        Some(newest + nanos(self.config.half_open_max))
    }

    /// When an open breaker lets a probe pass. Not asked while forced open.
    pub(super) fn open_ends(&self) -> Option<u64> {
        let growth = self.phase().growth?;
        Some(self.phase().began + self.open_time(growth))
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        if self.mode == Mode::ForcedOpen {
            return self.mode_expires_in();
        }
        let end = self.open_ends()?;
        Some(Duration::from_nanos(end.saturating_sub(self.now)))
    }

    /// The calls of the present phase that count.
    fn probes(&self) -> impl Iterator<Item = &Call> {
        let present = self.generation();
        self.calls
            .iter()
            .filter(move |call| call.phase == present && call.kind == Kind::Counted)
    }

    /// The present phase's results: whether each spoke against the dependency.
    fn probe_results(&self) -> Vec<bool> {
        let ended = self.probes().filter_map(|call| call.end.as_ref());
        ended.filter_map(|end| end.bad).collect()
    }

    /// What the results decide, the newest of which is this one.
    pub(super) fn judge_probes(&mut self, outcome: Outcome, slow: bool) {
        let results = self.probe_results();
        let calls = results.len() as u32;
        let failures = results.iter().filter(|bad| **bad).count() as u32;
        let against = match self.config.half_open_failure_rate {
            Some(_) if calls < self.config.half_open_calls => return,
            Some(limit) => (f64::from(failures) / f64::from(calls) >= limit)
                .then_some(Cause::ProbeFailureRate { failures, calls }),
            None if outcome == Outcome::Failure => Some(Cause::ProbeFailed),
            None if self.slow_counts(slow) => Some(Cause::ProbeSlow),
            // One that was forgiven while a rate was what mattered.
            None if failures > 0 => Some(Cause::ProbeFailed),
            None if calls < self.config.success_threshold => return,
            None => None,
        };
        match against {
            Some(cause) => self.open(cause, self.now),
            None => self.enter(State::Closed, Cause::ProbesSucceeded, self.now),
        }
    }

    /// When the ramp after closing is over.
    pub(super) fn ramp_ends(&self) -> Option<u64> {
        let phase = self.phase();
        let end = phase.began + nanos(self.config.ramp_up);
        phase.ramps.then_some(end)
    }

    /// The first call passes; each later one saves up the share due to it, and passes when that has
    /// come to one. So close to one that rounding could have done it, either answer is right.
    fn ramp_lets_pass(&mut self, breaker_lets_pass: bool) -> bool {
        if self.ramp_ends().is_none_or(|end| end <= self.now) {
            self.phase_mut().ramps = false;
            return true;
        }
        let elapsed = (self.now - self.phase().began) as f64;
        let share = elapsed / nanos(self.config.ramp_up) as f64;
        let ramp = &mut self.phase_mut().ramp;
        ramp.push((share.max(0.1), breaker_lets_pass));
        let mut credit = 1.0;
        let mut passes = true;
        for (nth, (share, passed)) in ramp.iter().enumerate() {
            if nth > 0 {
                credit = f64::min(credit + share, 2.0);
            }
            // Tenths leave nothing to round: ten of them are one.
            let rounded = ramp[..=nth].iter().any(|(share, _)| *share > 0.1);
            passes = if rounded && (credit - 1.0).abs() < 1e-4 {
                *passed
            } else {
                credit >= 1.0 - 1e-9
            };
            if passes {
                credit -= 1.0;
            }
        }
        ramp.last_mut().unwrap().1 = passes;
        passes
    }
}
