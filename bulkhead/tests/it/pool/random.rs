//! The pool beside a naive model: random callers borrow, are polled, dropped, return, discard and
//! panic, while hooks fail, hang and panic, and time passes. After every step each answer and every
//! number of the snapshot must agree. Nobody waits in line here; `crate::model` does that.

mod model;

use std::{
    collections::BTreeMap,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use proptest::{prelude::*, sample::Index};
use steadfast_bulkhead::{Checkout, Pool, PoolError, Reason};

use self::model::{Answer, BIRTH, End, Kind, LIMIT, Model, Script};
use super::{Factory, Part, assert_settled};
use crate::support::{Alarm, Boxed, poll};

#[derive(Debug, Clone)]
enum Step {
    Begin(Kind),
    Poll(Index),
    Cancel(Index),
    Return(Index, bool),
    Discard(Index),
    TakeOut(Index),
    Panic(Index),
    Advance(u64),
    Clear,
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        80 => Just(Step::Begin(Kind::Checkout)),
        20 => Just(Step::Begin(Kind::TryCheckout)),
        20 => Just(Step::Begin(Kind::Operate)),
        50 => Just(Step::Begin(Kind::Maintain)),
        120 => any::<Index>().prop_map(Step::Poll),
        40 => any::<Index>().prop_map(Step::Cancel),
        80 => (any::<Index>(), prop::bool::weighted(0.2)).prop_map(|(i, b)| Step::Return(i, b)),
        5 => any::<Index>().prop_map(Step::Discard),
        5 => any::<Index>().prop_map(Step::TakeOut),
        10 => any::<Index>().prop_map(Step::Panic),
        80 => (1..15_u64).prop_map(Step::Advance),
        2 => Just(Step::Clear),
        1 => Just(Step::Close),
    ]
}

fn script() -> impl Strategy<Value = Script> {
    let delay = prop_oneof![4 => Just(0), 3 => 1..15_u64, 2 => Just(LIMIT * 3)];
    let end = prop_oneof![6 => Just(End::Good), 2 => Just(End::Bad), 1 => Just(End::Panic)];
    (delay, end).prop_map(|(delay, end)| Script { delay, end })
}

fn limit() -> impl Strategy<Value = Option<u64>> {
    prop::option::of(10..80_u64)
}

/// Hands out the scripts one after the other, to whatever hook comes.
struct Prompter {
    scripts: Vec<Script>,
    calls: AtomicUsize,
}

impl Prompter {
    fn call(&self) -> impl Future<Output = bool> + Send + use<> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let Script { delay, end } = self.scripts[call % self.scripts.len()];
        async move {
            if delay > 0 {
                tokio::time::sleep(Duration::from_millis(delay)).await;
            }
            match end {
                End::Good => true,
                End::Bad | End::Late => false,
                End::Panic => panic::resume_unwind(Box::new("on purpose")),
            }
        }
    }
}

type Lent = Checkout<Part, String>;
type Flight<'a> = Boxed<'a, Result<Option<Lent>, PoolError<String>>>;

struct Pair<'a> {
    pool: &'a Pool<Part, String>,
    factory: Arc<Factory>,
    prompter: Arc<Prompter>,
    model: Model,
    flights: BTreeMap<usize, Flight<'a>>,
    begun: usize,
    lent: Vec<Lent>,
}

fn build(model: &Model, factory: &Arc<Factory>, prompter: &Arc<Prompter>) -> Pool<Part, String> {
    let [create, recycle, validate] = [(); 3].map(|()| Arc::clone(prompter));
    let factory = Arc::clone(factory);
    let limit = Duration::from_millis(LIMIT);
    let mut builder = Pool::builder("parts", move || {
        let (called, factory) = (create.call(), Arc::clone(&factory));
        async move {
            let good = called.await;
            good.then(|| factory.make()).ok_or_else(|| "bad".to_owned())
        }
    });
    if let Some(age) = model.max_age {
        builder = builder.max_age(Duration::from_millis(age));
    }
    if let Some(idle) = model.max_idle {
        builder = builder.max_idle(Duration::from_millis(idle));
    }
    builder
        .max_concurrent(model.places)
        .max_waiting(0)
        .min_idle(model.min_idle)
        .create_timeout(limit)
        .is_valid(|part| !part.broken)
        .recycle(move |_| Box::pin(recycle.call()))
        .recycle_timeout(limit)
        .validate(move |_| Box::pin(validate.call()))
        .validate_timeout(limit)
        .keep_after_panic(|part| part.number % 2 == 0)
        .build()
        .unwrap()
}

