//! The bulkhead beside a naive model: random callers come, wait, are polled, dropped, and finish,
//! while time passes. After every step each answer and every number of the snapshot must agree.

use std::{collections::BTreeMap, sync::Arc, task::Poll, time::Duration};

use proptest::{prelude::*, sample::Index};
use steadfast_bulkhead::{Bulkhead, Permit, Reason, Rejected};

use crate::support::{Alarm, Boxed, poll};

const TIMEOUT: u64 = 20;

#[derive(Debug, Clone)]
enum Step {
    TryAcquire,
    Acquire,
    Poll(Index),
    Cancel(Index),
    Finish(Index),
    Advance(u64),
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::TryAcquire),
        8 => Just(Step::Acquire),
        8 => any::<Index>().prop_map(Step::Poll),
        4 => any::<Index>().prop_map(Step::Cancel),
        6 => any::<Index>().prop_map(Step::Finish),
        3 => (1..15_u64).prop_map(Step::Advance),
        1 => Just(Step::Close),
    ]
}

/// What became of a caller, as the model sees it. Times in milliseconds.
#[derive(Debug, PartialEq)]
enum Answer {
    Permit { waited: u64 },
    Full,
    Timeout { waited: u64 },
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Caller {
    InLine { since: u64 },
    Granted { since: u64 },
    SentHome,
}

#[derive(Default)]
struct Model {
    places: usize,
    max_waiting: usize,
    now: u64,
    closed: bool,
    permits: usize,
    /// In order of arrival, those included that were granted a place but do not know yet.
    callers: BTreeMap<usize, Caller>,
    arrivals: usize,
    peak_busy: usize,
    peak_waiting: usize,
    acquired: u64,
    after_wait: u64,
    completed: u64,
    full: u64,
    timeouts: u64,
    closings: u64,
    abandoned: u64,
    wait_total: u64,
}

impl Model {
    fn in_line(&self) -> usize {
        let waits = |caller: &&Caller| matches!(caller, Caller::InLine { .. });
        self.callers.values().filter(waits).count()
    }

    fn busy(&self) -> usize {
        let granted = |caller: &&Caller| matches!(caller, Caller::Granted { .. });
        self.permits + self.callers.values().filter(granted).count()
    }

    /// Places that are free go to those in line, first come, first served.
    fn hand_out(&mut self) -> Option<usize> {
        if self.busy() == self.places {
            return None;
        }
        for (&id, caller) in &mut self.callers {
            if let Caller::InLine { since } = *caller {
                *caller = Caller::Granted { since };
                return Some(id);
            }
        }
        None
    }

    fn admit(&mut self) -> Answer {
        if self.closed {
            self.closings += 1;
            return Answer::Closed;
        }
        if self.busy() == self.places {
            self.full += 1;
            return Answer::Full;
        }
        self.permits += 1;
        self.acquired += 1;
        Answer::Permit { waited: 0 }
    }

    fn acquire(&mut self) -> Result<Answer, usize> {
        let full = self.busy() == self.places;
        if !self.closed && full && self.in_line() < self.max_waiting {
            self.arrivals += 1;
            let caller = Caller::InLine { since: self.now };
            self.callers.insert(self.arrivals, caller);
            return Err(self.arrivals);
        }
        Ok(self.admit())
    }

