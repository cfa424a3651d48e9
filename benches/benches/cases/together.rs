//! Two callers on two threads, sharing one instance.

use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use steadfast_benches::clock;

use super::runtime::runtime;

const THREADS: usize = 2;

/// A run whose operations are shared out to two threads, each with a runtime of its own, which begin
/// together. It takes as long as from the first beginning to the last end: time per operation, in
/// which two threads in parallel are worth half a thread's time.
///
/// `operation` makes a thread's own operation; as with `alone`, a result that is not Ok panics.
pub(crate) fn together<T, E, Op>(operation: impl Fn() -> Op + Sync) -> impl FnMut(u64) -> Duration
where
    Op: AsyncFnMut() -> Result<T, E>,
{
    move |times| {
        let share = times.div_ceil(THREADS as u64);
        let ready = AtomicUsize::new(0);
        let ran: Vec<(Instant, Instant)> = thread::scope(|scope| {
            let run = || {
                let mut operation = operation();
                runtime().block_on(async {
                    ready.fetch_add(1, Ordering::AcqRel);
                    while ready.load(Ordering::Acquire) < THREADS {
                        spin_loop();
                    }
                    let start = clock::now();
                    for _ in 0..share {
                        assert!(black_box(operation().await).is_ok());
                    }
                    (start, clock::now())
                })
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run)).collect();
            let join = |thread: thread::ScopedJoinHandle<'_, _>| thread.join();
            threads
                .into_iter()
                .map(|thread| join(thread).expect("a contender does not panic"))
                .collect()
        });
        let first = ran.iter().map(|(start, _)| *start).min();
        let last = ran.iter().map(|(_, end)| *end).max();
        match (first, last) {
            (Some(first), Some(last)) => last - first,
            _ => unreachable!("there are threads"),
        }
    }
}
