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
    Trim(usize),
    Clear,
    Close,
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..12_u64).prop_map(Step::Put),
        5 => Just(Step::Take),
        5 => Just(Step::Expire),
        1 => (0..10_usize).prop_map(Step::Trim),
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
    out: usize,
    gone: Vec<Cause>,
}

impl Model {
    /// What is over first is the cause; age, when both are at once.
    fn over(&self, &(_, created, since): &(u64, u64, u64)) -> Option<Cause> {
        let ends = [
            (self.max_age.map(|limit| created + limit), Cause::TooOld),
            (self.max_idle.map(|limit| since + limit), Cause::IdleTooLong),
        ];
        let past = ends
            .into_iter()
            .filter_map(|(end, cause)| Some((end.filter(|&end| self.now >= end)?, cause)));
        Some(past.min_by_key(|&(end, _)| end)?.1)
    }

    fn put(&mut self, number: u64, created: u64) -> Option<Cause> {
        let item = (number, created, self.now);
        let refused = if self.closed {
            Some(Cause::Closed)
        } else {
            self.over(&item)
        };
        match refused {
            Some(cause) => self.gone.push(cause),
            None => self.idle.push(item),
        }
        refused
    }

    fn remove(
        &mut self,
        gone: impl Fn(&Self, usize, &(u64, u64, u64)) -> Option<Cause>,
    ) -> Vec<u64> {
        let mut out = Vec::new();
        for (index, item) in mem::take(&mut self.idle).into_iter().enumerate() {
            match gone(self, index, &item) {
                Some(cause) => {
                    self.gone.push(cause);
                    out.push(item.0);
                }
                None => self.idle.push(item),
            }
        }
        out
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
            out: 0,
            gone: Vec::new(),
        };
        for (number, step) in (0..).zip(steps) {
            let now = at(model.now);
            match step {
                Step::Put(age) => {
                    let created = model.now - age;
                    let item = Item { resource: number, created_at: at(created), used: true };
                    shelf.reserve();
                    let refused = shelf.put(item, Some(now)).err();
                    if refused.is_some() {
                        prop_assert_eq!(shelf.present(), model.idle.len() + model.out + 1);
                    }
                    let refused = refused.map(|(_, cause)| cause);
                    prop_assert_eq!(refused, model.put(number, created));
                    if let Some(cause) = refused {
                        shelf.leave(cause);
                    }
                }
                Step::Take => {
                    let taken = shelf.take().map(|item| item.resource);
                    prop_assert_eq!(taken, model.idle.pop().map(|(number, ..)| number));
                    model.out += usize::from(taken.is_some());
                }
                Step::Expire => {
                    let expired = model.remove(|model, _, item| model.over(item));
                    prop_assert_eq!(shelf.expire(now), expired);
                }
                Step::Trim(places) => {
                    let room = places.saturating_sub(model.out);
                    let surplus = model.idle.len().saturating_sub(room);
                    let trimmed = model
                        .remove(|_, index, _| (index < surplus).then_some(Cause::Surplus));
                    prop_assert_eq!(shelf.trim(places), trimmed);
                }
                Step::Clear => {
                    prop_assert_eq!(shelf.clear(), model.remove(|_, _, _| Some(Cause::Cleared)));
                }
                Step::Close => {
                    prop_assert_eq!(shelf.close(), model.remove(|_, _, _| Some(Cause::Closed)));
                    model.closed = true;
                }
                Step::Advance(seconds) => model.now += seconds,
            }
            prop_assert_eq!(shelf.len(), model.idle.len());
            prop_assert_eq!(shelf.present(), model.idle.len() + model.out);
            let mut discards = Discards::default();
            for &cause in &model.gone {
                discards.add(cause, 1);
            }
            prop_assert_eq!(shelf.counts.discards, discards);
            prop_assert_eq!(discards.total(), model.gone.len() as u64);
        }
    }
}
