//! Observers hear every rare event, outside the lock, and cannot hurt a call.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast_breaker::{Cause, CircuitBreaker, Observer, Rejected, State, Transition};
use tokio::time::advance;

#[derive(Default)]
struct Log {
    transitions: Mutex<Vec<(State, State, Cause, u64)>>,
    rejections: Mutex<Vec<String>>,
}

impl Observer for Log {
    fn transition(&self, transition: &Transition) {
        let Transition {
            from,
            to,
            cause,
            generation,
            ..
        } = *transition;
        assert_eq!(&*transition.name, "db");
        self.transitions
            .lock()
            .unwrap()
            .push((from, to, cause, generation));
    }

    fn rejected(&self, rejected: &Rejected) {
        self.rejections.lock().unwrap().push(rejected.to_string());
    }
}

struct Panicking;

impl Observer for Panicking {
    fn transition(&self, _: &Transition) {
        panic!("observer");
    }

    fn rejected(&self, _: &Rejected) {
        panic!("observer");
    }
}

#[tokio::test(start_paused = true)]
async fn hears_every_transition_and_rejection_in_order() {
    let log = Arc::new(Log::default());
    let breaker = CircuitBreaker::builder("db")
        .failure_threshold(1)
        .success_threshold(1)
        .observer(log.clone())
        .build()
        .unwrap();
    breaker.try_acquire().unwrap().failure();
    breaker.try_acquire().unwrap_err();
    advance(Duration::from_secs(30)).await;
    breaker.try_acquire().unwrap().success();
    assert_eq!(
        *log.transitions.lock().unwrap(),
        [
            (
                State::Closed,
                State::Open,
                Cause::ConsecutiveFailures { failures: 1 },
                1
            ),
            (State::Open, State::HalfOpen, Cause::OpenElapsed, 2),
            (State::HalfOpen, State::Closed, Cause::ProbesSucceeded, 3),
        ]
    );
    assert_eq!(
        *log.rejections.lock().unwrap(),
        ["circuit breaker db is open: a call failed; retry after 30s"]
    );
}

#[test]
fn a_panicking_observer_hurts_neither_the_call_nor_the_other_observers() {
    let log = Arc::new(Log::default());
    let breaker = CircuitBreaker::builder("db")
        .failure_threshold(1)
        .observer(Panicking)
        .build()
        .unwrap();
    breaker.add_observer(log.clone());
    let answer = breaker.call_blocking(|| Err::<(), _>("down"));
    assert_eq!(answer.unwrap_err().into_operation(), Some("down"));
    breaker.try_acquire().unwrap_err();
    assert_eq!(breaker.snapshot().totals.observer_panics, 2);
    assert_eq!(log.transitions.lock().unwrap().len(), 1);
    assert_eq!(log.rejections.lock().unwrap().len(), 1);
}

/// Would deadlock if observers ran inside the lock.
#[test]
fn an_observer_may_use_the_breaker_it_observes() {
    struct Reading(Mutex<Option<CircuitBreaker>>, Mutex<Vec<State>>);
    impl Observer for Reading {
        fn transition(&self, _: &Transition) {
            let breaker = self.0.lock().unwrap().clone().unwrap();
            self.1.lock().unwrap().push(breaker.snapshot().state);
            breaker.add_observer(Arc::new(Log::default()));
        }
    }
    let reading = Arc::new(Reading(Mutex::default(), Mutex::default()));
    let breaker = CircuitBreaker::builder("db")
        .failure_threshold(1)
        .observer(reading.clone())
        .build()
        .unwrap();
    *reading.0.lock().unwrap() = Some(breaker.clone());
    breaker.try_acquire().unwrap().failure();
    assert_eq!(*reading.1.lock().unwrap(), [State::Open]);
    *reading.0.lock().unwrap() = None;
}
