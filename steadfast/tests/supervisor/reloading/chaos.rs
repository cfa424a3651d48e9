//! Any settings after any others, with some of the components in use.

use std::collections::BTreeMap;

use steadfast::breaker::{CircuitBreaker, Mode};
use steadfast::bulkhead::Bulkhead;
use steadfast::supervisor::Supervisor;

use crate::support::{config, started};

const NAMES: [&str; 3] = ["a", "b", "c"];

#[tokio::test(start_paused = true)]
async fn whatever_came_before_what_the_file_says_holds_and_is_told_once() {
    for seed in 1..=12 {
        let mut dice = Dice::new(seed);
        let supervisor = started("").await;
        let mut held = BTreeMap::new();
        for _ in 0..25 {
            let file = File::thrown(&mut dice);
            let text = file.text();
            let first = supervisor.apply(config(&text)).await.unwrap();
            let again = supervisor.apply(config(&text)).await.unwrap();
            assert!(again.applied.is_empty(), "{text}\n{first}\n{again}");
            let waiting = first.needs_restart.len();
            assert_eq!(again.needs_restart.len(), waiting, "{first}\n{again}");
            file.holds(&supervisor, &mut held);
            for name in NAMES {
                match (dice.of(4), file.parts.get(name)) {
                    (0, _) => drop(held.remove(name)),
                    (1, Some(part)) => {
                        held.insert(name, Held::of(&supervisor, name, part.limit));
                    }
                    _ => {}
                }
            }
        }
    }
}

/// What a file says.
struct File {
    breakers: bool,
    bulkheads: bool,
    retry: bool,
    parts: BTreeMap<&'static str, Part>,
}

/// Components of one name.
struct Part {
    limit: usize,
    /// Which stays as it was when the bulkhead was built.
    hold_times: bool,
    has_check: bool,
}

impl File {
    fn thrown(dice: &mut Dice) -> Self {
        let is_in = NAMES.into_iter().filter(|_| dice.of(2) == 0);
        let is_in: Vec<_> = is_in.collect();
        let part = |name| {
            let part = Part {
                limit: 1 + dice.of(9),
                hold_times: dice.of(4) == 0,
                has_check: dice.of(2) == 0,
            };
            (name, part)
        };
        let parts = is_in.into_iter().map(part).collect();
        let [breakers, bulkheads, retry] = [(); 3].map(|()| dice.of(2) == 0);
        Self {
            breakers,
            bulkheads,
            retry,
            parts,
        }
    }

    fn text(&self) -> String {
        let switches = format!(
            "circuit_breakers_enabled = {}\nbulkheads_enabled = {}\nretry_enabled = {}\n",
            self.breakers, self.bulkheads, self.retry
        );
        let part = |(name, part): (&&str, &Part)| {
            let (limit, hold_times) = (part.limit, part.hold_times);
            let checks = match part.has_check {
                true => format!(
                    "[health.checks.'breaker/{name}']\ntimeout = '{limit}s'
                     [health.checks.'bulkhead/{name}']\ndepends_on = ['breaker/{name}']\n"
                ),
                false => String::new(),
            };
            format!(
                "[circuit_breakers.{name}]\nfailure_threshold = {limit}
                 [bulkheads.{name}]\nmax_concurrent = {limit}\nhold_times = {hold_times}
                 [retries.{name}]\n[http_clients.{name}]\n{checks}"
            )
        };
        let parts = self.parts.iter().map(part);
        [switches].into_iter().chain(parts).collect()
    }

    /// Checks that it is in force, for what is in it and for what is retired.
    fn holds(&self, supervisor: &Supervisor, held: &mut BTreeMap<&'static str, Held>) {
        let health = supervisor.health().get_health();
        let mut retired = Vec::new();
        for name in NAMES {
            let check = format!("breaker/{name}");
            let part = self.parts.get(name);
            assert_eq!(supervisor.breaker(name).is_ok(), part.is_some(), "{name}");
            assert_eq!(health.component(&check).is_some(), part.is_some());
            let Some(one) = held.get_mut(name) else {
                continue;
            };
            if let Some(part) = part {
                one.is_that_of(supervisor, name);
                one.limit = part.limit;
            } else {
                retired.extend(["bulkheads", "circuit_breakers"].map(|it| format!("{it}.{name}")));
            }
            let mode = match self.breakers {
                true => Mode::Automatic,
                false => Mode::Disabled,
            };
            let limit = match self.bulkheads {
                true => one.limit,
                false => Bulkhead::MAX_PLACES,
            };
            assert_eq!(one.breaker.mode(), mode, "{name}");
            assert_eq!(one.bulkhead.config().max_concurrent, limit, "{name}");
        }
        let mut told = supervisor.snapshot_now().retired.clone();
        told.sort();
        retired.sort();
        assert_eq!(told, retired);
    }
}

/// Components that are in use.
struct Held {
    breaker: CircuitBreaker,
    bulkhead: Bulkhead,
    /// What the file said last.
    limit: usize,
}

impl Held {
    fn of(supervisor: &Supervisor, name: &str, limit: usize) -> Self {
        Self {
            breaker: supervisor.breaker(name).unwrap(),
            bulkhead: supervisor.bulkhead(name).unwrap(),
            limit,
        }
    }

    fn is_that_of(&self, supervisor: &Supervisor, name: &str) {
        let there = Self::of(supervisor, name, self.limit);
        assert!(there.breaker.ptr_eq(&self.breaker), "{name}");
        let (one, other) = (there.bulkhead.downgrade(), self.bulkhead.downgrade());
        assert!(one.ptr_eq(&other), "{name}");
    }
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed))
    }

    fn of(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as usize % sides
    }
}
