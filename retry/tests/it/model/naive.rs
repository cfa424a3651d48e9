//! One call and all calls of a case, naively.

mod settle;

use std::time::Duration;

use steadfast_retry::{Failure, Reason, Verdict};

use super::case::{CallPlan, Case, Door, Gives, Settings, Tap, Watched};
use super::purse::NaiveBudget;
use super::{Answer, Before, Counts, End, Event, Line, Seen};
use crate::ms;

/// Calls that have not ended by then are dropped.
pub(super) const CURFEW: Duration = Duration::from_secs(30);

/// What calls share.
struct World {
    door: Door,
    now: Duration,
    lines: Vec<Line>,
    counts: Vec<Counts>,
    budget: Option<NaiveBudget>,
}

impl World {
    fn note(&mut self, event: Event) {
        let at = self.now;
        self.lines.push(Line { at, event });
    }

    /// When the timer goes off: it counts in milliseconds and is never early.
    fn rings(&self, moment: Duration) -> Duration {
        match self.door {
            Door::Blocking => moment,
            Door::Async => {
                let whole = ms(moment.as_millis() as u64);
                if whole < moment { whole + ms(1) } else { whole }
            }
        }
    }
}

enum State {
    NotBegun,
    Attempt {
        /// From when its timeout counts.
        began: Duration,
        /// When it gives its answer, if it ever does.
        ends: Option<Duration>,
    },
    Waiting {
        until: Duration,
    },
    Ended,
}

struct Call<'c> {
    index: usize,
    retry: usize,
    plan: &'c CallPlan,
    settings: &'c Settings,
    state: State,
    began: Duration,
    /// When it looked at the clock first, if it has.
    looked: Option<Duration>,
    limit: Option<Duration>,
    attempts: u32,
    before: Vec<Before>,
}

/// What a case should come to.
pub(super) fn expect(case: &Case, door: Door) -> Seen {
    let mut world = World {
        door,
        now: Duration::ZERO,
        lines: Vec::new(),
        counts: vec![Counts::default(); case.retries.len()],
        budget: case.budget.map(NaiveBudget::new),
    };
    let mut calls: Vec<_> = (0..)
        .zip(&case.calls)
        .map(|(index, plan)| Call::new(case, index, plan))
        .collect();
    match door {
        Door::Async => {
            while calls.iter().any(|call| !matches!(call.state, State::Ended)) {
                let now = world.now;
                for call in &mut calls {
                    call.advance(&mut world);
                }
                // Unless one held the thread: those before it have not seen the present yet.
                if world.now == now {
                    world.now += ms(1);
                }
            }
            world.now = CURFEW;
        }
        Door::Blocking => {
            for call in &mut calls {
                call.block(&mut world);
            }
        }
    }
    Seen {
        purse: world.budget.map(|budget| budget.look(world.now)),
        lines: world.lines,
        counts: world.counts,
    }
}

impl<'c> Call<'c> {
    fn new(case: &'c Case, index: usize, plan: &'c CallPlan) -> Self {
        let retry = plan.retry(case);
        Self {
            index,
            retry,
            plan,
            settings: &case.retries[retry],
            state: State::NotBegun,
            began: Duration::ZERO,
            looked: None,
            limit: None,
            attempts: 0,
            before: Vec::new(),
        }
    }

    /// Does whatever it can do in this millisecond.
    fn advance(&mut self, world: &mut World) {
        if self.plan.dropped.unwrap_or(CURFEW).min(CURFEW) <= world.now {
            self.drop(world);
        }
        loop {
            match self.state {
                State::NotBegun if self.plan.starts <= world.now => self.begin(world),
                State::Attempt {
                    ends: Some(ends), ..
                } if ends <= world.now => {
                    self.end_attempt(world);
                }
                State::Attempt { began, .. } => {
                    let timeout = self.settings.attempt_timeout.map(|timeout| began + timeout);
                    let cut = [self.limit, timeout].into_iter().flatten().min();
                    if cut.is_none_or(|cut| world.rings(cut) > world.now) {
                        return;
                    }
                    let after = world.now - began;
                    if self.limit.is_some_and(|limit| limit <= world.now) {
                        self.give_up(world, Reason::Deadline, Failure::TimedOut { after }, None);
                    } else {
                        world.counts[self.retry].attempt_timeouts += 1;
                        self.settle(world, Failure::TimedOut { after }, Verdict::Retry);
                    }
                }
                State::Waiting { until } if world.rings(until) <= world.now => {
                    self.begin_attempt(world);
                }
                _ => return,
            }
        }
    }

    /// All of it, one thing after the other. Waits are real, so that the virtual time stands still.
    fn block(&mut self, world: &mut World) {
        self.begin(world);
        loop {
            match self.state {
                State::Attempt { ends, .. } => {
                    world.now = ends.unwrap();
                    self.end_attempt(world);
                }
                State::Waiting { .. } => self.begin_attempt(world),
                State::NotBegun | State::Ended => return,
            }
        }
    }

