//! Everything that is wrong is told at once, each as `key = value (rule)`.

use steadfast_breaker::{AbandonedAs, Config};

use super::{full, problems, read};
use crate::config::names;

#[test]
fn one_error_tells_everything() {
    let told = problems(
        r#"{
            "max_probs": 3,
            "failure_rate": "half",
            "window": "2h",
            "min_calls": 5000,
            "slow_call_rate": 0.5,
            "timeout": "0s",
            "open_for": 3,
            "max_open_for": [1],
            "open_for_multiplier": 0.5,
            "half_open_calls": 0,
            "ramp_up": -5,
            "abandoned_as": "Failure",
            "success_threshold": 1.0
        }"#,
    );
    assert_eq!(
        told,
        [
            // What cannot be read, in the order of the file.
            r#"max_probs = 3 (unknown key, did you mean max_probes?)"#,
            r#"failure_rate = "half" (must be a number)"#,
            r#"window = "2h" (must be 1 to 1000000 calls, or a duration from 1 ms to 1 h as a string like "10s")"#,
            r#"open_for = 3 (is given already: timeout = "0s")"#,
            r#"max_open_for = a list (must be a duration like "1m 30s", or whole milliseconds)"#,
            r#"ramp_up = -5 (must be a duration like "1m 30s", or whole milliseconds)"#,
            r#"abandoned_as = "Failure" (must be "ignored" or "failure")"#,
            r#"success_threshold = 1.0 (must be a whole number from 1 to 4294967295)"#,
            // The rules that the rest breaks, in the order of the fields.
            r#"slow_call_rate = 0.5 (must come with slow_call_duration)"#,
            r#"timeout = "0s" (must be longer than zero)"#,
            r#"open_for_multiplier = 0.5 (must be at least 1 and finite)"#,
            r#"half_open_calls = 0 (must be at least 1)"#,
        ]
    );
}

#[test]
fn a_misspelt_key_is_told_with_the_one_that_was_meant() {
    for (key, meant) in [
        ("openFor", "open_for"),
        ("open-for", "open_for"),
        ("OPEN_FOR", "open_for"),
        ("timeuot", "timeout"),
        ("threshold", "failure_threshold"),
        ("failure_treshold", "failure_threshold"),
        ("half_open_call", "half_open_calls"),
        ("minimum_calls", "min_calls"),
        (" window", "window"),
    ] {
        assert_eq!(
            problems(&format!(r#"{{"{key}": true}}"#)),
            [format!("{key} = true (unknown key, did you mean {meant}?)")]
        );
    }
}

#[test]
fn a_key_that_is_like_no_other_is_just_unknown() {
    let long = "window".repeat(1000);
    for key in ["", "x", "name", "enabled", "ключ", long.as_str()] {
        assert_eq!(
            problems(&format!(r#"{{"{key}": 1}}"#)),
            [format!("{key} = 1 (unknown key)")]
        );
    }
}

#[test]
fn a_key_is_given_once() {
    assert_eq!(
        problems(r#"{"max_probes": 2, "max_probes": 3, "max_probes": null}"#),
        [
            "max_probes = 3 (is given already: max_probes = 2)",
            "max_probes = null (is given already: max_probes = 2)",
        ]
    );
    assert_eq!(
        problems(r#"{"open_for": 1, "timeout": 2}"#),
        ["timeout = 2 (is given already: open_for = 1)"]
    );
    assert_eq!(
        problems(r#"{"timeout": 1, "open_for": 2}"#),
        ["open_for = 2 (is given already: timeout = 1)"]
    );
}

#[test]
fn a_value_of_a_wrong_kind_is_refused_for_every_field() {
    for name in names(&full()) {
        for (value, shown) in [
            ("null", "null"),
            ("true", "true"),
            ("[1]", "a list"),
            ("{}", "a table"),
            (r#"{"a": {"b": [1]}, "c": 2}"#, "a table"),
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
    }
}

#[test]
fn what_no_file_can_mean_is_refused_in_toml_too() {
    for (line, told) in [
        (
            "failure_rate = nan",
            "failure_rate = NaN (must be more than 0 and at most 1)",
        ),
        (
            "failure_rate = -inf",
            "failure_rate = -inf (must be more than 0 and at most 1)",
        ),
        (
            "open_for_jitter = nan",
            "open_for_jitter = NaN (must be at least 0 and less than 1)",
        ),
        (
            "open_for_multiplier = inf",
            "open_for_multiplier = inf (must be at least 1 and finite)",
        ),
        (
            "timeout = 07:32:00",
            "timeout = a table (must be a duration like \"1m 30s\", or whole milliseconds)",
        ),
        (
            "max_probes = 4294967296",
            "max_probes = 4294967296 (must be a whole number from 1 to 4294967295)",
        ),
        ("max_probes = 0", "max_probes = 0 (must be at least 1)"),
    ] {
        let error = toml::from_str::<Config>(line).unwrap_err();
        assert_eq!(error.message(), told);
    }
}

#[test]
fn a_field_that_cannot_be_read_breaks_no_rule_of_another() {
    for json in [
        r#"{"slow_call_duration": "soon", "slow_call_rate": 0.5}"#,
        r#"{"window": "wide", "min_calls": 1000}"#,
        r#"{"open_for": true, "max_open_for": 1, "open_for_multiplier": 2}"#,
        r#"{"max_open_for": "long", "open_for": "1h", "open_for_jitter": 0.5}"#,
    ] {
        assert_eq!(problems(json).len(), 1, "{json}");
    }
}

#[test]
fn a_default_that_breaks_a_rule_is_named_too() {
    assert_eq!(
        problems(r#"{"open_for": "1h", "open_for_multiplier": 2}"#),
        ["max_open_for = 300s (must be at least open_for)"]
    );
    assert_eq!(
        problems(r#"{"min_calls": 101}"#),
        ["min_calls = 101 (must be at most the calls of the window)"]
    );
}

#[test]
fn only_a_table_is_a_config() {
    for json in ["null", "3", "[]", r#""open_for""#] {
        let error = serde_json::from_str::<Config>(json).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("expected a table of circuit breaker settings"),
            "{text}"
        );
    }
}

#[test]
fn a_dropped_call_is_ignored_or_a_failure() {
    let ignored = read(r#"{"abandoned_as": "ignored"}"#);
    assert_eq!(ignored.abandoned_as, AbandonedAs::Ignored);
    let failure = read(r#"{"abandoned_as": "failure"}"#);
    assert_eq!(failure.abandoned_as, AbandonedAs::Failure);
    for word in [AbandonedAs::Ignored, AbandonedAs::Failure] {
        let text = serde_json::to_string(&word).unwrap();
        assert_eq!(serde_json::from_str::<AbandonedAs>(&text).unwrap(), word);
    }
    let error = serde_json::from_str::<AbandonedAs>("2").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("2 (must be \"ignored\" or \"failure\")")
    );
}
