//! The bulkhead beside a naive model: random callers of all priorities come for one place or several, wait,
//! are polled, dropped, and finish, while time passes and the number of places changes. After every step
//! each answer and every number of the snapshot must agree.

use std::{collections::BTreeMap, sync::Arc, task::Poll, time::Duration};

use proptest::{prelude::*, sample::Index};
use steadfast_bulkhead::{Bulkhead, Permit, Priority, Reason, Rejected};

use self::naive::{Answer, Caller, Model, TIMEOUT};
use crate::support::{Alarm, Boxed, poll};

mod naive;

#[derive(Debug, Clone)]
enum Step {
    TryAcquire(usize),
    Acquire(Priority, usize),
    Resize(usize),
    Reconfigure {
        places: usize,
        max_waiting: usize,
        timeout: u64,
        shares: Option<[u32; 3]>,
    },
    Poll(Index),
    Cancel(Index),
    Finish(Index),
    Advance(u64),
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => weight().prop_map(Step::TryAcquire),
        10 => (priority(), weight()).prop_map(|(priority, places)| Step::Acquire(priority, places)),
        2 => (1..5_usize).prop_map(Step::Resize),
        3 => reconfigure(),
        8 => any::<Index>().prop_map(Step::Poll),
        4 => any::<Index>().prop_map(Step::Cancel),
        6 => any::<Index>().prop_map(Step::Finish),
        3 => (1..15_u64).prop_map(Step::Advance),
        1 => Just(Step::Close),
    ]
}

fn priority() -> impl Strategy<Value = Priority> {
    prop::sample::select(vec![Priority::High, Priority::Normal, Priority::Low])
}

fn reconfigure() -> impl Strategy<Value = Step> {
    let timeout = prop_oneof![4 => Just(20_u64), 2 => 1..40_u64, 1 => Just(0)];
    let shares = prop::option::of([1..20_u32, 1..10, 1..5]);
    (1..5_usize, 0..6_usize, timeout, shares).prop_map(|(places, max_waiting, timeout, shares)| {
        Step::Reconfigure {
            places,
            max_waiting,
            timeout,
            shares,
        }
    })
}

/// Mostly one.
fn weight() -> impl Strategy<Value = usize> {
    prop_oneof![6 => Just(1), 3 => 2..4_usize, 1 => Just(0), 1 => Just(5)]
}

