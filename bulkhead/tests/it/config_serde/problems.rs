//! Everything that is wrong is told at once, each as `key = value (rule)`.

use steadfast_bulkhead::Config;

use super::{names, problems};

#[test]
fn one_error_tells_everything() {
    let told = problems(
        r#"{
            "max_concurrency": 3,
            "max_waiting": "many",
            "high_share": 0,
            "checkout_timeout": [1],
            "max_concurrent": 0,
            "high_share": 3,
            "hold_times": "yes",
            "normal_share": 1.0,
            "low_share": 101
        }"#,
    );
    assert_eq!(
        told,
        [
            // What cannot be read, in the order of the file.
            r#"max_concurrency = 3 (unknown key, did you mean max_concurrent?)"#,
            r#"max_waiting = "many" (must be a whole number)"#,
            r#"checkout_timeout = a list (must be a duration like "1m 30s", or whole milliseconds)"#,
            r#"high_share = 3 (is given already: high_share = 0)"#,
            r#"hold_times = "yes" (must be true or false)"#,
            r#"normal_share = 1.0 (must be a whole number from 1 to 100)"#,
            // The rules that the rest breaks, in the order of the fields.
            r#"max_concurrent = 0 (must be at least 1)"#,
            r#"high_share = 0 (must be from 1 to 100)"#,
            r#"low_share = 101 (must be from 1 to 100)"#,
        ]
    );
}

#[test]
fn a_misspelt_key_is_told_with_the_one_that_was_meant() {
    for (key, meant) in [
        ("maxConcurrent", "max_concurrent"),
        ("max-waiting", "max_waiting"),
        ("MAX_WAITING", "max_waiting"),
        ("max_concurrent_calls", "max_concurrent"),
        ("chekout_timeout", "checkout_timeout"),
        ("checkout_timeout_ms", "checkout_timeout"),
        ("hold_time", "hold_times"),
        ("low_shares", "low_share"),
        (" high_share", "high_share"),
    ] {
        assert_eq!(
            problems(&format!(r#"{{"{key}": true}}"#)),
            [format!("{key} = true (unknown key, did you mean {meant}?)")]
        );
    }
}

#[test]
fn a_key_that_is_like_no_other_is_just_unknown() {
    let long = "max_waiting".repeat(1000);
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
        problems(r#"{"max_waiting": 2, "max_waiting": 3, "max_waiting": null}"#),
        [
            "max_waiting = 3 (is given already: max_waiting = 2)",
            "max_waiting = null (is given already: max_waiting = 2)",
        ]
    );
}

#[test]
fn a_value_of_a_wrong_kind_is_refused_for_every_field() {
    for name in names() {
        for (value, shown) in [
            ("null", "null"),
            ("[1]", "a list"),
            ("{}", "a table"),
            (r#"{"a": {"b": [1]}, "c": 2}"#, "a table"),
            (r#""words""#, r#""words""#),
            (r#""""#, r#""""#),
            ("-1", "-1"),
            ("-0.5", "-0.5"),
            ("0.5", "0.5"),
        ] {
            let told = problems(&format!(r#"{{"{name}": {value}}}"#));
            assert_eq!(told.len(), 1);
            let of_it = format!("{name} = {shown} (must be ");
            assert!(told[0].starts_with(&of_it), "{told:?}");
        }
    }
}

#[test]
fn a_number_is_no_switch_and_a_switch_no_number() {
    assert_eq!(
        problems(r#"{"hold_times": 1, "max_waiting": true}"#),
        [
            "hold_times = 1 (must be true or false)",
            "max_waiting = true (must be a whole number)",
        ]
    );
}

#[test]
fn what_no_file_can_mean_is_refused_in_toml_too() {
    for (line, told) in [
        (
            "max_concurrent = nan",
            "max_concurrent = NaN (must be a whole number)",
        ),
        (
            "max_concurrent = 268435456",
            "max_concurrent = 268435456 (must be at most 268435455)",
        ),
        (
            "low_share = 4294967296",
            "low_share = 4294967296 (must be a whole number from 1 to 100)",
        ),
        (
            "checkout_timeout = 07:32:00",
            "checkout_timeout = a date or time (must be a duration like \"1m 30s\", \
             or whole milliseconds)",
        ),
    ] {
        let error = toml::from_str::<Config>(line).unwrap_err();
        assert_eq!(error.message(), told);
    }
}

#[test]
fn only_a_table_is_a_config() {
    for json in ["null", "3", "[]", r#""llm_requests""#] {
        let error = serde_json::from_str::<Config>(json).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("expected a table of bulkhead settings"),
            "{text}"
        );
    }
}
