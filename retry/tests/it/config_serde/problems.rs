//! Everything that is wrong is told at once, each as `key = value (rule)`.

use steadfast_retry::Config;

use super::{full, problems};
use crate::config::names;

#[test]
fn one_error_tells_everything() {
    let told = problems(
        r#"{
            "max_atempts": 3,
            "max_retries": 4,
            "max_attempts": 0,
            "growth": "Linear",
            "base_backoff": "2s",
            "max_backoff": 1000,
            "backoff_multiplier": 0.5,
            "jitter": 1.5,
            "max_elapsed": "soon",
            "attempt_timeout": "0s",
            "max_retry_after": -5,
            "history": 1001,
            "history": 3,
            "budget": {"window": [1]}
        }"#,
    );
    assert_eq!(
        told,
        [
            // What cannot be read, in the order of the file.
            "max_atempts = 3 (unknown key, did you mean max_attempts?)",
            "max_retries = 4 (unknown key, max_attempts counts the first attempt too: max_retries + 1)",
            "growth = \"Linear\" (must be \"constant\", \"linear\", \"exponential\", \"fibonacci\", \
             \"decorrelated\" or \"decorrelated_smooth\")",
            "jitter = 1.5 (must be \"none\", \"full\", \"equal\", true, false, \
             or a share from 0 to 1 as a number)",
            "max_elapsed = \"soon\" (must be a duration like \"1m 30s\", or whole milliseconds)",
            "max_retry_after = -5 (must be a duration like \"1m 30s\", or whole milliseconds)",
            "history = 3 (is given already: history = 1001)",
            "budget.window = a list (must be a duration like \"1m 30s\", or whole milliseconds)",
            // The rules that the rest breaks, in the order of the fields.
            "max_attempts = 0 (must be at least 1)",
            "max_backoff = 1000 (must be at least base_backoff)",
            "backoff_multiplier = 0.5 (must be finite and at least 1)",
            "attempt_timeout = \"0s\" (must be longer than zero)",
            "history = 1001 (must be at most 1000)",
        ]
    );
}

#[test]
fn a_key_is_given_once() {
    assert_eq!(
        problems(r#"{"history": 2, "history": 3, "history": null}"#),
        [
            "history = 3 (is given already: history = 2)",
            "history = null (is given already: history = 2)",
        ]
    );
}

#[test]
fn a_value_of_a_wrong_kind_is_refused_for_every_field() {
    for name in names(&full()) {
        for (value, shown) in [
            ("null", "null"),
            ("[1]", "a list"),
            (r#""words""#, r#""words""#),
            (r#""""#, r#""""#),
            ("-1", "-1"),
            ("-0.5", "-0.5"),
            ("-1e300", "-1e300"),
        ] {
            let told = problems(&format!(r#"{{"{name}": {value}}}"#));
            let of_it = format!("{name} = {shown} (must be ");
            assert!(told[0].starts_with(&of_it), "{told:?}");
        }
        // A budget may be a table, and it and the jitter true.
        for (value, shown, takes_it) in [
            ("true", "true", ["budget", "jitter"].as_slice()),
            (r#"{"a": {"b": [1]}, "c": 2}"#, "a table", &["budget"]),
        ] {
            if !takes_it.contains(&name.as_str()) {
                let told = problems(&format!(r#"{{"{name}": {value}}}"#));
                let of_it = format!("{name} = {shown} (must be ");
                assert!(told[0].starts_with(&of_it), "{told:?}");
            }
        }
    }
}

#[test]
fn a_table_in_a_table_is_named_only() {
    assert_eq!(
        problems(r#"{"budget": {"a": {"b": [1]}, "window": {"secs": 3}}, "c": {"d": 1}}"#),
        [
            "budget.a = a table (unknown key)",
            "budget.window = a table (must be a duration like \"1m 30s\", or whole milliseconds)",
            "c = a table (unknown key)",
        ]
    );
}

#[test]
fn what_no_file_can_mean_is_refused_in_toml_too() {
    for (line, told) in [
        (
            "backoff_multiplier = nan",
            "backoff_multiplier = NaN (must be finite and at least 1)",
        ),
        (
            "backoff_multiplier = inf",
            "backoff_multiplier = inf (must be finite and at least 1)",
        ),
        (
            "jitter = nan",
            "jitter = NaN (must be \"none\", \"full\", \"equal\", true, false, \
             or a share from 0 to 1 as a number)",
        ),
        (
            "budget.share = nan",
            "budget.share = NaN (must be at least 0 and at most 10)",
        ),
        (
            "budget.min_per_second = inf",
            "budget.min_per_second = inf (must be at least 0 and at most 1000000)",
        ),
        (
            "max_elapsed = 07:32:00",
            "max_elapsed = a date or time (must be a duration like \"1m 30s\", or whole milliseconds)",
        ),
        (
            "max_attempts = 4294967296",
            "max_attempts = 4294967296 (must be a whole number from 1 to 4294967295)",
        ),
        (
            "history = -1",
            "history = -1 (must be a whole number from 0 to 1000)",
        ),
    ] {
        let error = toml::from_str::<Config>(line).unwrap_err();
        assert_eq!(error.message(), told);
    }
}

#[test]
fn a_setting_must_go_with_the_growth() {
    for growth in ["constant", "linear", "fibonacci", "decorrelated_smooth"] {
        assert_eq!(
            problems(&format!(
                r#"{{"growth": "{growth}", "backoff_multiplier": 2}}"#
            )),
            [
                "backoff_multiplier = 2 (must come with a growth that is exponential or decorrelated)"
            ]
        );
    }
    for growth in ["decorrelated", "decorrelated_smooth"] {
        assert_eq!(
            problems(&format!(r#"{{"growth": "{growth}", "jitter": false}}"#)),
            [
                "jitter = false (must not come with a decorrelated growth, which is random by itself)"
            ]
        );
    }
}

#[test]
fn a_field_that_cannot_be_read_breaks_no_rule_of_another() {
    for json in [
        r#"{"base_backoff": "early", "max_backoff": 1}"#,
        r#"{"max_backoff": "late", "base_backoff": "1h"}"#,
        r#"{"growth": "slow", "backoff_multiplier": 3, "jitter": "equal"}"#,
        r#"{"growth": "decorrelated", "jitter": "lots"}"#,
        r#"{"growth": "constant", "backoff_multiplier": "two"}"#,
    ] {
        assert_eq!(problems(json).len(), 1, "{json}");
    }
}

#[test]
fn a_default_that_breaks_a_rule_is_named_too() {
    assert_eq!(
        problems(r#"{"base_backoff": "1m"}"#),
        ["max_backoff = 30s (must be at least base_backoff)"]
    );
}

#[test]
fn only_a_table_is_a_config() {
    for json in ["null", "3", "[]", "true", r#""max_attempts""#] {
        let error = serde_json::from_str::<Config>(json).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("expected a table of retry settings"),
            "{text}"
        );
    }
}
