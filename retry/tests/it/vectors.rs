//! Schedules written down by other systems, without jitter: the numbers must come out the same.

use std::time::Duration;

use steadfast_retry::{Jitter, Retry};

use crate::ms;

fn schedule(base: Duration, cap: Duration, multiplier: f64) -> steadfast_retry::Exponential {
    Retry::builder("vector")
        .base_backoff(base)
        .max_backoff(cap)
        .backoff_multiplier(multiplier)
        .jitter(Jitter::None)
        .build()
        .unwrap()
        .backoff()
}

/// Polly: constant 1 s; exponential 1, 2, 4 s.
#[test]
fn constant_and_exponential_seconds() {
    let second = Duration::from_secs(1);
    let constant: Vec<_> = schedule(second, Duration::MAX, 1.0).take(3).collect();
    assert_eq!(constant, [1, 1, 1].map(Duration::from_secs));
    let doubling: Vec<_> = schedule(second, Duration::MAX, 2.0).take(3).collect();
    assert_eq!(doubling, [1, 2, 4].map(Duration::from_secs));
}

/// Polly: attempt 1000 with a base of a day is the longest wait there is.
#[test]
fn a_thousand_doublings_of_a_day_end_at_the_cap() {
    let day = Duration::from_secs(24 * 60 * 60);
    let waits = schedule(day, Duration::MAX, 2.0);
    assert_eq!(waits.ceiling(1_000), Duration::MAX);
    assert_eq!(waits.ceiling(u32::MAX), Duration::MAX);
}

/// Polly: for attempts 1 to 1025 every wait is longer than zero and no longer than the cap.
#[test]
fn a_thousand_waits_are_longer_than_zero_and_under_the_cap() {
    let cap = Duration::from_secs(24 * 60 * 60);
    for multiplier in [1.0, 1.5, 2.0, 10.0] {
        for (nth, wait) in (1..=1_025).zip(schedule(ms(1), cap, multiplier)) {
            assert!(wait > Duration::ZERO && wait <= cap, "{nth}: {wait:?}");
        }
    }
}

/// The standard mode of the AWS SDKs at the upper end of its jitter: 50 ms doubling up to 20 s.
#[test]
fn fifty_milliseconds_double_up_to_twenty_seconds() {
    let waits: Vec<_> = schedule(ms(50), ms(20_000), 2.0).take(11).collect();
    let expected = [
        50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 20_000, 20_000,
    ];
    assert_eq!(waits, expected.map(ms));
}
