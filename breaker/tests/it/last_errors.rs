//! The errors that are written down for people.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use steadfast_breaker::{
    CircuitBreaker, Keyed, LastError, Mode, Observer, Outcome, State, Transition,
};

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

/// What others say may end up here, a server for one: it must not turn around what is shown beside it.
#[test]
fn a_message_neither_ends_its_line_nor_turns_its_direction() {
    let breaker = breaker();
    let marks = "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2028}\u{2029}\u{2066}\u{2067}\u{2068}\u{2069}";
    for mark in marks.chars() {
        breaker.note_error(&format!("a{mark}b"), format!("c{mark}d"));
    }
    assert_eq!(told(&breaker), [("a b".into(), "c d".into(), 14)]);
    // What letters of other scripts are made of stays, and so does what joins them.
    breaker.note_error("a b", "שלום \u{200c}\u{200d} é");
    assert_eq!(told(&breaker)[0].1, "שלום \u{200c}\u{200d} é");
}

/// Clocks are coarse, and that of a test may stand still: which came last is told by the order.
#[tokio::test(start_paused = true)]
async fn of_errors_of_the_same_moment_the_one_noted_last_is_the_newest() {
    let breaker = breaker();
    let classes = |breaker: &CircuitBreaker| -> Vec<_> {
        let told = told(breaker).into_iter();
        told.map(|(class, ..)| class).collect()
    };
    let note = |class: &str| breaker.note_error(class, "");
    ["a", "b", "a", "c"].into_iter().for_each(note);
    assert_eq!(classes(&breaker), ["c", "a", "b"]);
    ["d", "e", "f", "g", "h", "i"].into_iter().for_each(note);
    assert_eq!(
        classes(&breaker),
        ["i", "h", "g", "f", "e", "d", "c", "a"],
        "the oldest has made room"
    );
}

/// Whatever an operator has set it to: who looks after a breaker that is disabled wants to know whether it still fails.
#[test]
fn errors_are_noted_in_every_mode_and_after_the_breaker_was_dropped_from_a_set() {
    let breaker = breaker();
    for mode in [
        Mode::Disabled,
        Mode::Shadow,
        Mode::ForcedClosed,
        Mode::ForcedOpen,
    ] {
        breaker.set_mode(mode, "testing");
        if let Ok(permit) = breaker.try_acquire() {
            permit.note_error("503", mode);
            permit.failure();
        } else {
            breaker.note_error("503", mode);
        }
    }
    assert_eq!(told(&breaker), [("503".into(), "forced open".into(), 4)]);
    let hosts = Keyed::<u8>::builder("hosts").max_keys(1).build().unwrap();
    let kept = hosts.get(&1);
    let permit = kept.try_acquire().unwrap();
    let _ = hosts.get(&2);
    permit.note_error("late", "after it was put out");
    assert_eq!(told(&kept)[0].2, 1);
    assert_eq!(told(&hosts.get(&2)), []);
}

#[test]
fn an_empty_class_or_message_is_one_too_and_a_long_class_is_cut() {
    let breaker = breaker();
    breaker.note_error("", "");
    breaker.note_error(&"x".repeat(65), "");
    let told = told(&breaker);
    let cut = format!("{}…", "x".repeat(61));
    assert_eq!(told, [(cut, "".into(), 1), ("".into(), "".into(), 1)]);
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
        errors in prop::collection::vec((0u8..12, 0u16..3, 0u64..3), 0..60),
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