impl Pair<'_> {
    fn begin(&mut self, kind: Kind) {
        let pool = self.pool;
        let flight: Flight<'_> = match kind {
            Kind::Checkout => Box::pin(async { pool.checkout().await.map(Some) }),
            Kind::TryCheckout => Box::pin(async { pool.try_checkout().await.map(Some) }),
            Kind::Maintain => Box::pin(async { pool.maintain().await.map(|()| None) }),
            Kind::Operate => Box::pin(async {
                let operation = async |_: &mut Part| std::future::pending::<()>().await;
                pool.with_resource(operation).await.map(|()| None)
            }),
        };
        self.begun += 1;
        self.flights.insert(self.begun, flight);
        self.model.begin(self.begun, kind);
        self.poll(self.begun);
    }

    fn poll(&mut self, id: usize) {
        let mut flight = self.flights.remove(&id).unwrap();
        let alarm = Alarm::new();
        let polled = panic::catch_unwind(AssertUnwindSafe(|| poll(&mut flight, &alarm)));
        let answer = match polled {
            Ok(Poll::Pending) => {
                self.flights.insert(id, flight);
                None
            }
            Ok(Poll::Ready(result)) => Some(self.answer(result)),
            Err(_) => Some(Answer::Panicked),
        };
        assert_eq!(answer, self.model.poll(id));
    }

    fn answer(&mut self, result: Result<Option<Lent>, PoolError<String>>) -> Answer {
        match result {
            Ok(Some(lent)) => {
                let number = lent.number;
                self.lent.push(lent);
                Answer::Lent(number)
            }
            Ok(None) => Answer::Maintained,
            Err(PoolError::Rejected(rejected)) if rejected.reason() == Reason::Closed => {
                Answer::Closed
            }
            Err(PoolError::Rejected(_)) => Answer::Full,
            Err(PoolError::NoneIdle { .. }) => Answer::NoneIdle,
            Err(PoolError::Create(_)) => Answer::CreateFailed,
            Err(PoolError::CreateTimeout { .. }) => Answer::CreateTimeout,
            Err(other) => panic!("{other:?}"),
        }
    }

    fn flight(&self, index: &Index) -> Option<usize> {
        let all: Vec<_> = self.flights.keys().copied().collect();
        (!all.is_empty()).then(|| *index.get(&all))
    }

    fn lent(&mut self, index: &Index) -> Option<(Lent, model::Part)> {
        if self.lent.is_empty() {
            return None;
        }
        let at = index.index(self.lent.len());
        Some((self.lent.remove(at), self.model.lent.remove(at)))
    }

    async fn take_step(&mut self, step: &Step) -> Option<()> {
        match step {
            Step::Begin(kind) => self.begin(*kind),
            Step::Poll(index) => {
                let id = self.flight(index)?;
                self.poll(id);
            }
            Step::Cancel(index) => {
                let id = self.flight(index)?;
                self.flights.remove(&id);
                self.model.cancel(id);
            }
            Step::Return(index, broken) => {
                let (mut lent, mut part) = self.lent(index)?;
                (lent.broken, part.broken) = (*broken, *broken);
                drop(lent);
                self.model.give_back(part);
            }
            Step::Discard(index) => {
                self.lent(index)?.0.discard();
                self.model.busy -= 1;
                self.model.discards.asked += 1;
            }
            Step::TakeOut(index) => {
                drop(self.lent(index)?.0.into_inner());
                self.model.busy -= 1;
                self.model.discards.taken += 1;
            }
            Step::Panic(index) => {
                let (lent, part) = self.lent(index)?;
                let user = AssertUnwindSafe(move || {
                    let _lent = lent;
                    panic::resume_unwind(Box::new("on purpose"));
                });
                assert!(panic::catch_unwind(user).is_err());
                if part.number % 2 == 0 {
                    self.model.give_back(part);
                } else {
                    self.model.busy -= 1;
                    self.model.discards.panicked += 1;
                }
            }
            Step::Advance(ms) => {
                tokio::time::advance(Duration::from_millis(*ms)).await;
                self.model.now += ms;
            }
            Step::Clear => {
                self.pool.clear_idle();
                self.model.discards.cleared += self.model.idle.drain(..).count() as u64;
            }
            Step::Close => {
                self.pool.close();
                self.model.closed = true;
                self.model.discards.closed += self.model.idle.drain(..).count() as u64;
            }
        }
        Some(())
    }

    fn compare(&self) {
        let (real, model) = (self.pool.snapshot(), &self.model);
        assert_eq!(self.prompter.calls.load(Ordering::SeqCst), model.calls);
        assert_eq!(real.bulkhead.busy, model.busy);
        assert_eq!(real.idle, model.idle.len());
        assert_eq!(real.created, model.created as u64);
        assert_eq!(real.recycled, model.recycled);
        assert_eq!(real.create_failures, model.failures);
        assert_eq!(real.create_timeouts, model.timeouts);
        assert_eq!(real.create_abandoned, model.abandoned);
        assert_eq!(real.discards, model.discards);
        assert_eq!(real.discarded, model.discards.total());
        assert_eq!(
            self.factory.alive() as u64,
            real.created - real.discarded,
            "what is not gone is alive"
        );
        assert!(self.factory.alive() <= model.places);
    }
}

proptest! {
    #[test]
    fn does_what_a_naive_model_does(
        (places, min_idle) in (1..5_usize).prop_flat_map(|places| (Just(places), 0..=places)),
        max_age in limit(),
        max_idle in limit(),
        scripts in prop::collection::vec(script(), 1..30),
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(tokio::task::unconstrained(async {
            let factory = Arc::<Factory>::default();
            let prompter = Arc::new(Prompter {
                scripts: scripts.clone(),
                calls: AtomicUsize::new(0),
            });
            let model = Model {
                places,
                min_idle,
                max_age,
                max_idle,
                scripts: scripts.clone(),
                now: BIRTH,
                ..Model::default()
            };
            let pool = build(&model, &factory, &prompter);
            let mut pair = Pair {
                pool: &pool,
                factory: Arc::clone(&factory),
                prompter,
                model,
                flights: BTreeMap::new(),
                begun: 0,
                lent: Vec::new(),
            };
            for step in &steps {
                pair.take_step(step).await;
                pair.compare();
            }
            pair.flights.clear();
            pair.lent.clear();
            assert_settled(&pool, &factory);
        }));
    }
}
