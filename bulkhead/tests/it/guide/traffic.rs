//! Callers that come by chance, in virtual time, through a real bulkhead.

use std::time::Duration;

use steadfast_bulkhead::{Bulkhead, Priority};
use tokio::{task::JoinSet, time};

use crate::support::Random;

/// Callers of one kind: they come at random, and hold their places for times that vary as at a telephone
/// exchange.
#[derive(Clone, Copy)]
pub(super) struct Crowd {
    pub(super) priority: Priority,
    pub(super) per_second: f64,
    pub(super) hold: Duration,
    /// When they go away, whether they have an answer or not.
    pub(super) leaves_after: Option<Duration>,
}

impl Crowd {
    pub(super) fn new(per_second: f64, hold: Duration) -> Self {
        Self {
            priority: Priority::Normal,
            per_second,
            hold,
            leaves_after: None,
        }
    }

    pub(super) fn of(self, priority: Priority) -> Self {
        Self { priority, ..self }
    }
}

/// What became of one call.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Ending {
    /// With the time in line, and the time until the answer.
    Answered(Duration, Duration),
    /// With the time in line.
    Refused(Duration),
    Left,
}

/// All calls of a crowd that came within this time, once the last of them has ended.
pub(super) type Endings = Vec<Ending>;

/// Sends the crowds through the bulkhead for so many seconds.
pub(super) async fn send<const N: usize>(
    bulkhead: &Bulkhead,
    crowds: [Crowd; N],
    seconds: u32,
) -> [Endings; N] {
    let senders = crowds
        .into_iter()
        .zip(1..)
        .map(|(crowd, seed)| tokio::spawn(arrive(bulkhead.clone(), crowd, seconds, Random(seed))));
    let senders: Vec<_> = senders.collect();
    let mut endings = [const { Vec::new() }; N];
    for (endings, sender) in endings.iter_mut().zip(senders) {
        *endings = sender.await.unwrap().join_all().await;
    }
    endings
}

async fn arrive(
    bulkhead: Bulkhead,
    crowd: Crowd,
    seconds: u32,
    mut random: Random,
) -> JoinSet<Ending> {
    let bulkhead = bulkhead.with_priority(crowd.priority);
    let mut calls = JoinSet::new();
    // All times are whole milliseconds, as tokio's timers are.
    let (mut at, mut now) = (0.0, 0);
    loop {
        at += exponential(&mut random) * 1000.0 / crowd.per_second;
        if at >= f64::from(seconds) * 1000.0 {
            return calls;
        }
        let next = at.round() as u64;
        if next > now {
            time::sleep(Duration::from_millis(next - now)).await;
            now = next;
        }
        let hold = exponential(&mut random) * crowd.hold.as_millis() as f64;
        let hold = Duration::from_millis(hold.round() as u64);
        calls.spawn(call(bulkhead.clone(), hold, crowd.leaves_after));
    }
}

async fn call(bulkhead: Bulkhead, hold: Duration, leaves_after: Option<Duration>) -> Ending {
    let call = async {
        match bulkhead.acquire().await {
            Ok(permit) => {
                time::sleep(hold).await;
                Ending::Answered(permit.waited(), permit.waited() + hold)
            }
            Err(rejected) => Ending::Refused(rejected.waited()),
        }
    };
    match leaves_after {
        Some(patience) => time::timeout(patience, call).await.unwrap_or(Ending::Left),
        None => call.await,
    }
}

/// A draw with the mean 1.
fn exponential(random: &mut Random) -> f64 {
    const STEPS: u64 = 1 << 53;
    -((random.below(STEPS) + 1) as f64 / STEPS as f64).ln()
}

/// The share of the calls that ended in such a way, in percent.
pub(super) fn percent(endings: &[Ending], such: impl Fn(Ending) -> bool) -> f64 {
    let count = endings.iter().filter(|ending| such(**ending)).count();
    100.0 * count as f64 / endings.len() as f64
}

/// Whether the answer came within this time.
pub(super) fn within(time: Duration) -> impl Fn(Ending) -> bool {
    move |ending| matches!(ending, Ending::Answered(_, answered) if answered <= time)
}

/// Whether the page says so, give or take one in a hundred, or in the last digit.
#[track_caller]
pub(super) fn assert_about(cell: &str, measured: f64) {
    let said: f64 = cell.split(' ').next().unwrap().parse().unwrap();
    let tolerance = (said / 50.0).max(1.0);
    assert!(
        (said - measured).abs() <= tolerance,
        "the page says {cell}, measured {measured:.1}"
    );
}
