//! Random histories against a naive model: a list of keys, when they were used, and whether they may go.

use std::time::Duration;

use proptest::prelude::*;
use steadfast_breaker::{CircuitBreaker, Keyed, State, WeakCircuitBreaker};

const IDLE: u64 = 60;
const OPEN_FOR: u64 = 40;

#[derive(Debug, Clone, Copy)]
enum Op {
    /// Ask for a key and make a call, if it is let through, that ends like this.
    Call(u8, bool),
    /// Ask for a key and keep the handle.
    Hold(u8),
    /// Give back the nth handle still held.
    Release(usize),
    Peek(u8),
    Remove(u8),
    EvictIdle,
    Advance(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let key = || 0..40_u8;
    prop_oneof![
        12 => (key(), prop::bool::weighted(0.7)).prop_map(|(key, good)| Op::Call(key, good)),
        4 => key().prop_map(Op::Hold),
        3 => any::<usize>().prop_map(Op::Release),
        1 => key().prop_map(Op::Peek),
        1 => key().prop_map(Op::Remove),
        1 => Just(Op::EvictIdle),
        2 => (1..50_u64).prop_map(Op::Advance),
    ]
}

struct Line {
    key: u8,
    used: u64,
    open_since: Option<u64>,
    held: usize,
    breaker: WeakCircuitBreaker,
}

#[derive(Default)]
struct Model {
    now: u64,
    max_keys: usize,
    lines: Vec<Line>,
    /// Since the last search for room.
    misses: usize,
    looked: u64,
    created: u64,
    evicted: u64,
    removed: u64,
    overflowed: u64,
}

impl Model {
    fn line(&mut self, key: u8) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.key == key)
    }

    /// A tenth of a millisecond for each key, in milliseconds.
    fn paused(&self, at_least: u64) -> bool {
        let elapsed = self.now - self.looked;
        elapsed >= at_least && 10 * elapsed >= self.lines.len() as u64
    }

    /// Asks for a key. Whether it has a breaker of its own then; that may be a new one.
    fn get(&mut self, key: u8, breaker: &CircuitBreaker) -> bool {
        let now = self.now;
        if let Some(line) = self.line(key) {
            line.used = now;
            return true;
        }
        self.misses += 1;
        if self.lines.len() == self.max_keys {
            if 8 * self.misses >= self.lines.len() || self.paused(0) {
                self.misses = 0;
                self.looked = now;
                self.evict(self.max_keys.div_ceil(8));
            }
        } else if self.paused(IDLE) {
            self.looked = now;
            self.evict(0);
        }
        if self.lines.len() == self.max_keys {
            self.overflowed += 1;
            return false;
        }
        self.created += 1;
        self.lines.push(Line {
            key,
            used: now,
            open_since: None,
            held: 0,
            breaker: breaker.downgrade(),
        });
        true
    }

    fn evict(&mut self, room: usize) -> usize {
        let now = self.now;
        self.lines.sort_by_key(|line| line.used);
        let mut gone = 0;
        self.lines.retain(|line| {
            let may_go = line.open_since.is_none() && line.held == 0;
            let goes = may_go && (now - line.used >= IDLE || gone < room);
            gone += usize::from(goes);
            !goes
        });
        self.evicted += gone as u64;
        gone
    }

    /// What a call does to the key's own breaker.
    fn call(&mut self, key: u8, good: bool) {
        let now = self.now;
        if let Some(line) = self.line(key) {
            line.open_since = match line.open_since {
                Some(since) if now - since < OPEN_FOR => Some(since),
                _ if good => None,
                _ => Some(now),
            };
        }
    }
}

fn paused<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_the_naive_model(
        max_keys in 1..32_usize,
        ops in prop::collection::vec(op(), 1..250),
    ) {
        paused(async {
            let keyed: Keyed<u8> = Keyed::builder("model")
                .breaker(|each| {
                    each.failure_threshold(1)
                        .success_threshold(1)
                        .open_for(Duration::from_millis(OPEN_FOR))
                })
                .max_keys(max_keys)
                .idle_after(Duration::from_millis(IDLE))
                .build()
                .unwrap();
            let mut model = Model { max_keys, ..Model::default() };
            let mut held = Vec::new();
            for op in ops {
                match op {
                    Op::Call(key, good) => {
                        let breaker = keyed.get(&key);
                        let own = model.get(key, &breaker);
                        prop_assert_eq!(own, !breaker.ptr_eq(&keyed.overflow()));
                        if own {
                            model.call(key, good);
                            let _ = breaker.call_blocking(|| if good { Ok(()) } else { Err(()) });
                        }
                    }
                    Op::Hold(key) => {
                        let breaker = keyed.get(&key);
                        if model.get(key, &breaker) {
                            model.line(key).unwrap().held += 1;
                            held.push((key, breaker));
                        }
                    }
                    Op::Release(nth) => {
                        if !held.is_empty() {
                            let (key, breaker) = held.swap_remove(nth % held.len());
                            // Not counted if the key was removed meanwhile.
                            let weak = breaker.downgrade();
                            if let Some(line) = model.line(key).filter(|line| line.breaker.ptr_eq(&weak)) {
                                line.held -= 1;
                            }
                        }
                    }
                    Op::Peek(key) => {
                        let peeked = keyed.peek(&key);
                        prop_assert_eq!(peeked.is_some(), model.line(key).is_some());
                    }
                    Op::Remove(key) => {
                        let known = model.lines.len();
                        model.lines.retain(|line| line.key != key);
                        model.removed += (known - model.lines.len()) as u64;
                        prop_assert_eq!(keyed.remove(&key).is_some(), model.lines.len() < known);
                    }
                    Op::EvictIdle => prop_assert_eq!(keyed.evict_idle(), model.evict(0)),
                    Op::Advance(millis) => {
                        tokio::time::advance(Duration::from_millis(millis)).await;
                        model.now += millis;
                    }
                }
                for line in &model.lines {
                    let breaker = keyed.peek(&line.key);
                    prop_assert!(breaker.is_some(), "{} is missing", line.key);
                    let breaker = breaker.unwrap();
                    prop_assert!(breaker.downgrade().ptr_eq(&line.breaker), "{} is another", line.key);
                    prop_assert_eq!(breaker.state() == State::Closed, line.open_since.is_none());
                }
                let snapshot = keyed.snapshot();
                prop_assert_eq!(snapshot.keys, model.lines.len());
                prop_assert_eq!(snapshot.created, model.created);
                prop_assert_eq!(snapshot.evicted, model.evicted);
                prop_assert_eq!(snapshot.removed, model.removed);
                prop_assert_eq!(snapshot.overflowed, model.overflowed);
                // No two uses at the same time, so that the longest unused is always known.
                tokio::time::advance(Duration::from_millis(1)).await;
                model.now += 1;
            }
            Ok(())
        })?;
    }
}
