//! The naive model: the breaker's contract written down a second time, from its description alone.
//!
//! It is slow and simple on purpose. It keeps everything that ever happened in plain lists (phases,
//! calls, results, each with its time in nanoseconds) and works every answer out anew from them:
//! no ring, no bucket array, no running sum, no counter that could drift. Jitter is not part of it.
//!
//! One word of its own: a *phase* is the time between two changes of generation.

mod ask;
mod modes;
mod rules;
mod view;

use std::sync::Arc;
use std::time::Duration;

use steadfast_breaker::{AbandonedAs, Cause, Config, Mode, Outcome, Reason, State};

pub(crate) use view::{Heard, HeardMode, Seen};

/// The breaker as the contract describes it.
#[derive(Debug)]
pub(crate) struct Model {
    config: Config,
    now: u64,
    mode: Mode,
    reason: Option<Arc<str>>,
    /// When the mode ends by itself.
    until: Option<u64>,
    /// Every setting of a mode, and every end of one.
    modes: Vec<HeardMode>,
    /// One per generation: the last one is the present.
    phases: Vec<Phase>,
    /// Every call that was ever let through; a call's number is its place in here.
    calls: Vec<Call>,
    /// What was recorded without a call: outcome, and whether it was slow.
    observed: Vec<(Outcome, bool)>,
    rejected: Vec<Refusal>,
    would_reject: Vec<Refusal>,
    /// The results recorded since the breaker last became closed (or was reset).
    records: Vec<Record>,
    /// The place in `records` where the window begins: later than 0 after a reconfiguration.
    window_from: usize,
    /// The place in `records` from where on failures in a row are counted, likewise.
    run_from: usize,
    /// When the window was last emptied.
    origin: u64,
}

#[derive(Debug, Clone)]
struct Phase {
    state: State,
    began: u64,
    cause: Option<Cause>,
    /// For an opening: how many openings since the base came before it.
    growth: Option<u32>,
    /// Whether the share of calls let through grows only slowly.
    ramps: bool,
    /// The calls that met the ramp: the share due to each, and whether it passed.
    ramp: Vec<(f64, bool)>,
}

#[derive(Debug, Clone)]
struct Call {
    at: u64,
    phase: usize,
    kind: Kind,
    /// Whether there were slow calls when it began: the time is taken only then.
    timed: bool,
    end: Option<End>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counted,
    /// Let through by shadow mode only.
    Bystander,
    /// Begun while disabled.
    Uncounted,
}

#[derive(Debug, Clone)]
struct End {
    ending: Ending,
    slow: bool,
    stale: bool,
    /// For a result that a half-open breaker judged: whether it spoke against the dependency.
    bad: Option<bool>,
}

/// A result as the rules see it.
#[derive(Debug, Clone, Copy)]
struct Record {
    at: u64,
    failed: bool,
    /// Whether it was slow, and a rule cared.
    slow: bool,
    /// The silence that would have ended a run of failures when this was recorded.
    reset_timeout: u64,
}

/// How an admitted call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Told(Outcome),
    Dropped,
    Panicked,
}

/// Why a call is not let through, and when to come back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    pub(crate) state: State,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) forced_because: Option<String>,
}

impl Model {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            now: 0,
            mode: Mode::Automatic,
            reason: None,
            until: None,
            modes: Vec::new(),
            phases: vec![Phase {
                state: State::Closed,
                began: 0,
                cause: None,
                growth: None,
                ramps: false,
                ramp: Vec::new(),
            }],
            calls: Vec::new(),
            observed: Vec::new(),
            rejected: Vec::new(),
            would_reject: Vec::new(),
            records: Vec::new(),
            window_from: 0,
            run_from: 0,
            origin: 0,
        }
    }

    pub(crate) fn advance(&mut self, by: u64) {
        self.now += by;
    }

    /// Settles a call that was let through.
    pub(crate) fn end(&mut self, call: usize, ending: Ending) {
        self.notice_expiry();
        let Call {
            at,
            phase,
            kind,
            timed,
            ..
        } = self.calls[call];
        let slow = timed && self.is_slow(self.now - at);
        let present = phase == self.generation();
        let counts = kind == Kind::Counted && present && self.mode != Mode::Disabled;
        let outcome = self.outcome_of(ending);
        let judged = counts && self.state() == State::HalfOpen && outcome != Outcome::Ignored;
        self.calls[call].end = Some(End {
            ending,
            slow: slow && kind != Kind::Uncounted,
            stale: kind == Kind::Counted && !present,
            bad: judged.then(|| outcome == Outcome::Failure || self.slow_counts(slow)),
        });
        if judged {
            self.judge_probes(outcome, slow);
        } else if counts && self.state() == State::Closed {
            self.record(outcome, slow);
        }
    }

    /// Records a result that went past the breaker.
    pub(crate) fn observe(&mut self, outcome: Outcome, took: u64) {
        self.notice_expiry();
        if self.mode == Mode::Disabled {
            return;
        }
        let slow = self.is_slow(took);
        self.observed.push((outcome, slow));
        if self.state() == State::Closed {
            self.record(outcome, slow);
        }
    }

    fn record(&mut self, outcome: Outcome, slow: bool) {
        if outcome == Outcome::Ignored {
            return;
        }
        let failed = outcome == Outcome::Failure;
        self.records.push(Record {
            at: self.now,
            failed,
            slow: self.slow_counts(slow),
            reset_timeout: nanos(self.config.reset_timeout),
        });
        if matches!(self.mode, Mode::Automatic | Mode::Shadow) {
            if let Some(cause) = self.broken_rule(failed) {
                self.open(cause, self.now);
            }
        }
    }

    fn outcome_of(&self, ending: Ending) -> Outcome {
        match (ending, self.config.abandoned_as) {
            (Ending::Told(outcome), _) => outcome,
            (Ending::Dropped, AbandonedAs::Ignored) => Outcome::Ignored,
            (Ending::Dropped, AbandonedAs::Failure) | (Ending::Panicked, _) => Outcome::Failure,
        }
    }

    /// One of the openings that make the open time grow.
    fn open(&mut self, cause: Cause, at: u64) {
        let growth = self.next_growth(at);
        self.enter(State::Open, cause, at);
        self.phase_mut().growth = Some(growth);
    }

    fn enter(&mut self, state: State, cause: Cause, at: u64) {
        self.phases.push(Phase {
            state,
            began: at,
            cause: Some(cause),
            growth: None,
            ramps: cause == Cause::ProbesSucceeded && !self.config.ramp_up.is_zero(),
            ramp: Vec::new(),
        });
        if state == State::Closed {
            self.records.clear();
            self.run_from = 0;
            self.empty_window();
        }
    }

    fn empty_window(&mut self) {
        self.window_from = self.records.len();
        self.origin = self.now;
    }

    fn state(&self) -> State {
        self.phase().state
    }

    fn generation(&self) -> usize {
        self.phases.len() - 1
    }

    fn phase(&self) -> &Phase {
        self.phases.last().unwrap()
    }

    fn phase_mut(&mut self) -> &mut Phase {
        self.phases.last_mut().unwrap()
    }
}

pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap()
}
