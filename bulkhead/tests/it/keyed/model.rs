//! Random histories against a naive model: a list of keys, in the order in which they were used last,
//! and who holds them.

use std::{
    fmt,
    hash::{Hash, Hasher},
};

use proptest::{prelude::*, sample::Index};
use steadfast_bulkhead::{Bulkhead, Keyed};

#[derive(Debug, Clone)]
enum Step {
    /// Ask for a key, and drop the handle at once.
    Get(u8),
    /// Take a place of the key, and keep it.
    Hold(u8),
    /// Give back a place that is held.
    Release(Index),
    Close(u8),
    Remove(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..40_u8;
    prop_oneof![
        12 => key().prop_map(Step::Get),
        6 => key().prop_map(Step::Hold),
        4 => any::<Index>().prop_map(Step::Release),
        1 => key().prop_map(Step::Close),
        1 => key().prop_map(Step::Remove),
    ]
}

/// A key that shares its hash with a third of all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Clash(u8);

impl Hash for Clash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0 % 3).hash(state);
    }
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

struct Line {
    key: u8,
    /// Tells apart the bulkheads that a key has one after the other.
    number: u64,
    held: usize,
    closed: bool,
}

#[derive(Default)]
struct Model {
    max_keys: usize,
    /// Used last at the end.
    lines: Vec<Line>,
    pause: usize,
    created: u64,
    evicted: u64,
    removed: u64,
    overflowed: u64,
}

impl Model {
    /// The key's line, `None` if it is sent to the overflow.
    fn get(&mut self, key: u8) -> Option<&mut Line> {
        if let Some(at) = self.lines.iter().position(|line| line.key == key) {
            let used = self.lines.remove(at);
            self.lines.push(used);
            return self.lines.last_mut();
        }
        if self.lines.len() == self.max_keys {
            if self.pause > 0 {
                self.pause -= 1;
            } else {
                self.evict();
            }
        }
        if self.lines.len() == self.max_keys {
            self.overflowed += 1;
            return None;
        }
        self.created += 1;
        self.lines.push(Line {
            key,
            number: self.created,
            held: 0,
            closed: false,
        });
        self.lines.last_mut()
    }

    fn evict(&mut self) {
        let mut left = self.max_keys.div_ceil(8);
        self.lines.retain(|line| {
            let goes = left > 0 && line.held == 0 && !line.closed;
            left -= usize::from(goes);
            self.evicted += u64::from(goes);
            !goes
        });
        if self.lines.len() == self.max_keys {
            self.pause = self.max_keys / 8;
        }
    }

    fn remove(&mut self, key: u8) -> bool {
        let before = self.lines.len();
        self.lines.retain(|line| line.key != key);
        let gone = self.lines.len() < before;
        if gone {
            self.removed += 1;
            self.pause = 0;
        }
        gone
    }
}

fn assert_same(keyed: &Keyed<Clash>, model: &Model) -> Result<(), TestCaseError> {
    let snapshot = keyed.snapshot();
    prop_assert_eq!(snapshot.keys, model.lines.len());
    prop_assert_eq!(snapshot.created, model.created);
    prop_assert_eq!(snapshot.evicted, model.evicted);
    prop_assert_eq!(snapshot.removed, model.removed);
    prop_assert_eq!(snapshot.overflowed, model.overflowed);
    let mut found: Vec<_> = keyed
        .snapshots()
        .map(|(key, of)| (key.0, of.busy, of.closed))
        .collect();
    found.sort_unstable();
    let lines = model.lines.iter();
    let mut expected: Vec<_> = lines
        .map(|line| (line.key, line.held, line.closed))
        .collect();
    expected.sort_unstable();
    prop_assert_eq!(found, expected);
    Ok(())
}

fn is_own(bulkhead: &Bulkhead, key: u8) -> bool {
    bulkhead.name() == format!("model/{key}")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_the_naive_model(
        max_keys in 1..32_usize,
        steps in prop::collection::vec(step(), 1..250),
    ) {
        let keyed: Keyed<Clash> = Keyed::builder("model")
            .bulkhead(|each| each.max_concurrent(1000))
            .max_keys(max_keys)
            .build()
            .unwrap();
        let mut model = Model { max_keys, ..Model::default() };
        let mut held = Vec::new();
        for step in steps {
            match step {
                Step::Get(key) => {
                    let own = is_own(&keyed.get(&Clash(key)), key);
                    prop_assert_eq!(own, model.get(key).is_some());
                }
                Step::Hold(key) => {
                    let permit = keyed.try_acquire(&Clash(key));
                    match model.get(key) {
                        Some(line) if line.closed => prop_assert!(permit.is_err()),
                        Some(line) => {
                            line.held += 1;
                            held.push((line.number, permit.unwrap()));
                        }
                        // A place in the overflow holds no key.
                        None => prop_assert!(permit.is_ok()),
                    }
                }
                Step::Release(nth) => {
                    if !held.is_empty() {
                        let (number, permit) = held.swap_remove(nth.index(held.len()));
                        drop(permit);
                        // Of a bulkhead that was removed meanwhile there is no line.
                        if let Some(line) = model.lines.iter_mut().find(|line| line.number == number) {
                            line.held -= 1;
                        }
                    }
                }
                Step::Close(key) => {
                    let bulkhead = keyed.get(&Clash(key));
                    if let Some(line) = model.get(key) {
                        line.closed = true;
                        bulkhead.close();
                    }
                }
                Step::Remove(key) => {
                    prop_assert_eq!(keyed.remove(&Clash(key)).is_some(), model.remove(key));
                }
            }
            assert_same(&keyed, &model)?;
        }
    }
}
