//! An unknown key is told with the one that was meant.

use steadfast_retry::BudgetConfig;

use super::{problems, problems_of};

#[test]
fn a_misspelt_key_is_told_with_the_one_that_was_meant() {
    for (key, meant) in [
        ("maxAttempts", "max_attempts"),
        ("max-attempts", "max_attempts"),
        ("MAX_ATTEMPTS", "max_attempts"),
        ("max_atempts", "max_attempts"),
        ("attempts", "max_attempts"),
        ("base_backof", "base_backoff"),
        ("backoff_multiplyer", "backoff_multiplier"),
        ("gro", "growth"),
        ("jiter", "jitter"),
        ("retry_after", "max_retry_after"),
        ("max_elapse", "max_elapsed"),
        ("attempt_timeouts", "attempt_timeout"),
        ("budgets", "budget"),
        (" history", "history"),
    ] {
        assert_eq!(
            problems(&format!(r#"{{"{key}": null}}"#)),
            [format!("{key} = null (unknown key, did you mean {meant}?)")]
        );
    }
}

#[test]
fn a_number_of_retries_is_one_less_than_the_attempts() {
    for key in [
        "max_retries",
        "maxRetries",
        "max_retry_attempts",
        "num_retries",
        "retries",
    ] {
        assert_eq!(
            problems(&format!(r#"{{"{key}": 3}}"#)),
            [format!(
                "{key} = 3 (unknown key, max_attempts counts the first attempt too: {key} + 1)"
            )]
        );
    }
}

#[test]
fn keys_of_other_libraries_are_told_with_the_ones_here() {
    for (key, meant) in [
        ("max_tries", "max_attempts"),
        ("tries", "max_attempts"),
        ("min_delay", "base_backoff"),
        ("minDelay", "base_backoff"),
        ("initial_delay", "base_backoff"),
        ("initial_interval", "base_backoff"),
        ("initialInterval", "base_backoff"),
        ("wait_duration", "base_backoff"),
        ("max_delay", "max_backoff"),
        ("max_interval", "max_backoff"),
        ("maxInterval", "max_backoff"),
        ("multiplier", "backoff_multiplier"),
        ("factor", "backoff_multiplier"),
        ("backoff", "growth"),
        ("backoff_type", "growth"),
        ("jitter_factor", "jitter"),
        ("randomization_factor", "jitter"),
        ("max_elapsed_time", "max_elapsed"),
        ("deadline", "max_elapsed"),
        ("per_try_timeout", "attempt_timeout"),
        ("timeout", "attempt_timeout or max_elapsed"),
        ("retry_budget", "budget"),
        ("share", "share in the table budget"),
        ("min_per_second", "min_per_second in the table budget"),
        ("budget_window", "window in the table budget"),
    ] {
        assert_eq!(
            problems(&format!(r#"{{"{key}": 1}}"#)),
            [format!("{key} = 1 (unknown key, did you mean {meant}?)")]
        );
    }
}

#[test]
fn what_is_no_setting_of_a_table_is_told_with_its_place() {
    for (key, said) in [
        ("jitter_seed", "the seed is given to the builder"),
        ("seed", "the seed is given to the builder"),
        ("retry", "the settings belong in this table"),
    ] {
        assert_eq!(
            problems(&format!(r#"{{"{key}": {{}}}}"#)),
            [format!("{key} = a table (unknown key, {said})")]
        );
    }
}

#[test]
fn keys_of_other_budgets_are_told_with_the_ones_here() {
    for (key, said) in [
        ("retry_ratio", "did you mean share?"),
        ("percent_can_retry", "did you mean share?"),
        ("minRetriesPerSec", "did you mean min_per_second?"),
        ("min_per_sec", "did you mean min_per_second?"),
        ("ttl", "did you mean window?"),
        (
            "budget_percent",
            "share is a share, not a percentage: budget_percent / 100",
        ),
    ] {
        assert_eq!(
            problems_of::<BudgetConfig>(&format!(r#"{{"{key}": 1}}"#)),
            [format!("{key} = 1 (unknown key, {said})")]
        );
        assert_eq!(
            problems(&format!(r#"{{"budget": {{"{key}": 1}}}}"#)),
            [format!("budget.{key} = 1 (unknown key, {said})")]
        );
    }
}

#[test]
fn a_key_that_is_like_no_other_is_just_unknown() {
    let long = "jitter".repeat(1000);
    for key in ["", "x", "gr", "name", "enabled", "ключ", long.as_str()] {
        assert_eq!(
            problems(&format!(r#"{{"{key}": 1}}"#)),
            [format!("{key} = 1 (unknown key)")]
        );
    }
}
