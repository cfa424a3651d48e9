//! What a case is made of, and how cases are drawn.

use std::time::Duration;

use proptest::prelude::*;
use steadfast_retry::Verdict;

use crate::ms;

/// Retries that may share a budget, and the calls made of them.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) budget: Option<BudgetPlan>,
    pub(super) retries: Vec<Settings>,
    pub(super) calls: Vec<CallPlan>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct BudgetPlan {
    pub(super) share: f64,
    pub(super) min_per_second: f64,
    pub(super) window: Duration,
}

/// How a retry uses the case's budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Tap {
    Closed,
    Open,
    SpendingOnly,
}

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) max_attempts: u32,
    /// How many times longer each backoff is.
    pub(super) multiplier: u32,
    pub(super) base: Duration,
    pub(super) cap: Duration,
    pub(super) max_retry_after: Duration,
    pub(super) max_elapsed: Option<Duration>,
    /// From the beginning of the case, as is that of a call.
    pub(super) deadline: Option<Duration>,
    pub(super) attempt_timeout: Option<Duration>,
    pub(super) history: usize,
    pub(super) tap: Tap,
    pub(super) watched: Watched,
}

/// Who observes a retry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Watched {
    Nobody,
    One,
    /// And another one, which panics.
    Two,
}

#[derive(Debug, Clone)]
pub(super) struct CallPlan {
    retry: usize,
    pub(super) starts: Duration,
    /// Dropped at this moment, if it has not ended by then.
    pub(super) dropped: Option<Duration>,
    pub(super) deadline: Option<Duration>,
    /// Without a classifier every `Ok` is accepted and every `Err` retried.
    pub(super) classified: bool,
    pub(super) hook_panics_after: Option<u32>,
    steps: Vec<Step>,
}

/// One attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// How long its first poll holds the thread.
    pub(super) holds: Duration,
    /// From then on. `None`: for ever.
    pub(super) takes: Option<Duration>,
    pub(super) gives: Gives,
    /// `None`: the classifier panics.
    pub(super) verdict: Option<Verdict>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Gives {
    Ok,
    Err,
    Panic,
    /// Before there is a future.
    PanicInClosure,
}

impl Case {
    /// The same without operations that hold the thread.
    pub(super) fn unhurried(mut self) -> Self {
        let steps = self.calls.iter_mut().flat_map(|call| &mut call.steps);
        steps.for_each(|step| step.holds = Duration::ZERO);
        self
    }
}

impl CallPlan {
    pub(super) fn retry(&self, case: &Case) -> usize {
        self.retry % case.retries.len()
    }

    /// The step of an attempt; the last one goes on for ever.
    pub(super) fn step(&self, attempt: u32) -> Step {
        self.steps[(attempt as usize - 1).min(self.steps.len() - 1)]
    }

    /// What the classifier says, if there is one; `None` if it panics.
    pub(super) fn verdict(&self, answer: super::Answer) -> Option<Verdict> {
        let (Ok(number) | Err(number)) = answer;
        match (self.classified, answer) {
            (true, _) => self.step(number).verdict,
            (false, Ok(_)) => Some(Verdict::Accept),
            (false, Err(_)) => Some(Verdict::Retry),
        }
    }
}

/// Where a case is played: what is possible differs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Door {
    Async,
    /// Waits are real, so they are of microseconds; attempts take virtual time, and end.
    Blocking,
}

impl Door {
    /// Up to so many milliseconds; some with a fraction that the timer does not know, and some that
    /// are likely to meet others.
    fn time(self, longest: u64) -> impl Strategy<Value = Duration> {
        let part = || (1..1_000_u64).prop_map(Duration::from_micros);
        prop_oneof![
            6 => (0..=longest).prop_map(ms),
            1 => (0..=longest, part()).prop_map(|(whole, part)| ms(whole) + part),
            1 => (0..=4_u64, part()).prop_map(|(whole, part)| ms(whole) + part),
            1 => (0..=8_u64).prop_map(|steps| ms(steps * 25)),
        ]
    }

    fn wait(self, longest: u64) -> BoxedStrategy<Duration> {
        let some = match self {
            Self::Async => self.time(longest).boxed(),
            Self::Blocking => (0..40_u64).prop_map(Duration::from_micros).boxed(),
        };
        prop_oneof![1 => Just(Duration::ZERO), 3 => some].boxed()
    }

    fn verdict(self) -> impl Strategy<Value = Verdict> {
        let hint = prop_oneof![15 => self.wait(900), 1 => Just(Duration::MAX)];
        prop_oneof![
            12 => Just(Verdict::Retry),
            4 => hint.clone().prop_map(Verdict::RetryAfter),
            3 => hint.prop_map(|hint| Verdict::Rejected(Some(hint))),
            1 => Just(Verdict::Rejected(None)),
            1 => Just(Verdict::Accept),
            1 => Just(Verdict::Stop),
        ]
    }

