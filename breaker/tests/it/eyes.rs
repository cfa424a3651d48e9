//! What fresh eyes tried to break.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use steadfast_breaker::{
    Cause, CircuitBreaker, Observer, Outcome, Permit, Reason, State, Transition, Window,
};

/// An open breaker that rejects without its lock never mixes one opening's cause with another's counts.
#[test]
fn a_rejection_tells_one_opening_and_not_a_mixture_of_two() {
    let breaker = CircuitBreaker::builder("torn")
        .failure_threshold(2)
        .failure_rate(0.5)
        .window(Window::Calls(4))
        .min_calls(4)
        .open_for(Duration::from_secs(3600))
        .build()
        .unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut torn = Vec::new();
            while !over.load(Ordering::Relaxed) {
                if let Err(rejected) = breaker.try_acquire() {
                    match rejected.reason() {
                        Reason::Open {
                            cause:
                                Cause::ConsecutiveFailures { failures: 2 }
                                | Cause::FailureRate {
                                    failures: 2,
                                    calls: 4,
                                },
                        } => {}
                        other => torn.push(format!("{other:?}")),
                    }
                }
            }
            torn
        });
        for nth in 0..100_000 {
            breaker.reset();
            let outcomes: &[Outcome] = if nth % 2 == 0 {
                &[Outcome::Failure; 2]
            } else {
                use Outcome::{Failure, Success};
                &[Success, Failure, Success, Failure]
            };
            for outcome in outcomes {
                breaker.observe(*outcome, Duration::ZERO);
            }
        }
        over.store(true, Ordering::Relaxed);
        let torn = reader.join().unwrap();
        assert!(torn.is_empty(), "{} torn: {}", torn.len(), torn[0]);
    });
}

struct Panics;

impl Observer for Panics {
    fn transition(&self, _: &Transition) {
        panic!("observer");
    }
}

/// The observer runs in a destructor, on a thread that unwinds already: a panic that got out would abort.
#[test]
fn an_observer_may_panic_while_a_call_unwinds() {
    let breaker = CircuitBreaker::builder("db")
        .failure_threshold(1)
        .observer(Panics)
        .build()
        .unwrap();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _permit = breaker.try_acquire().unwrap();
        let _ = breaker.call_blocking(|| -> Result<(), ()> { panic!("operation") });
    }));
    assert!(unwound.is_err());
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.in_flight), (State::Open, 0));
    assert_eq!((snapshot.totals.panicked, snapshot.totals.observer_panics), (2, 1));
}

/// A permit that lives in a thread-local ends in that thread's destructors, when the clock's, the lock's
/// and the counters' own thread-locals may be gone.
#[test]
fn calls_that_end_or_begin_while_their_thread_ends_are_counted() {
    struct Last(Option<Permit>, CircuitBreaker);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.take().unwrap().success();
            self.1.try_acquire().unwrap().success();
        }
    }
    thread_local! {
        static BEFORE: RefCell<Option<Last>> = const { RefCell::new(None) };
        static AFTER: RefCell<Option<Last>> = const { RefCell::new(None) };
    }
    let plain = CircuitBreaker::builder("plain").build().unwrap();
    let timed = CircuitBreaker::builder("timed")
        .slow_call_duration(Duration::from_secs(1))
        .slow_call_rate(0.5)
        .window(Window::Time(Duration::from_secs(1)))
        .build()
        .unwrap();
    for breaker in [plain, timed] {
        // More threads than there are numbers for them, at a time and one after another.
        for _ in 0..5 {
            std::thread::scope(|scope| {
                for _ in 0..20 {
                    scope.spawn(|| {
                        BEFORE.with(|_| ());
                        let last = || Last(Some(breaker.try_acquire().unwrap()), breaker.clone());
                        AFTER.set(Some(last()));
                        BEFORE.set(Some(last()));
                    });
                }
            });
        }
        // `scope` waits for the closures, not for the threads' destructors: count what must come.
        while breaker.snapshot().totals.success < 400 {
            std::thread::yield_now();
        }
        let snapshot = breaker.snapshot();
        assert_eq!((snapshot.totals.success, snapshot.in_flight), (400, 0));
    }
}