    fn poll(&mut self, id: usize) -> Option<Answer> {
        let answer = match self.callers[&id] {
            Caller::Granted { since } => {
                let waited = self.now - since;
                self.permits += 1;
                self.acquired += 1;
                self.after_wait += 1;
                self.wait_total += waited;
                Answer::Permit { waited }
            }
            Caller::SentHome => {
                self.closings += 1;
                Answer::Closed
            }
            Caller::InLine { since } if self.now - since >= TIMEOUT => {
                self.timeouts += 1;
                let waited = self.now - since;
                Answer::Timeout { waited }
            }
            Caller::InLine { .. } => return None,
        };
        self.callers.remove(&id);
        Some(answer)
    }
}

type Waiter = (Boxed<'static, Result<Permit, Rejected>>, Arc<Alarm>);

/// The real bulkhead, the model, and the callers of both.
struct Pair {
    bulkhead: Bulkhead,
    model: Model,
    futures: BTreeMap<usize, Waiter>,
    permits: Vec<Permit>,
}

impl Pair {
    fn new(places: usize, max_waiting: usize) -> Self {
        let bulkhead = Bulkhead::builder("model")
            .max_concurrent(places)
            .max_waiting(max_waiting)
            .checkout_timeout(Duration::from_millis(TIMEOUT))
            .build()
            .unwrap();
        Self {
            bulkhead,
            model: Model {
                places,
                max_waiting,
                ..Model::default()
            },
            futures: BTreeMap::new(),
            permits: Vec::new(),
        }
    }

    fn pick(&self, index: &Index) -> Option<usize> {
        let ids: Vec<_> = self.futures.keys().copied().collect();
        (!ids.is_empty()).then(|| *index.get(&ids))
    }

    fn take(&mut self, result: Result<Permit, Rejected>) -> Answer {
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap();
        match result {
            Ok(permit) => {
                let waited = ms(permit.waited());
                self.permits.push(permit);
                Answer::Permit { waited }
            }
            Err(rejected) => match rejected.reason() {
                Reason::Full { .. } => Answer::Full,
                Reason::Timeout { waited } => Answer::Timeout { waited: ms(waited) },
                Reason::Closed => Answer::Closed,
                other => panic!("{other:?}"),
            },
        }
    }

    /// The one who is handed a place must be woken, or it would sleep through it.
    fn hand_out(&mut self) {
        if let Some(id) = self.model.hand_out() {
            assert_eq!(self.futures[&id].1.rings(), 1, "caller {id} was not woken");
        }
    }

    async fn take_step(&mut self, step: &Step) {
        match step {
            Step::TryAcquire => {
                let result = self.bulkhead.try_acquire();
                assert_eq!(self.take(result), self.model.admit());
            }
            Step::Acquire => {
                let (bulkhead, alarm) = (self.bulkhead.clone(), Alarm::new());
                let mut future: Boxed<'static, _> =
                    Box::pin(async move { bulkhead.acquire().await });
                match (poll(&mut future, &alarm), self.model.acquire()) {
                    (Poll::Pending, Err(id)) => {
                        self.futures.insert(id, (future, alarm));
                    }
                    (Poll::Ready(result), Ok(answer)) => {
                        assert_eq!(self.take(result), answer);
                    }
                    (real, model) => panic!("{real:?} but {model:?}"),
                }
            }
            Step::Poll(index) => {
                let Some(id) = self.pick(index) else { return };
                let (mut future, _) = self.futures.remove(&id).unwrap();
                let alarm = Alarm::new();
                match poll(&mut future, &alarm) {
                    Poll::Pending => {
                        assert_eq!(self.model.poll(id), None);
                        self.futures.insert(id, (future, alarm));
                    }
                    Poll::Ready(result) => {
                        assert_eq!(Some(self.take(result)), self.model.poll(id));
                    }
                }
            }
            Step::Cancel(index) => {
                let Some(id) = self.pick(index) else { return };
                self.futures.remove(&id);
                self.model.callers.remove(&id);
                self.model.abandoned += 1;
                self.hand_out();
            }
            Step::Finish(index) => {
                if self.permits.is_empty() {
                    return;
                }
                let permit = index.index(self.permits.len());
                drop(self.permits.swap_remove(permit));
                self.model.permits -= 1;
                self.model.completed += 1;
                self.hand_out();
            }
            Step::Advance(ms) => {
                tokio::time::advance(Duration::from_millis(*ms)).await;
                self.model.now += ms;
                // Timers may have rung; from here on only hand-overs and the close count.
                for (_, alarm) in self.futures.values_mut() {
                    *alarm = Alarm::new();
                }
                self.rearm();
            }
            Step::Close => {
                self.bulkhead.close();
                self.model.closed = true;
                for (&id, caller) in &mut self.model.callers {
                    if matches!(caller, Caller::InLine { .. }) {
                        *caller = Caller::SentHome;
                        assert_eq!(self.futures[&id].1.rings(), 1, "caller {id} sleeps on");
                    }
                }
            }
        }
    }

    /// Gives those in line, whose timer has not rung, the fresh alarms.
    fn rearm(&mut self) {
        for id in self.futures.keys().copied().collect::<Vec<_>>() {
            if !matches!(self.model.callers[&id], Caller::InLine { .. }) {
                continue;
            }
            let (mut future, alarm) = self.futures.remove(&id).unwrap();
            match poll(&mut future, &alarm) {
                Poll::Pending => {
                    assert_eq!(self.model.poll(id), None);
                    self.futures.insert(id, (future, alarm));
                }
                Poll::Ready(result) => {
                    assert_eq!(Some(self.take(result)), self.model.poll(id));
                }
            }
        }
    }

    fn compare(&mut self) {
        let (real, model) = (self.bulkhead.snapshot(), &mut self.model);
        model.peak_busy = model.peak_busy.max(model.busy());
        model.peak_waiting = model.peak_waiting.max(model.in_line());
        assert_eq!(real.busy, model.busy());
        assert_eq!(real.available, model.places - model.busy());
        assert_eq!(real.waiting, model.in_line());
        assert_eq!(real.closed, model.closed);
        assert_eq!(real.peak_busy, model.peak_busy);
        assert_eq!(real.peak_waiting, model.peak_waiting);
        let totals = real.totals;
        assert_eq!(totals.acquired, model.acquired);
        assert_eq!(totals.acquired_after_wait, model.after_wait);
        assert_eq!(totals.completed, model.completed);
        assert_eq!(totals.rejected_full, model.full);
        assert_eq!(totals.rejected_timeout, model.timeouts);
        assert_eq!(totals.rejected_closed, model.closings);
        assert_eq!(totals.abandoned, model.abandoned);
        assert_eq!(totals.wait_total, Duration::from_millis(model.wait_total));
    }
}

proptest! {
    #[test]
    fn does_what_a_naive_model_does(
        places in 1..4_usize,
        max_waiting in 0..6_usize,
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(tokio::task::unconstrained(async {
            let mut pair = Pair::new(places, max_waiting);
            for step in &steps {
                pair.take_step(step).await;
                pair.compare();
            }
            pair.futures.clear();
            pair.permits.clear();
            assert_eq!(pair.bulkhead.snapshot().available, places);
        }));
    }
}
