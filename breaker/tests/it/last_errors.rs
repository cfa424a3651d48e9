//! The errors that are written down for people.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use steadfast_breaker::{CircuitBreaker, LastError, Observer, Outcome, State, Transition};

fn breaker() -> CircuitBreaker {
    let builder = CircuitBreaker::builder("payments").failure_threshold(3);
    builder.build().unwrap()
}

fn told(breaker: &CircuitBreaker) -> Vec<(String, String, u64)> {
    let errors = breaker.snapshot().last_errors.into_iter();
    let told = |error: LastError| {
        let (class, message) = (error.class.to_string(), error.message.to_string());
        (class, message, error.count)
    };
    errors.map(told).collect()
}

#[tokio::test(start_paused = true)]
async fn each_class_tells_its_last_message_how_many_and_when() {
    let breaker = breaker();
    assert_eq!(breaker.snapshot().last_errors, []);
    breaker.note_error("connect", "connection refused");
    tokio::time::advance(Duration::from_secs(5)).await;
    breaker.note_error("timeout", "no answer within 2s");
    tokio::time::advance(Duration::from_secs(1)).await;
    breaker.note_error("connect", "no route to host");
    tokio::time::advance(Duration::from_secs(2)).await;

    let errors = breaker.snapshot().last_errors;
    let [connect, timeout] = &errors[..] else {
        panic!("two classes: {errors:?}");
    };
    assert_eq!(&*connect.class, "connect");
    assert_eq!(&*connect.message, "no route to host");
    assert_eq!(connect.count, 2);
    assert_eq!(connect.first_ago, Duration::from_secs(8));
    assert_eq!(connect.last_ago, Duration::from_secs(2));
    assert_eq!((&*timeout.class, timeout.count), ("timeout", 1));
    assert_eq!(timeout.first_ago, Duration::from_secs(3));
    assert_eq!(timeout.last_ago, Duration::from_secs(3));
}

/// They decide nothing: neither of them opens a breaker, and no change of it forgets them.
#[test]
fn they_count_nothing_and_outlive_everything() {
    let breaker = breaker();
    for _ in 0..100 {
        breaker.note_error("503", "Service Unavailable");
    }
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.snapshot().totals.failure, 0);
    breaker.reset();
    breaker.reconfigure(breaker.config()).unwrap();
    assert_eq!(
        told(&breaker),
        [("503".into(), "Service Unavailable".into(), 100)]
    );
}

#[derive(Default)]
struct Why(
    Mutex<Vec<(State, Vec<LastError>)>>,
    Mutex<Option<CircuitBreaker>>,
);

impl Observer for Why {
    fn transition(&self, transition: &Transition) {
        let breaker = self.1.lock().unwrap().clone().unwrap();
        let errors = breaker.snapshot().last_errors;
        self.0.lock().unwrap().push((transition.to, errors));
    }
}

/// "So that an observer of the transition already finds it."
#[test]
fn who_hears_that_it_opened_finds_the_error_that_opened_it() {
    let why = Arc::new(Why::default());
    let breaker = CircuitBreaker::builder("payments")
        .failure_threshold(1)
        .observer(Arc::clone(&why))
        .build()
        .unwrap();
    *why.1.lock().unwrap() = Some(breaker.clone());
    let permit = breaker.try_acquire().unwrap();
    permit.note_error("connect", format_args!("port {} is shut", 80));
    permit.failure();
    let heard = why.0.lock().unwrap();
    let [(State::Open, errors)] = &heard[..] else {
        panic!("it opened once: {heard:?}");
    };
    assert_eq!(&*errors[0].message, "port 80 is shut");
    // An observer that holds its breaker is a ring.
    why.1.lock().unwrap().take();
}

