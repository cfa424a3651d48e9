//! Several callers, each on a thread of its own, sharing one instance.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use steadfast_benches::{clock, use_up};

use super::runtime::runtime;

/// A run whose operations are shared out to so many threads, each with a runtime of its own, which
/// begin together and take batches of them until none is left. It lasts from the first beginning to
/// the last end.
///
/// `operation` makes a thread's own operation. `expected` guards against measuring something else: any
/// other result panics.
///
/// Threads that the machine runs one after the other are no contention: where there is a core for
/// each, such a run is done again, a few times, before it is taken as it is.
pub(crate) fn together<T, E, Op>(
    threads: usize,
    operation: impl Fn() -> Op + Sync,
    expected: impl Fn(&Result<T, E>) -> bool + Sync,
) -> impl FnMut(u64) -> Duration
where
    Op: AsyncFnMut() -> Result<T, E>,
{
    let cores = thread::available_parallelism().map_or(1, usize::from);
    move |times| {
        let mut ran = run(threads, cores, &operation, &expected, times);
        for _ in 0..AGAIN {
            if threads > cores || ran.is_together() {
                break;
            }
            ran = run(threads, cores, &operation, &expected, times);
        }
        ran.whole()
    }
}

const AGAIN: usize = 5;

/// A thread takes its work in so many batches at least, so that all end at about the same time.
const BATCHES: u64 = 64;

/// Taking a batch of this many costs nothing against doing it.
const BATCH: u64 = 256;

fn run<T, E, Op>(
    threads: usize,
    cores: usize,
    operation: &(impl Fn() -> Op + Sync),
    expected: &(impl Fn(&Result<T, E>) -> bool + Sync),
    times: u64,
) -> Ran
where
    Op: AsyncFnMut() -> Result<T, E>,
{
    let ready = AtomicUsize::new(0);
    let given = AtomicU64::new(0);
    let batch = (times / (threads as u64 * BATCHES)).clamp(1, BATCH);
    let next = || {
        let from = given.fetch_add(batch, Ordering::Relaxed);
        let left = times.saturating_sub(from);
        (left > 0).then(|| left.min(batch))
    };
    let one = || {
        let mut operation = operation();
        runtime().block_on(async {
            ready.fetch_add(1, Ordering::AcqRel);
            while ready.load(Ordering::Acquire) < threads {
                if threads > cores {
                    thread::yield_now();
                } else {
                    spin_loop();
                }
            }
            let start = clock::now();
            while let Some(batch) = next() {
                for _ in 0..batch {
                    let answer = operation().await;
                    assert!(expected(&answer));
                    use_up(&answer);
                }
            }
            (start, clock::now())
        })
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(one)).collect();
        let mut each = vec![one()];
        for other in others {
            each.push(other.join().expect("a contender does not panic"));
        }
        Ran { each }
    })
}

/// When each thread began and ended.
struct Ran {
    each: Vec<(Instant, Instant)>,
}

impl Ran {
    fn whole(&self) -> Duration {
        let first_start = self.each.iter().map(|ran| ran.0).min();
        let last_end = self.each.iter().map(|ran| ran.1).max();
        span(first_start, last_end)
    }

    /// Whether all threads ran for nearly all of the time.
    fn is_together(&self) -> bool {
        let last_start = self.each.iter().map(|ran| ran.0).max();
        let first_end = self.each.iter().map(|ran| ran.1).min();
        span(last_start, first_end) * 10 >= self.whole() * 8
    }
}

fn span(from: Option<Instant>, to: Option<Instant>) -> Duration {
    from.zip(to).map_or(Duration::ZERO, |(from, to)| {
        to.saturating_duration_since(from)
    })
}