    /// What there is to tell where no attempt is begun any more: the error of the one before, which
    /// then is no longer history. Until then it was, and took the place of an older one.
    fn last_told(&mut self) -> Failure<Answer> {
        if let Some(Before {
            attempt,
            ended: super::Left::Error(error),
            ..
        }) = self.before.last()
        {
            if *attempt == self.attempts && self.settings.history > 0 {
                let last = Failure::Operation(Err(*error));
                self.before = self.history();
                self.before.pop();
                return last;
            }
        }
        Failure::NotBegun
    }

    fn begin(&mut self, world: &mut World) {
        self.began = world.now;
        let most = self.settings.max_elapsed.map(|most| self.began + most);
        let limits = [most, self.settings.deadline, self.plan.deadline];
        self.limit = limits.into_iter().flatten().min();
        if self.looks_at_once(world) || world.door == Door::Blocking {
            self.looked = Some(self.began);
        }
        self.begin_attempt(world);
    }

    fn begin_attempt(&mut self, world: &mut World) {
        let in_time = self.limit.is_none_or(|limit| world.now < limit);
        if let (State::Waiting { .. }, Some(budget)) = (&self.state, self.budget(world)) {
            let (budget, now) = budget;
            if in_time {
                budget.send(now)
            } else {
                budget.give_back()
            }
        }
        if !in_time {
            let last = self.last_told();
            return self.give_up(world, Reason::Deadline, last, None);
        }
        self.attempts += 1;
        if self.attempts > 1 {
            world.counts[self.retry].retries += 1;
        } else if let (Some(budget), Tap::Open) = (&mut world.budget, self.settings.tap) {
            budget.record_call(world.now); // a call that attempts nothing is no traffic
        }
        world.note(Event::Attempt {
            call: self.index,
            number: self.attempts,
            elapsed: self.elapsed(world),
            remaining: self.limit.map(|limit| limit - world.now),
            history: self.history().iter().map(|before| before.attempt).collect(),
        });
        let step = self.plan.step(self.attempts);
        let mut began = world.now;
        if step.gives == Gives::PanicInClosure {
            self.state = State::Attempt { began, ends: None };
            return self.panic(world);
        }
        world.now += step.holds;
        if !self.looks_at_once(world) {
            began = world.now;
        }
        let ends = step.takes.map(|takes| world.rings(world.now + takes));
        if ends != Some(world.now) {
            self.looked.get_or_insert(world.now);
        }
        self.state = State::Attempt { began, ends };
    }

    /// Whether it looks at the clock when it begins, and whenever an attempt does.
    fn looks_at_once(&self, world: &World) -> bool {
        let has_budget = world.budget.is_some() && self.settings.tap != Tap::Closed;
        self.limit.is_some() || has_budget
    }

    /// The time of the call, as far as it knows.
    fn elapsed(&self, world: &World) -> Duration {
        self.looked
            .map_or(Duration::ZERO, |looked| world.now - looked)
    }

    /// The operation has given its answer.
    fn end_attempt(&mut self, world: &mut World) {
        let answer: Answer = match self.plan.step(self.attempts).gives {
            Gives::Ok => Ok(self.attempts),
            Gives::Err => Err(self.attempts),
            Gives::Panic | Gives::PanicInClosure => return self.panic(world),
        };
        match (self.plan.verdict(answer), answer) {
            (None, _) => self.panic(world),
            (Some(Verdict::Accept), Ok(value)) => {
                let counts = &mut world.counts[self.retry];
                if self.attempts == 1 {
                    counts.first_try += 1;
                } else {
                    counts.after_retry += 1;
                }
                self.end(world, End::Value(value));
            }
            (Some(verdict), _) => self.settle(world, Failure::Operation(answer), verdict),
        }
    }

    fn panic(&mut self, world: &mut World) {
        world.counts[self.retry].panicked += 1;
        self.give_back(world);
        self.end(world, End::Panicked);
    }

    fn drop(&mut self, world: &mut World) {
        match self.state {
            State::Ended => {}
            State::NotBegun => self.state = State::Ended,
            State::Attempt { .. } | State::Waiting { .. } => {
                world.counts[self.retry].abandoned += 1;
                self.give_back(world);
                self.end(world, End::Dropped);
            }
        }
    }

    /// A retry that was granted and is not sent.
    fn give_back(&self, world: &mut World) {
        if let (State::Waiting { .. }, Some((budget, _))) = (&self.state, self.budget(world)) {
            budget.give_back();
        }
    }

    fn end(&mut self, world: &mut World, end: End) {
        self.state = State::Ended;
        world.note(Event::End {
            call: self.index,
            end,
        });
    }

    /// The observer, and the one that panics after it.
    fn tell(&self, world: &mut World, event: Event) {
        if self.settings.watched != Watched::Nobody {
            world.note(event);
        }
        if self.settings.watched == Watched::Two {
            world.counts[self.retry].observer_panics += 1;
        }
    }

    /// The budget that retries are taken from, and the time.
    fn budget<'w>(&self, world: &'w mut World) -> Option<(&'w mut NaiveBudget, Duration)> {
        let budget = world.budget.as_mut()?;
        (self.settings.tap != Tap::Closed).then_some((budget, world.now))
    }
}
