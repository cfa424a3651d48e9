//! Models of what a breaker does without its lock, and around it: loom runs each of them through every
//! order in which its threads can take turns, and lets every read see every value that the memory model
//! allows. Run by
//! `RUSTFLAGS="--cfg steadfast_loom" cargo test --release --lib -p steadfast-breaker --no-default-features loom`.
//!
//! All threads of a model are one thread of the system. What is kept in the standard library ([`Sightings`],
//! the time, the counts of an `Arc`) is therefore known to all of them at once, and no turn is taken for it.
//! Time is what the model says, so that every run with the same turns is the same: it stands still but for
//! [`pass`]. The numbers of the threads are the real ones of `slot.rs`, with one to be had instead of
//! sixteen: of two threads one then has a cell of its own and the other shares, or the first hands its cell
//! on to the second.
//!
//! Every model has been seen to fail. Whoever changes what is modelled may want to break it again:
//!
//! | broken | noticed in |
//! |---|---|
//! | any ordering of the door relaxed, be it of word, time or counts, load or store | `door` |
//! | word out before the time or the counts; counts written at every transition | `door` |
//! | an open word not looked at again, or before the counts are read | `door` |
//! | any ordering of the counters relaxed, or of the numbers' hand-over | `counters` |
//! | shared cell loaded and stored; two threads with one number; an ending thread that keeps its cell | `counters` |
//! | snapshot reads the calls before their ends | `counters` |
//! | success that looks at its ticket alone, or at the present word alone | `outcomes`, `late`, `control` |
//! | failure that leaves the word calm; window calm before it is full | `outcomes` |
//! | result whose time is before the bucket's dropped | `outcomes` |
//! | run of failures read in another lock than it is written in | `outcomes` |
//! | ticket compared with the word before the lock | `transitions`, `control` |
//! | end of the open time, room for a probe, successful probes: read before the lock | `transitions` |
//! | opening told by whoever finds the breaker open; anything told under the lock | `transitions` |
//! | generation not looked at | `late`, `transitions`, `control` |
//! | mode, reset, settings or observer without a new word; a word from before the lock written back | `control` |
//! | end of a mode read before the lock; disabled call counted when it begins | `control` |
//! | state or mode not read under the lock when evicting | `eviction` |

mod control;
mod counters;
mod door;
mod eviction;
mod late;
mod outcomes;
mod transitions;

use std::cell::Cell;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use loom::thread::JoinHandle;

use crate::breaker::CircuitBreaker;
use crate::builder::Builder;
use crate::permit::Permit;
use crate::slot;
use crate::snapshot::Snapshot;
use crate::sync::{AtomicU64, Ordering};

const OPEN_FOR: Duration = Duration::from_secs(1);

std::thread_local! {
    static PASSED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// The present of the model that runs on this thread.
#[expect(clippy::disallowed_methods, reason = "any moment will do, once")]
pub(crate) fn instant() -> Instant {
    static BEGINNING: OnceLock<Instant> = OnceLock::new();
    *BEGINNING.get_or_init(Instant::now) + PASSED.get()
}

fn pass(time: Duration) {
    PASSED.set(PASSED.get() + time);
}

/// Tries out every order, with at most `LOOM_MAX_PREEMPTIONS` (3) turns taken from a thread against its
/// will.
fn model(run: impl Fn() + Send + Sync + 'static) {
    try_out(0, run);
}

/// The same for three threads, with one less, for they have many more orders.
fn model_of_three(run: impl Fn() + Send + Sync + 'static) {
    try_out(1, run);
}

fn try_out(less: usize, run: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(builder.preemption_bound.unwrap_or(3).saturating_sub(less));
    builder.check(move || {
        PASSED.set(Duration::ZERO);
        run();
        slot::end_thread();
    });
}

fn spawn<T: 'static>(run: impl FnOnce() -> T + 'static) -> JoinHandle<T> {
    loom::thread::spawn(move || {
        let result = run();
        slot::end_thread();
        result
    })
}

fn join<T>(thread: JoinHandle<T>) -> T {
    thread.join().unwrap()
}

/// Settings under which nothing happens by itself: one failure opens, one success closes, one probe.
fn brittle() -> Builder {
    CircuitBreaker::builder("modelled")
        .failure_threshold(1)
        .success_threshold(1)
        .open_for(OPEN_FOR)
}

fn build(builder: Builder) -> CircuitBreaker {
    builder.build().unwrap()
}

fn admitted(breaker: &CircuitBreaker) -> Permit {
    breaker.try_acquire().unwrap()
}

/// A breaker that has opened and would let a probe through.
fn due_for_a_probe(builder: Builder) -> CircuitBreaker {
    let breaker = build(builder);
    admitted(&breaker).failure();
    pass(OPEN_FOR);
    breaker
}

/// The last reading, when all of so many admitted calls have ended: each was counted once.
fn settled(breaker: &CircuitBreaker, calls: u64) -> Snapshot {
    let snapshot = breaker.snapshot();
    let totals = &snapshot.totals;
    let ended = totals.success + totals.failure + totals.ignored + totals.abandoned;
    assert_eq!(ended, calls, "{totals:?}");
    // Not `in_flight`, which would hide that one is missing.
    assert_eq!(breaker.shared().counters.admitted(), calls);
    snapshot
}

/// Something that has happened before whatever a thread does that sees it.
struct Mark(AtomicU64);

impl Mark {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(0)))
    }

    fn set(&self) {
        self.0.store(1, Ordering::Release);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire) == 1
    }
}

/// What was seen in any of a model's runs: without this a model that never comes to its point would pass.
struct Sightings(std::sync::atomic::AtomicU64);

impl Sightings {
    const fn none() -> Self {
        Self(std::sync::atomic::AtomicU64::new(0))
    }

    /// Remembers one of up to 64 things.
    fn add(&self, what: u32) {
        self.0.fetch_or(1 << what, Ordering::Relaxed);
    }

    #[track_caller]
    fn assert_all(&self, what: std::ops::Range<u32>) {
        let seen = self.0.load(Ordering::Relaxed);
        for what in what {
            assert!(seen >> what & 1 == 1, "{what} never came about");
        }
    }
}
