//! The model and the crate, side by side.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestCaseResult, TestRunner};
use steadfast_retry::{Failure, Reason};

use super::case::{Case, Door};
use super::{Counts, End, Event, Seen, naive, real};

/// `MODEL_CASES` in the environment asks for another number of cases.
pub(super) fn thoroughly() -> ProptestConfig {
    let cases = std::env::var("MODEL_CASES").ok();
    ProptestConfig {
        cases: cases.and_then(|cases| cases.parse().ok()).unwrap_or(512),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn agree(case: &Case, door: Door) -> TestCaseResult {
    let (expected, seen) = (naive::expect(case, door), real::play(case, door));
    // Line by line first: the first difference is the one that tells.
    for (expected, seen) in expected.lines.iter().zip(&seen.lines) {
        prop_assert_eq!(expected, seen);
    }
    prop_assert_eq!(&expected, &seen);
    let is_end = |event: &Event| matches!(event, Event::End { .. });
    let begun = seen.lines.iter().filter(|line| is_end(&line.event)).count();
    let ended: u64 = seen.counts.iter().map(Counts::ended).sum();
    prop_assert_eq!(ended, begun as u64, "each call in exactly one of the ten");
    prop_assert!(seen.counts.iter().all(|counts| counts.waiting == 0));
    if let Some(purse) = seen.purse {
        let accounted = purse.sent + purse.given_back;
        prop_assert_eq!((purse.waiting, purse.granted), (0, accounted));
    }
    Ok(())
}

proptest! {
    #![proptest_config(thoroughly())]

    #[test]
    fn calls_behave_like_the_naive_model(case in Door::Async.case()) {
        agree(&case, Door::Async)?;
    }

    #[test]
    fn blocking_calls_behave_like_the_naive_model(case in Door::Blocking.case()) {
        agree(&case, Door::Blocking)?;
    }
}

/// A comparison of cases that all end alike would prove little.
#[test]
fn the_cases_meet_every_end_and_every_corner() {
    let mut runner = TestRunner::deterministic();
    let cases = Door::Async.case();
    let seen: Vec<Seen> = (0..1_500)
        .map(|_| cases.new_tree(&mut runner).unwrap().current())
        .map(|case| real::play(&case, Door::Async))
        .collect();
    let total = |count: fn(&Counts) -> u64| -> u64 {
        let counts = seen.iter().flat_map(|seen| &seen.counts);
        counts.map(count).sum()
    };
    for (what, count) in [
        ("first_try", total(|counts| counts.first_try)),
        ("after_retry", total(|counts| counts.after_retry)),
        ("attempts", total(|counts| counts.exhausted_attempts)),
        ("deadline", total(|counts| counts.exhausted_deadline)),
        ("budget", total(|counts| counts.exhausted_budget)),
        ("not_retryable", total(|counts| counts.not_retryable)),
        ("too_long", total(|counts| counts.retry_after_too_long)),
        ("breaker", total(|counts| counts.rejected_by_breaker)),
        ("abandoned", total(|counts| counts.abandoned)),
        ("panicked", total(|counts| counts.panicked)),
        ("timeouts", total(|counts| counts.attempt_timeouts)),
        ("observer_panics", total(|counts| counts.observer_panics)),
    ] {
        assert!(count >= 50, "{what}: {count}");
    }
    let purses = || seen.iter().filter_map(|seen| seen.purse);
    assert!(purses().any(|purse| purse.given_back > 0));
    assert!(purses().any(|purse| purse.refused_waiting > 0));
    let given_up = || {
        let events = seen.iter().flat_map(|seen| &seen.lines);
        events.filter_map(|line| match &line.event {
            Event::End {
                end: End::GivenUp(given_up),
                ..
            } => Some(given_up),
            _ => None,
        })
    };
    let late = |attempts| {
        let not_begun = given_up().filter(|given_up| given_up.last == Failure::NotBegun);
        not_begun.filter(move |given_up| given_up.attempts.min(1) == attempts)
    };
    assert!(late(0).count() > 10, "past from the beginning");
    assert!(late(1).count() > 0, "a wait that ended late");
    let cut = given_up().filter(|given_up| matches!(given_up.last, Failure::TimedOut { .. }));
    assert!(
        cut.filter(|given_up| given_up.reason == Reason::Attempts)
            .count()
            > 10
    );
    assert!(given_up().any(|given_up| given_up.attempts == 12));
    let skips = |given_up: &super::GivenUp| {
        let numbers: Vec<_> = given_up
            .history
            .iter()
            .map(|before| before.attempt)
            .collect();
        numbers.len() > 2 && numbers[0] == 1 && numbers[1] > 2
    };
    assert!(given_up().any(skips), "a history with a gap");
    let left_out = seen
        .iter()
        .map(attempts_that_left_out_some_time)
        .sum::<usize>();
    assert!(left_out >= 50, "{left_out}");
}

/// How many attempts were told of less time than had gone by since the first one of their call.
fn attempts_that_left_out_some_time(seen: &Seen) -> usize {
    let mut begun = HashMap::new();
    let less = seen.lines.iter().filter(|line| match line.event {
        Event::Attempt { call, elapsed, .. } => {
            let first = begun.entry(call).or_insert(line.at);
            elapsed < line.at - *first
        }
        _ => false,
    });
    less.count()
}
