//! What a breaker takes in memory: all of it, the handle, the name ("b"), settings, counts, locks and
//! window.
//!
//! A new one is counted by what building it allocates and keeps, a used one by what is given back
//! when its last handle is dropped, whichever thread allocated it. Sizes are as asked of the
//! allocator, which may round them up.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
#![expect(clippy::print_stdout, reason = "the figures are worth a look")]

use std::thread;
use std::time::Duration;

use allocation_counter::measure;
use steadfast_breaker::{Builder, CircuitBreaker, State, Window};

const HOUR: Duration = Duration::from_secs(3600);

const HANDLE: u64 = size_of::<CircuitBreaker>() as u64;

fn build(settings: impl FnOnce(Builder) -> Builder) -> CircuitBreaker {
    let builder = CircuitBreaker::builder("b").open_for(Duration::from_nanos(1));
    settings(builder).build().unwrap()
}

fn built(settings: impl FnOnce(Builder) -> Builder) -> (CircuitBreaker, u64) {
    let mut breaker = None;
    let info = measure(|| breaker = Some(build(settings)));
    let kept = u64::try_from(info.bytes_current).unwrap();
    (breaker.unwrap(), kept + HANDLE)
}

fn given_back(breaker: CircuitBreaker) -> u64 {
    let info = measure(|| drop(breaker));
    u64::try_from(-info.bytes_current).unwrap() + HANDLE
}

fn succeed(breaker: &CircuitBreaker) {
    let _ = breaker.call_blocking(|| Ok::<_, ()>(()));
}

fn fail(breaker: &CircuitBreaker) {
    let _ = breaker.call_blocking(|| Err::<(), _>(()));
}

/// Successes, and a failure in seven, by four threads; then it opens and closes; then more of the
/// same, with many calls in flight at once.
fn use_much(breaker: &CircuitBreaker) {
    let traffic = || {
        for call in 0..10_000 {
            if call % 7 == 0 {
                fail(breaker);
            } else {
                succeed(breaker);
            }
        }
    };
    let by_four = || {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(traffic);
            }
        });
    };
    by_four();
    for _ in 0..100_000 {
        fail(breaker);
        if breaker.state() == State::Open {
            break;
        }
    }
    assert_eq!(breaker.state(), State::Open);
    while breaker.state() != State::Closed {
        succeed(breaker);
    }
    let permits: Vec<_> = (0..100)
        .filter_map(|_| breaker.try_acquire().ok())
        .collect();
    assert_eq!(permits.len(), 100);
    drop(permits);
    by_four();
    let totals = breaker.snapshot().totals;
    assert!(totals.opened >= 1 && totals.closed >= 1);
    assert!(totals.success > 60_000 && totals.failure > 10_000);
}

fn takes_at_most(bytes: u64, what: &str, settings: impl Fn(Builder) -> Builder) {
    let (breaker, new) = built(&settings);
    let unused = given_back(breaker);
    assert_eq!(unused, new, "{what}: it leaves something behind");
    let (breaker, _) = built(&settings);
    use_much(&breaker);
    let used = given_back(breaker);
    println!("{what}: {new} bytes new, {used} after much traffic, {bytes} allowed");
    assert!(new <= bytes && used <= bytes, "{what}: {new}, then {used}");
}

#[test]
fn a_count_window_of_100_takes_600_bytes_at_most() {
    takes_at_most(600, "a count window of 100", |builder| {
        builder.window(Window::Calls(100)).failure_rate(0.5)
    });
}

#[test]
fn a_count_window_of_10_000_takes_1_840_bytes_at_most() {
    takes_at_most(1_840, "a count window of 10,000", |builder| {
        builder.window(Window::Calls(10_000)).failure_rate(0.5)
    });
}

#[test]
fn a_time_window_takes_664_bytes_at_most_whatever_the_traffic() {
    for window in [Duration::from_millis(1), Duration::from_secs(10)] {
        takes_at_most(664, &format!("a time window of {window:?}"), |builder| {
            builder.window(Window::Time(window)).failure_rate(0.5)
        });
    }
}

/// A kilobyte of it are cells of their own for 16 threads, so that they count without getting in each
/// other's way.
#[test]
fn the_consecutive_rule_takes_1_608_bytes_at_most() {
    takes_at_most(1_608, "the consecutive rule", |builder| builder);
}

/// Eight classes of errors with their last messages, each as long as one can be.
#[test]
fn noted_errors_take_4_kilobytes_at_most_on_top() {
    let (breaker, new) = built(|builder| builder);
    let long = "x".repeat(1_000);
    for number in 0..10_000 {
        let class = format!("{}{long}", number % 20);
        breaker.note_error(&class, format_args!("{number}{long}"));
    }
    let used = given_back(breaker);
    println!("noted errors: {} bytes", used - new);
    assert!(used > new && used - new <= 4_096, "{} bytes", used - new);
}

/// Calls in flight are kept track of, and a hundred were in flight at once.
#[test]
fn minding_slow_calls_takes_what_the_calls_in_flight_take_on_top() {
    takes_at_most(8_192, "minding slow calls", |builder| {
        let builder = builder.window(Window::Calls(100)).failure_rate(0.5);
        builder.slow_call_duration(HOUR).slow_call_rate(0.5)
    });
}
