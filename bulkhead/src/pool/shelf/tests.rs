//! The shelf beside a plain list that is looked through every time.

use proptest::prelude::*;

use super::*;
use crate::clock;

#[derive(Debug, Clone)]
enum Step {
    /// Puts in a resource that is this old.
    Put(u64),
    Take,
    Expire,
    Clear,
    Close,
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..12_u64).prop_map(Step::Put),
        5 => Just(Step::Take),
        5 => Just(Step::Expire),
        1 => Just(Step::Clear),
        1 => Just(Step::Close),
        6 => (0..6_u64).prop_map(Step::Advance),
    ]
}

fn limit() -> impl Strategy<Value = Option<u64>> {
    prop::option::of(1..15_u64)
}

/// Times in seconds since the beginning.
struct Model {
    max_age: Option<u64>,
    max_idle: Option<u64>,
    now: u64,
    closed: bool,
    /// Number, birthday, idle since.
    idle: Vec<(u64, u64, u64)>,
    discarded: u64,
}

impl Model {
    fn is_over(&self, &(_, created, since): &(u64, u64, u64)) -> bool {
        let over =
            |from: u64, limit: Option<u64>| limit.is_some_and(|limit| self.now - from >= limit);
        over(created, self.max_age) || over(since, self.max_idle)
    }

    fn put(&mut self, number: u64, created: u64) -> bool {
        let item = (number, created, self.now);
        let refused = self.closed || self.is_over(&item);
        if refused {
            self.discarded += 1;
        } else {
            self.idle.push(item);
        }
        refused
    }

    fn remove(&mut self, gone: impl Fn(&Self, &(u64, u64, u64)) -> bool) -> Vec<u64> {
        let (out, stay) = self.idle.iter().partition(|&item| gone(self, item));
        self.idle = stay;
        let out: Vec<(u64, u64, u64)> = out;
        self.discarded += out.len() as u64;
        out.into_iter().map(|(number, ..)| number).collect()
    }
}

proptest! {
    #[test]
    fn keeps_and_drops_what_a_plain_list_does(
        max_age in limit(),
        max_idle in limit(),
        steps in prop::collection::vec(step(), 1..100),
    ) {
        let start = clock::real();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let [age, idle] = [max_age, max_idle].map(|limit| limit.map(Duration::from_secs));
        let mut shelf = Shelf::new(age, idle);
        // Born long after the beginning, so that resources can be older than the test.
        let mut model = Model {
            max_age,
            max_idle,
            now: 100,
            closed: false,
            idle: Vec::new(),
            discarded: 0,
        };
        for (number, step) in (0..).zip(steps) {
            let now = at(model.now);
            match step {
                Step::Put(age) => {
                    let created = model.now - age;
                    let item = Item { resource: number, created_at: at(created) };
                    let refused = shelf.put(item, Some(now)).is_err();
                    prop_assert_eq!(refused, model.put(number, created));
                }
                Step::Take => {
                    let taken = shelf.take().map(|item| item.resource);
                    prop_assert_eq!(taken, model.idle.pop().map(|(number, ..)| number));
                }
                Step::Expire => prop_assert_eq!(shelf.expire(now), model.remove(Model::is_over)),
                Step::Clear => prop_assert_eq!(shelf.clear(), model.remove(|_, _| true)),
                Step::Close => {
                    prop_assert_eq!(shelf.close(), model.remove(|_, _| true));
                    model.closed = true;
                }
                Step::Advance(seconds) => model.now += seconds,
            }
            prop_assert_eq!(shelf.len(), model.idle.len());
            prop_assert_eq!(shelf.counts.discarded, model.discarded);
        }
    }
}