type Waiter = (Boxed<'static, Result<Permit, Rejected>>, Arc<Alarm>);

/// The real bulkhead, the model, and the callers of both.
struct Pair {
    bulkhead: Bulkhead,
    model: Model,
    futures: BTreeMap<usize, Waiter>,
    /// And since when they are held.
    permits: Vec<(Permit, u64)>,
}

impl Pair {
    fn new(places: usize, max_waiting: usize, shares: [u32; 3], hold_times: bool) -> Self {
        let [high, normal, low] = shares;
        let bulkhead = Bulkhead::builder("model")
            .max_concurrent(places)
            .max_waiting(max_waiting)
            .high_share(high)
            .normal_share(normal)
            .low_share(low)
            .hold_times(hold_times)
            .checkout_timeout(Duration::from_millis(TIMEOUT))
            .build()
            .unwrap();
        Self {
            bulkhead,
            model: Model {
                places,
                max_waiting,
                timeout: TIMEOUT,
                shares: shares.map(|share| share as usize),
                measures: hold_times,
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
                let (weight, waited) = (permit.weight(), ms(permit.waited()));
                self.permits.push((permit, self.model.now));
                Answer::Permit { weight, waited }
            }
            Err(rejected) => {
                let retry_after = rejected.retry_after().map(|time| time.as_nanos() as u64);
                match rejected.reason() {
                    Reason::Full { .. } => Answer::Full {
                        waited: ms(rejected.waited()),
                        retry_after,
                    },
                    Reason::Timeout { waited, .. } => Answer::Timeout {
                        waited: ms(waited),
                        retry_after,
                    },
                    Reason::Closed => Answer::Closed,
                    Reason::TooMany { wanted, limit } => Answer::TooMany { wanted, limit },
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    /// The one who is handed a place must be woken, or it would sleep through it.
    fn hand_out(&mut self) {
        self.hand_out_but(0);
    }

    /// One who is just being polled need not be woken. Whether it was handed one.
    fn hand_out_but(&mut self, polled: usize) -> bool {
        let heard = self.model.hand_out();
        for id in heard.iter().filter(|id| **id != polled) {
            assert_eq!(self.futures[id].1.rings(), 1, "caller {id} was not woken");
        }
        heard.contains(&polled)
    }

    fn answer(&mut self, polled: Poll<Result<Permit, Rejected>>) -> Option<Answer> {
        match polled {
            Poll::Ready(result) => Some(self.take(result)),
            Poll::Pending => None,
        }
    }

    async fn take_step(&mut self, step: &Step) {
        match step {
            Step::TryAcquire(places) => {
                let result = match places {
                    1 => self.bulkhead.try_acquire(),
                    places => self.bulkhead.try_acquire_many(*places),
                };
                assert_eq!(self.take(result), self.model.admit(*places));
            }
            Step::Resize(places) => {
                self.bulkhead.resize(*places).unwrap();
                self.model.places = *places;
                self.hand_out();
            }
            Step::Reconfigure {
                places,
                max_waiting,
                timeout,
                shares,
            } => {
                let mut config = self.bulkhead.config();
                assert_eq!(config.max_concurrent, self.model.places);
                config.max_concurrent = *places;
                config.max_waiting = *max_waiting;
                config.checkout_timeout = Duration::from_millis(*timeout);
                if let Some([high, normal, low]) = *shares {
                    (config.high_share, config.normal_share, config.low_share) =
                        (high, normal, low);
                }
                self.bulkhead.reconfigure(config.clone()).unwrap();
                assert_eq!(self.bulkhead.config(), config);
                let shares = shares.map(|shares| shares.map(|share| share as usize));
                self.model
                    .reconfigure(*places, *max_waiting, *timeout, shares);
                self.hand_out();
            }
            Step::Acquire(priority, places) => {
                let bulkhead = self.bulkhead.with_priority(*priority);
                let (alarm, places) = (Alarm::new(), *places);
                let mut future: Boxed<'static, _> = match places {
                    1 => Box::pin(async move { bulkhead.acquire().await }),
                    places => Box::pin(async move { bulkhead.acquire_many(places).await }),
                };
                let real = poll(&mut future, &alarm);
                match self.model.acquire(*priority as usize, places) {
                    Ok(answer) => assert_eq!(self.answer(real), Some(answer)),
                    Err((id, displaced)) => {
                        if let Some(displaced) = displaced {
                            assert_eq!(self.futures[&displaced].1.rings(), 1);
                        }
                        let at_once = self.hand_out_but(id);
                        let answer = if at_once { self.model.poll(id) } else { None };
                        assert_eq!(self.answer(real), answer);
                        if !at_once {
                            self.futures.insert(id, (future, alarm));
                        }
                    }
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
                        self.hand_out();
                    }
                }
            }
            Step::Cancel(index) => {
                let Some(id) = self.pick(index) else { return };
                self.futures.remove(&id);
                self.model.leave(id);
                self.model.abandoned += 1;
                self.hand_out();
            }
            Step::Finish(index) => {
                if self.permits.is_empty() {
                    return;
                }
                let permit = index.index(self.permits.len());
                let (permit, since) = self.permits.swap_remove(permit);
                self.model.held_for(self.model.now - since);
                self.model.held -= permit.weight();
                drop(permit);
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
                    // Those behind still have their former alarms; they are polled next.
                    self.model.hand_out();
                }
            }
        }
    }

    fn compare(&mut self) {
        let (real, model) = (self.bulkhead.snapshot(), &mut self.model);
        model.peak_busy = model.peak_busy.max(model.busy());
        model.peak_waiting = model.peak_waiting.max(model.in_line());
        assert_eq!(real.busy, model.busy());
        let free = model.places.saturating_sub(model.busy());
        assert_eq!((real.max_concurrent, real.available), (model.places, free));
        assert_eq!(real.waiting, model.in_line());
        for priority in [Priority::High, Priority::Normal, Priority::Low] {
            let in_line = model.in_line_of(priority as usize);
            assert_eq!(real.waiting_at(priority), in_line);
        }
        let holds = (real.holds.count, real.holds.sum);
        assert_eq!(
            holds,
            (model.holds, Duration::from_millis(model.hold_total))
        );
        assert_eq!(real.closed, model.closed);
        assert_eq!(real.peak_busy, model.peak_busy);
        assert_eq!(real.peak_waiting, model.peak_waiting);
        let totals = real.totals;
        assert_eq!(totals.acquired, model.acquired);
        assert_eq!(totals.acquired_after_wait, model.after_wait);
        assert_eq!(totals.completed, model.completed);
        assert_eq!(totals.rejected_full, model.full);
        assert_eq!(totals.displaced, model.displaced);
        assert_eq!(totals.rejected_timeout, model.timeouts);
        assert_eq!(totals.rejected_closed, model.closings);
        assert_eq!(totals.rejected_too_many, model.too_many);
        assert_eq!(totals.abandoned, model.abandoned);
        assert_eq!(totals.wait_total, Duration::from_millis(model.wait_total));
    }
}

proptest! {
    #[test]
    fn does_what_a_naive_model_does(
        places in 1..4_usize,
        max_waiting in 0..6_usize,
        shares in [1..20_u32, 1..10, 1..5],
        hold_times: bool,
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(tokio::task::unconstrained(async {
            let mut pair = Pair::new(places, max_waiting, shares, hold_times);
            for step in &steps {
                pair.take_step(step).await;
                pair.compare();
            }
            pair.futures.clear();
            pair.permits.clear();
            assert_eq!(pair.bulkhead.snapshot().available, pair.model.places);
        }));
    }
}
