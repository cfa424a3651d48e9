//! Rounds in which everybody takes a turn, so that a drift of the machine hits all of them alike.

use std::time::Duration;

use crate::case::{Case, Contender};
use crate::clock;
use crate::ratio::Ratio;

/// How much work a run is.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Effort {
    /// How long one turn of one contender is to take, if its case does not say longer. A turn is at least one operation.
    pub turn: Duration,
    /// How long the whole run is to take, finding out how much a turn is included.
    pub total: Duration,
    /// Rounds there are at least, however long they take.
    pub rounds: usize,
}

impl Effort {
    /// Enough for figures: turns of a millisecond, for 75 s.
    pub const FULL: Self = Self {
        turn: Duration::from_millis(1),
        total: Duration::from_secs(75),
        rounds: 5,
    };

    /// Enough for a few cases: 15 s.
    pub const SOME: Self = Self {
        total: Duration::from_secs(15),
        ..Self::FULL
    };

    /// One operation each, to see that everything runs.
    pub const ONCE: Self = Self {
        turn: Duration::ZERO,
        total: Duration::ZERO,
        rounds: 1,
    };
}

/// Runs all cases round by round. In a round each contender has one turn, and the one who begins a
/// case is another in each round. A contender's figure is the median of its turns.
pub fn take_turns(cases: &mut [Case], effort: Effort) -> Vec<Ratio> {
    let begin = clock::now();
    let mut runners: Vec<Vec<Runner<'_>>> = cases
        .iter_mut()
        .map(|case| {
            let turn = effort.turn * case.longer();
            let contenders = case.contenders().iter_mut();
            contenders
                .map(|contender| Runner::new(contender, turn))
                .collect()
        })
        .collect();
    let mut round = 0;
    while round < effort.rounds || begin.elapsed() < effort.total {
        for runners in &mut runners {
            for turn in 0..runners.len() {
                let next = (turn + round) % runners.len();
                runners[next].turn();
            }
        }
        round += 1;
    }
    let figures: Vec<Vec<(&'static str, f64)>> = runners
        .into_iter()
        .map(|runners| runners.into_iter().map(Runner::figure).collect())
        .collect();
    cases
        .iter()
        .zip(figures)
        .flat_map(|(case, figures)| ratios(case.name(), &figures))
        .collect()
}

fn ratios(case: &'static str, figures: &[(&'static str, f64)]) -> Vec<Ratio> {
    let Some(((_, ours), peers)) = figures.split_first() else {
        return Vec::new();
    };
    let ratio = |&(peer, theirs)| Ratio {
        case,
        ours: *ours,
        peer,
        theirs,
    };
    peers.iter().map(ratio).collect()
}

/// A contender on its way through the rounds.
struct Runner<'c> {
    contender: &'c mut Contender,
    times: u64,
    /// Nanoseconds for one operation, of each turn.
    turns: Vec<f64>,
}

impl<'c> Runner<'c> {
    fn new(contender: &'c mut Contender, turn: Duration) -> Self {
        let times = times_in(contender, turn);
        Self {
            contender,
            times,
            turns: Vec::new(),
        }
    }

    /// A short run first, not counted, brings its code and data back into the caches.
    fn turn(&mut self) {
        if self.times >= WARM_UP_SHARE {
            self.contender.run(self.times / WARM_UP_SHARE);
        }
        let took = self.contender.run(self.times);
        self.turns
            .push(took.as_secs_f64() * 1e9 / self.times as f64);
    }

    fn figure(mut self) -> (&'static str, f64) {
        (self.contender.name(), median(&mut self.turns))
    }
}

const WARM_UP_SHARE: u64 = 20;

/// How many operations fit into a turn; at least one. The answer is tried out: a run that was held up
/// may have passed for a full turn.
fn times_in(contender: &mut Contender, turn: Duration) -> u64 {
    if turn.is_zero() {
        return 1;
    }
    let mut times = 1;
    let mut took = quickest(contender, times);
    loop {
        while took * 4 < turn {
            times *= 4;
            took = quickest(contender, times);
        }
        let fit = u128::from(times) * turn.as_nanos() / took.as_nanos();
        let fit = u64::try_from(fit).unwrap_or(u64::MAX).max(1);
        took = quickest(contender, fit);
        if took * 4 >= turn {
            return fit;
        }
        times = fit;
    }
}

/// The quickest of a few runs: one alone may have been held up by something else on the machine, and
/// would pass for a full turn.
fn quickest(contender: &mut Contender, times: u64) -> Duration {
    let runs = (0..3).map(|_| contender.run(times));
    runs.min().unwrap_or_default()
}

/// The value in the middle; of an even number, the mean of the two there.
///
/// # Panics
/// If there are none.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 {
        values[half]
    } else {
        f64::midpoint(values[half - 1], values[half])
    }
}
