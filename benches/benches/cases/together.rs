//! Two callers on two threads, sharing one instance.

use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use steadfast_benches::clock;

use super::runtime::runtime;

const THREADS: usize = 2;

/// A run whose operations are shared out to two threads, each with a runtime of its own, which begin
/// together. It lasts from the first beginning to the last end.
///
/// `operation` makes a thread's own operation, whose results must be `Ok`.
///
/// Threads that the machine runs one after the other are no contention: such a run is done again, a
/// few times, before it is taken as it is.
pub(crate) fn together<T, E, Op>(operation: impl Fn() -> Op + Sync) -> impl FnMut(u64) -> Duration
where
    Op: AsyncFnMut() -> Result<T, E>,
{
    move |times| {
        let share = times.div_ceil(THREADS as u64);
        let mut ran = run(&operation, share);
        for _ in 0..AGAIN {
            if ran.is_together() {
                break;
            }
            ran = run(&operation, share);
        }
        ran.whole()
    }
}

const AGAIN: usize = 5;

fn run<T, E, Op>(operation: &(impl Fn() -> Op + Sync), times: u64) -> Ran
where
    Op: AsyncFnMut() -> Result<T, E>,
{
    let ready = AtomicUsize::new(0);
    let one = || {
        let mut operation = operation();
        runtime().block_on(async {
            ready.fetch_add(1, Ordering::AcqRel);
            while ready.load(Ordering::Acquire) < THREADS {
                spin_loop();
            }
            let start = clock::now();
            for _ in 0..times {
                assert!(black_box(operation().await).is_ok());
            }
            (start, clock::now())
        })
    };
    thread::scope(|scope| {
        let other = scope.spawn(one);
        Ran {
            this: one(),
            other: other.join().expect("a contender does not panic"),
        }
    })
}

/// When each thread began and ended.
struct Ran {
    this: (Instant, Instant),
    other: (Instant, Instant),
}

impl Ran {
    fn whole(&self) -> Duration {
        self.this.1.max(self.other.1) - self.this.0.min(self.other.0)
    }

    /// Whether both threads ran for nearly all of the time.
    fn is_together(&self) -> bool {
        let last_start = self.this.0.max(self.other.0);
        let first_end = self.this.1.min(self.other.1);
        let both = first_end.saturating_duration_since(last_start);
        both * 10 >= self.whole() * 8
    }
}
