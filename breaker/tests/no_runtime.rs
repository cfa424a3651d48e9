//! The breaker without a runtime: passes with and without the feature `tokio`.

use std::cell::RefCell;
use std::time::Duration;

use futures_util::FutureExt;
use steadfast_breaker::{CircuitBreaker, Permit, State, Window};

#[test]
fn every_door_works_without_a_runtime() {
    let breaker = CircuitBreaker::builder("plain")
        .failure_threshold(2)
        .success_threshold(1)
        .open_for(Duration::from_nanos(1))
        .build()
        .unwrap();
    assert!(breaker.call_blocking(|| Err::<(), _>(())).is_err());
    let call = breaker.call(|| async { Err::<(), _>(()) });
    assert!(call.now_or_never().unwrap().is_err());
    assert_eq!(breaker.state(), State::Open);
    // At most as many turns as the clock needs to move by a nanosecond.
    let permit = (0..1_000_000).find_map(|_| breaker.try_acquire().ok());
    permit.unwrap().success();
    assert_eq!(breaker.state(), State::Closed);
}

/// A permit that lives in a thread-local ends in that thread's destructors, when the counters' own
/// thread-locals may be gone; and a call may begin there. (In here, for tokio's clock does not work there
/// once a test of the same process has paused it.)
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
            let threads: Vec<_> = (0..20)
                .map(|_| {
                    let breaker = breaker.clone();
                    std::thread::spawn(move || {
                        BEFORE.with(|_| ());
                        let last = || Last(Some(breaker.try_acquire().unwrap()), breaker.clone());
                        AFTER.set(Some(last()));
                        BEFORE.set(Some(last()));
                    })
                })
                .collect();
            // A joined thread has run its destructors, one that a scope waited for may not have.
            for thread in threads {
                thread.join().unwrap();
            }
        }
        let snapshot = breaker.snapshot();
        assert_eq!((snapshot.totals.success, snapshot.in_flight), (400, 0));
    }
}