/// Whatever it was that ran: a call, a blocking one, a classifier, somebody with a permit.
#[tokio::test]
async fn a_panic_is_noted_by_itself() {
    let breaker = CircuitBreaker::builder("payments")
        .failure_threshold(100)
        .build()
        .unwrap();
    let panics = |code: &dyn Fn()| assert!(catch_unwind(AssertUnwindSafe(code)).is_err());
    panics(&|| drop(breaker.call_blocking(|| -> Result<(), ()> { panic!("boom") })));
    panics(&|| {
        let judge = |_: &Result<(), ()>| -> Outcome { panic!("boom") };
        drop(breaker.classify(judge).call_blocking(|| Ok(())));
    });
    panics(&|| {
        let _permit = breaker.try_acquire().unwrap();
        panic!("boom");
    });
    let call = breaker.call(|| async { panic!("boom") });
    let call = AssertUnwindSafe(call);
    let ended = futures_util::FutureExt::catch_unwind(call).await;
    assert!((ended.map(|_: Result<(), steadfast_breaker::Error<()>>| ())).is_err());
    assert_eq!(
        told(&breaker),
        [("panic".into(), "the call panicked".into(), 4)]
    );
    // One that is only dropped is none.
    drop(breaker.try_acquire().unwrap());
    assert_eq!(told(&breaker)[0].2, 4);
}

/// What prints the message is the user's: it may use the breaker, and panic.
#[test]
fn printing_happens_outside_the_lock() {
    struct Nosy<'a>(&'a CircuitBreaker);
    impl fmt::Display for Nosy<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.note_error("inner", "heard while printing");
            write!(f, "{} before", self.0.snapshot().last_errors.len())
        }
    }
    struct Bad;
    impl fmt::Display for Bad {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("cannot be printed")
        }
    }
    let breaker = breaker();
    breaker.note_error("outer", Nosy(&breaker));
    let panicked = catch_unwind(AssertUnwindSafe(|| breaker.note_error("bad", Bad)));
    assert!(panicked.is_err());
    let mut told = told(&breaker);
    told.sort();
    assert_eq!(
        told,
        [
            ("inner".into(), "heard while printing".into(), 1),
            ("outer".into(), "1 before".into(), 1),
        ]
    );
}

#[test]
fn a_message_is_one_short_line() {
    let breaker = breaker();
    breaker.note_error("a\nb", format!("first\nsecond {}", "x".repeat(1000)));
    let (class, message, _) = told(&breaker).remove(0);
    assert_eq!(class, "a b");
    assert_eq!(message.len(), 240);
    assert!(message.starts_with("first second x") && message.ends_with("x…"));
}

#[test]
fn ten_thousand_threads_worth_of_errors_are_all_counted() {
    let breaker = breaker();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for nth in 0..1_250 {
                    let class = ["timeout", "connect"][nth % 2];
                    breaker.note_error(class, nth);
                }
            });
        }
    });
    let counts: u64 = told(&breaker).iter().map(|(.., count)| count).sum();
    assert_eq!(counts, 10_000);
}

/// All errors there were, kept whole.
#[derive(Default)]
struct Naive(Vec<(u8, u16, Duration)>);

impl Naive {
    /// The classes of which one came last. One that was pushed out begins anew.
    fn read(&self) -> Vec<(String, String, u64, Duration, Duration)> {
        let mut kept: Vec<(u8, u16, u64, Duration, Duration)> = Vec::new();
        for &(class, message, at) in &self.0 {
            match kept.iter().position(|kept| kept.0 == class) {
                Some(found) => {
                    let (class, _, count, first, _) = kept.remove(found);
                    kept.push((class, message, count + 1, first, at));
                }
                None => {
                    if kept.len() == 8 {
                        kept.remove(0);
                    }
                    kept.push((class, message, 1, at, at));
                }
            }
        }
        let kept = kept.into_iter().rev();
        kept.map(|(class, message, count, first, last)| {
            (class.to_string(), message.to_string(), count, first, last)
        })
        .collect()
    }
}

proptest! {
    #[test]
    fn they_agree_with_all_errors_kept_whole(
        errors in prop::collection::vec((0u8..12, 0u16..3, 1u64..5), 0..60),
        reads in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let breaker = breaker();
            let mut naive = Naive::default();
            let mut at = Duration::ZERO;
            for (class, message, wait) in errors {
                let wait = Duration::from_millis(wait);
                tokio::time::advance(wait).await;
                at += wait;
                breaker.note_error(&class.to_string(), message);
                naive.0.push((class, message, at));
                if reads {
                    let _ = breaker.snapshot();
                }
            }
            let told = breaker.snapshot().last_errors.into_iter().map(|error| (
                error.class.to_string(),
                error.message.to_string(),
                error.count,
                at - error.first_ago,
                at - error.last_ago,
            ));
            prop_assert_eq!(told.collect::<Vec<_>>(), naive.read());
            Ok(())
        })?;
    }
}
