//! What a budget is built from, and the handles to it.

use std::time::Duration;

use steadfast_retry::{Budget, BudgetConfig};

use super::{build, share};

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let BudgetConfig {
        share,
        min_per_second,
        window,
        ..
    } = BudgetConfig::default();
    assert_eq!(
        (share, min_per_second, window),
        (0.2, 1.0, Duration::from_secs(10))
    );
    assert_eq!(
        build(Budget::builder("defaults")).config(),
        BudgetConfig::default()
    );
}

#[test]
fn every_bad_field_is_named_at_once() {
    let error = Budget::builder("")
        .share(f64::NAN)
        .min_per_second(-1.0)
        .window(Duration::from_secs(61))
        .build()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "budget \"\" is misconfigured: name = \"\" (must not be empty); \
         share = NaN (must be at least 0 and at most 10); \
         min_per_second = -1.0 (must be at least 0 and at most 1000000); \
         window = 61s (must be at least 1 s and at most 60 s)"
    );
}

#[test]
fn the_limits_are_legal_and_what_is_beyond_them_is_not() {
    let with = |share, min_per_second, window| {
        Budget::builder("limits")
            .share(share)
            .min_per_second(min_per_second)
            .window(Duration::from_nanos(window))
            .build()
            .map_err(|error| {
                error
                    .fields()
                    .iter()
                    .map(|broken| broken.field)
                    .collect::<Vec<_>>()
            })
            .map(|budget| budget.name().to_owned())
    };
    let second = 1_000_000_000;
    for (share, minimum, window) in [(0.0, 0.0, second), (10.0, 1e6, 60 * second)] {
        assert_eq!(with(share, minimum, window), Ok("limits".to_owned()));
    }
    for share in [
        -0.000_1,
        10.000_1,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ] {
        assert_eq!(with(share, 1.0, second), Err(vec!["share"]), "{share}");
    }
    for minimum in [-0.000_1, 1_000_000.1, f64::INFINITY, f64::NAN] {
        assert_eq!(
            with(0.2, minimum, second),
            Err(vec!["min_per_second"]),
            "{minimum}"
        );
    }
    for window in [0, second - 1, 60 * second + 1] {
        assert_eq!(with(0.2, 1.0, window), Err(vec!["window"]), "{window}");
    }
}

#[test]
fn a_whole_configuration_replaces_all_but_the_name() {
    let mut config = BudgetConfig::default();
    config.share = 0.3;
    let budget = build(Budget::builder("payments").share(0.9).config(config));
    assert_eq!((budget.name(), budget.config()), ("payments", config));
}

#[test]
fn a_weak_handle_finds_the_budget_as_long_as_there_is_one() {
    let (budget, other) = (share(0.2), share(0.2));
    let weak = budget.downgrade();
    assert!(
        weak.ptr_eq(&budget.spending_only().downgrade()),
        "another handle of the same"
    );
    assert!(!weak.ptr_eq(&other.downgrade()));
    weak.upgrade().unwrap().record_call();
    assert_eq!(budget.snapshot().calls, 1);
    drop(budget);
    assert!(weak.upgrade().is_none());
}

#[test]
fn debug_tells_the_name_and_the_settings() {
    let budget = share(0.25);
    let text = format!("{budget:?}");
    assert!(
        text.contains("\"test\"") && text.contains("share: 0.25"),
        "{text}"
    );
    let permit = build(Budget::builder("debug")).try_acquire(steadfast_retry::Extra::Hedge);
    assert!(format!("{permit:?}").contains("Hedge"));
}
