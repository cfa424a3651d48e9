//! Random histories against a naive model that keeps the whole history and works everything out anew.

use std::time::Duration;

use proptest::prelude::*;
use steadfast_breaker::{CircuitBreaker, Outcome, Permit, State};

const OPEN_FOR: u64 = 100;
const RESET: u64 = 50;
const HALF_OPEN_MAX: u64 = 70;

#[derive(Debug, Clone, Copy)]
enum Op {
    Acquire,
    /// Settle the nth permit still out; `None` drops it.
    Settle(usize, Option<Outcome>),
    Advance(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let outcome = prop_oneof![
        4 => Just(Some(Outcome::Failure)),
        3 => Just(Some(Outcome::Success)),
        1 => Just(Some(Outcome::Ignored)),
        1 => Just(None),
    ];
    prop_oneof![
        4 => Just(Op::Acquire),
        4 => (any::<usize>(), outcome).prop_map(|(nth, outcome)| Op::Settle(nth, outcome)),
        2 => (0..120_u64).prop_map(Op::Advance),
    ]
}

/// The model: for each phase of its life the time it began and what happened in it.
struct Model {
    failure_threshold: usize,
    success_threshold: usize,
    max_probes: usize,
    now: u64,
    phases: Vec<Phase>,
}

struct Phase {
    state: State,
    began: u64,
    /// Outcomes of this phase's own calls, with their times.
    results: Vec<(u64, Option<Outcome>)>,
    admitted: Vec<u64>,
}

impl Model {
    fn phase(&mut self) -> &mut Phase {
        self.phases.last_mut().unwrap()
    }

    fn enter(&mut self, state: State, began: u64) {
        self.phases.push(Phase {
            state,
            began,
            results: Vec::new(),
            admitted: Vec::new(),
        });
    }

    /// The phase the call was admitted in, or nothing.
    fn acquire(&mut self) -> Option<usize> {
        let (now, max_probes) = (self.now, self.max_probes);
        let phase = self.phase();
        let out = phase.admitted.len() - phase.results.len();
        if phase.state == State::HalfOpen && out == max_probes {
            let limit = phase.admitted.last().unwrap() + HALF_OPEN_MAX;
            if now < limit {
                return None;
            }
            self.enter(State::Open, limit);
        }
        if self.phase().state == State::Open {
            if now < self.phase().began + OPEN_FOR {
                return None;
            }
            self.enter(State::HalfOpen, now);
        }
        self.phase().admitted.push(now);
        Some(self.phases.len() - 1)
    }

    fn settle(&mut self, phase: usize, outcome: Option<Outcome>) {
        if phase != self.phases.len() - 1 {
            return;
        }
        let now = self.now;
        self.phase().results.push((now, outcome));
        let results = self.phase().results.clone();
        match (self.phase().state, outcome) {
            (State::Closed, Some(Outcome::Failure))
                if failures(&results) >= self.failure_threshold =>
            {
                self.enter(State::Open, now);
            }
            (State::HalfOpen, Some(Outcome::Failure)) => self.enter(State::Open, now),
            (State::HalfOpen, Some(Outcome::Success)) => {
                let successes = results.iter().filter(|(_, r)| *r == Some(Outcome::Success));
                if successes.count() >= self.success_threshold {
                    self.enter(State::Closed, now);
                }
            }
            _ => {}
        }
    }
}

/// Failures since the last success, and since the last silence of RESET.
fn failures(results: &[(u64, Option<Outcome>)]) -> usize {
    let mut count = 0;
    let mut next: Option<u64> = None;
    for (at, outcome) in results.iter().rev() {
        match outcome {
            Some(Outcome::Success) => break,
            Some(Outcome::Failure) => {
                if next.is_some_and(|next| next - at >= RESET) {
                    break;
                }
                next = Some(*at);
                count += 1;
            }
            _ => {}
        }
    }
    count
}

fn build(failure_threshold: u32, success_threshold: u32, max_probes: u32) -> CircuitBreaker {
    CircuitBreaker::builder("model")
        .failure_threshold(failure_threshold)
        .success_threshold(success_threshold)
        .max_probes(max_probes)
        .open_for(Duration::from_millis(OPEN_FOR))
        .reset_timeout(Duration::from_millis(RESET))
        .half_open_max(Duration::from_millis(HALF_OPEN_MAX))
        .build()
        .unwrap()
}

fn paused<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}

fn finish(permit: Permit, outcome: Option<Outcome>) {
    match outcome {
        Some(outcome) => permit.record(outcome),
        None => drop(permit),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_the_naive_model(
        failure_threshold in 1..4_u32,
        success_threshold in 1..4_u32,
        max_probes in 1..4_u32,
        ops in prop::collection::vec(op(), 1..120),
    ) {
        paused(async {
            let breaker = build(failure_threshold, success_threshold, max_probes);
            let mut model = Model {
                failure_threshold: failure_threshold as usize,
                success_threshold: success_threshold as usize,
                max_probes: max_probes as usize,
                now: 0,
                phases: Vec::new(),
            };
            model.enter(State::Closed, 0);
            let mut out = Vec::new();
            for op in ops {
                match op {
                    Op::Acquire => {
                        let permit = breaker.try_acquire();
                        let phase = model.acquire();
                        prop_assert_eq!(permit.is_ok(), phase.is_some());
                        if let (Ok(permit), Some(phase)) = (permit, phase) {
                            out.push((permit, phase));
                        }
                    }
                    Op::Settle(nth, outcome) => {
                        if !out.is_empty() {
                            let (permit, phase) = out.swap_remove(nth % out.len());
                            finish(permit, outcome);
                            model.settle(phase, outcome);
                        }
                    }
                    Op::Advance(millis) => {
                        tokio::time::advance(Duration::from_millis(millis)).await;
                        model.now += millis;
                    }
                }
                let snapshot = breaker.snapshot();
                prop_assert_eq!(snapshot.state, model.phase().state);
                prop_assert_eq!(snapshot.generation as usize, model.phases.len() - 1);
                prop_assert_eq!(snapshot.in_flight as usize, out.len());
            }
            Ok(())
        })?;
    }

    /// From any reachable state, with every permit lost, a call passes within open_for + half_open_max.
    #[test]
    fn never_rejects_for_ever(
        max_probes in 1..4_u32,
        ops in prop::collection::vec(op(), 1..60),
        step in 1..200_u64,
    ) {
        paused(async {
            let breaker = build(2, 2, max_probes);
            let mut out = Vec::new();
            for op in ops {
                match op {
                    Op::Acquire => out.extend(breaker.try_acquire()),
                    Op::Settle(nth, outcome) if !out.is_empty() => {
                        finish(out.swap_remove(nth % out.len()), outcome);
                    }
                    Op::Settle(..) => {}
                    Op::Advance(millis) => tokio::time::advance(Duration::from_millis(millis)).await,
                }
            }
            let mut waited = 0;
            let limit = OPEN_FOR + HALF_OPEN_MAX;
            while breaker.try_acquire().is_err() {
                prop_assert!(waited < limit, "still rejecting after {waited} ms: {:?}", breaker.snapshot());
                let wait = step.min(limit - waited);
                tokio::time::advance(Duration::from_millis(wait)).await;
                waited += wait;
            }
            Ok(())
        })?;
    }
}