    fn step(self) -> impl Strategy<Value = Step> {
        let takes = match self {
            Self::Async => {
                prop_oneof![4 => Just(Some(ms(0))), 8 => self.time(300).prop_map(Some), 1 => Just(None)]
                    .boxed()
            }
            Self::Blocking => self.time(300).prop_map(Some).boxed(),
        };
        let gives = prop_oneof![
            12 => Just(Gives::Err),
            6 => Just(Gives::Ok),
            1 => Just(Gives::Panic),
            1 => Just(Gives::PanicInClosure),
        ];
        let verdict = prop_oneof![24 => self.verdict().prop_map(Some), 1 => Just(None)];
        let longest = match self {
            Self::Async => 40_u64,
            Self::Blocking => 0, // there are no polls
        };
        let holds = prop_oneof![8 => Just(ms(0)), 1 => (0..=longest).prop_map(ms)];
        (holds, takes, gives, verdict).prop_map(|(holds, takes, gives, verdict)| Step {
            holds,
            takes,
            gives,
            verdict,
        })
    }

    fn settings(self) -> impl Strategy<Value = Settings> {
        let schedule = (
            1..=12_u32,
            1..=4_u32,
            self.wait(200),
            self.wait(900),
            self.wait(800),
        );
        let limits = (
            prop::option::weighted(0.4, self.time(2_000)),
            prop::option::weighted(0.2, self.time(2_000)),
            prop::option::weighted(0.4, self.time(250)),
        );
        let tap = prop_oneof![
            1 => Just(Tap::Closed),
            3 => Just(Tap::Open),
            1 => Just(Tap::SpendingOnly),
        ];
        let watched = prop_oneof![
            3 => Just(Watched::Nobody),
            6 => Just(Watched::One),
            1 => Just(Watched::Two),
        ];
        // Nothing to keep, to tell or to look at: such a retry may take a shorter way.
        let bare = prop::bool::weighted(0.2);
        // Time for the first wait, but not for the rest of the tick in which it ends.
        let tight = prop::bool::weighted(0.1);
        let rest = (0..=4_usize, tap, watched, bare, tight);
        (schedule, limits, rest).prop_map(|(schedule, limits, rest)| {
            let (max_attempts, multiplier, base, above, max_retry_after) = schedule;
            let (max_elapsed, deadline, attempt_timeout) = limits;
            let (history, tap, watched, bare, tight) = rest;
            let max_elapsed = if tight {
                Some(base + Duration::from_micros(1))
            } else {
                max_elapsed
            };
            let not_zero = |time: &Duration| !time.is_zero();
            let settings = Settings {
                max_attempts,
                multiplier,
                base,
                cap: base + above,
                max_retry_after,
                max_elapsed: max_elapsed.filter(not_zero),
                deadline,
                attempt_timeout: attempt_timeout.filter(not_zero),
                history,
                tap,
                watched,
            };
            if bare {
                Settings {
                    base: Duration::ZERO,
                    max_elapsed: None,
                    deadline: None,
                    history: 0,
                    tap: Tap::Closed,
                    watched: Watched::Nobody,
                    ..settings
                }
            } else {
                settings
            }
        })
    }

    fn call(self) -> impl Strategy<Value = CallPlan> {
        let drops = match self {
            Self::Async => prop::option::weighted(0.3, (0..2_000_u64).prop_map(ms)).boxed(),
            Self::Blocking => Just(None).boxed(),
        };
        (
            0..3_usize,
            (0..600_u64).prop_map(ms),
            drops,
            prop::option::weighted(0.3, self.time(2_000)),
            prop::bool::weighted(0.8),
            prop::option::weighted(0.1, 1..12_u32),
            prop::collection::vec(self.step(), 1..=12),
        )
            .prop_map(|plan| {
                let (retry, starts, dropped, deadline, classified, hook_panics_after, steps) = plan;
                CallPlan {
                    retry,
                    starts,
                    dropped,
                    deadline,
                    classified,
                    hook_panics_after,
                    steps,
                }
            })
    }

    pub(super) fn case(self) -> impl Strategy<Value = Case> {
        let share = prop_oneof![Just(0.0), Just(0.2), Just(1.0), 0.0..3.0];
        let least = prop_oneof![Just(0.0), Just(1.0), 0.0..8.0];
        let budget =
            (share, least, 1_000..2_500_u64).prop_map(|(share, min_per_second, window)| {
                BudgetPlan {
                    share,
                    min_per_second,
                    window: ms(window),
                }
            });
        (
            prop::option::weighted(0.7, budget),
            prop::collection::vec(self.settings(), 1..=3),
            prop::collection::vec(self.call(), 1..=5),
        )
            .prop_map(|(budget, retries, calls)| Case {
                budget,
                retries,
                calls,
            })
    }
}
