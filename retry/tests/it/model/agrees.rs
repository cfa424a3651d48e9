//! The model and the crate, side by side.

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::case::{Case, Door};
use super::{Seen, naive, real};

/// `MODEL_CASES` in the environment asks for more.
fn thoroughly() -> ProptestConfig {
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
    let Seen { counts, purse, .. } = seen;
    let ends: u64 = counts.iter().map(|counts| counts.ended()).sum();
    let begun = expected
        .lines
        .iter()
        .filter(|line| matches!(line.event, super::Event::End { .. }));
    prop_assert_eq!(
        ends,
        begun.count() as u64,
        "each call in exactly one of the ten"
    );
    prop_assert!(counts.iter().all(|counts| counts.waiting == 0));
    if let Some(purse) = purse {
        prop_assert_eq!(
            (purse.waiting, purse.granted),
            (0, purse.sent + purse.given_back)
        );
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
