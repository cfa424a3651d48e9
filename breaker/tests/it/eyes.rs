//! What fresh eyes tried to break.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use steadfast_breaker::{
    Cause, CircuitBreaker, Keyed, Mode, ModeChange, Observer, Outcome, Reason, State, Transition,
    Window,
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

#[derive(Default)]
struct Reasons(Mutex<Vec<Option<String>>>);

impl Observer for Reasons {
    fn mode_changed(&self, change: &ModeChange) {
        let reason = change.reason.as_deref().map(str::to_owned);
        self.0.lock().unwrap().push(reason);
    }
}

/// "Why, in the words of who set it; `None` when a mode came to its end by itself, and after a reset."
#[test]
fn an_observer_hears_why_somebody_went_back_to_automatic() {
    let reasons = Arc::new(Reasons::default());
    let breaker = CircuitBreaker::builder("audit")
        .observer(Arc::clone(&reasons))
        .build()
        .unwrap();
    breaker.set_mode(Mode::ForcedOpen, "restore");
    breaker.set_mode(Mode::Automatic, "restore is done");
    assert_eq!(
        *reasons.0.lock().unwrap(),
        [
            Some("restore".to_owned()),
            Some("restore is done".to_owned())
        ]
    );
    assert_eq!(breaker.snapshot().mode_reason, None);
}

/// A file watcher that applies the same file again and again must not draw a new lot each time: the
/// shortest of many draws is no longer uniform.
#[tokio::test(start_paused = true)]
async fn the_same_settings_again_change_nothing_not_even_a_jittered_open_time() {
    let breaker = CircuitBreaker::builder("reloaded")
        .failure_threshold(1)
        .open_for(Duration::from_secs(100))
        .open_for_jitter(0.9)
        .build()
        .unwrap();
    breaker.try_acquire().unwrap().failure();
    let said = breaker.snapshot().retry_after;
    for _ in 0..10 {
        breaker.reconfigure(breaker.config()).unwrap();
        assert_eq!(breaker.snapshot().retry_after, said);
    }
}

struct Deaf;

impl Observer for Deaf {
    fn hears_rejections(&self) -> bool {
        if std::thread::current().name() == Some("caller") {
            panic!("boom");
        }
        true
    }
}

/// "Asked once, when it is added"; "a panicking observer cannot hurt a call".
#[test]
fn an_observer_is_asked_what_it_hears_when_the_set_is_built_not_in_a_call() {
    let hosts: Keyed<String> = Keyed::builder("hosts")
        .breaker(|each| each.observer(Deaf))
        .build()
        .unwrap();
    let caller = std::thread::Builder::new().name("caller".to_owned());
    let call = caller.spawn(move || hosts.call_blocking("a", || Ok::<_, ()>(())).is_ok());
    assert!(call.unwrap().join().unwrap());
}

/// Names of keyed breakers come from outside. "`Display` in one line".
#[test]
fn a_rejection_is_one_line_whatever_the_key() {
    let hosts: Keyed<String> = Keyed::builder("hosts")
        .breaker(|each| each.failure_threshold(1))
        .build()
        .unwrap();
    let hostile = "a.example\n2026-01-01 ERROR forged\x1b[2J";
    let _ = hosts.call_blocking(hostile, || Err::<(), _>(()));
    let rejected = hosts.get(hostile).try_acquire().unwrap_err().to_string();
    assert!(!rejected.chars().any(char::is_control), "{rejected:?}");
}

#[test]
fn a_breaker_forced_open_without_a_reason_says_so_in_a_whole_sentence() {
    let breaker = CircuitBreaker::builder("payments").build().unwrap();
    breaker.set_mode(Mode::ForcedOpen, "");
    let rejected = breaker.try_acquire().unwrap_err();
    assert_eq!(
        rejected.to_string(),
        "circuit breaker payments is open: forced"
    );
}

/// Two breakers of one set must not share a name: observers and metrics tell them apart by it.
#[test]
fn no_key_has_the_overflow_breakers_name() {
    let hosts: Keyed<String> = Keyed::builder("hosts").build().unwrap();
    assert_ne!(hosts.get("(overflow)").name(), hosts.overflow().name());
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
    assert_eq!(
        (snapshot.totals.panicked, snapshot.totals.observer_panics),
        (2, 1)
    );
}
