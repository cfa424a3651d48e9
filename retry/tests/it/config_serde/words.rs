//! Growths, jitters and reasons are words.

use serde_json::{from_value, json, to_value};
use steadfast_retry::{Growth, Jitter, Reason};

use super::read;

const GROWTHS: [(Growth, &str); 6] = [
    (Growth::Constant, "constant"),
    (Growth::Linear, "linear"),
    (Growth::Exponential, "exponential"),
    (Growth::Fibonacci, "fibonacci"),
    (Growth::Decorrelated, "decorrelated"),
    (Growth::DecorrelatedSmooth, "decorrelated_smooth"),
];

#[test]
fn a_growth_is_a_word_that_can_be_read_back() {
    for (growth, word) in GROWTHS {
        assert_eq!(to_value(growth).unwrap(), json!(word));
        assert_eq!(from_value::<Growth>(json!(word)).unwrap(), growth);
        assert_eq!(growth.to_string(), word);
        let config = read(&format!(r#"{{"growth": "{word}"}}"#));
        assert_eq!(config.growth, growth);
    }
}

#[test]
fn a_word_that_is_no_growth_is_refused_with_those_that_are() {
    for word in [
        json!("Linear"),
        json!("exponential "),
        json!(""),
        json!(2),
        json!(true),
    ] {
        let error = from_value::<Growth>(word.clone()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{word} (must be \"constant\", \"linear\", \"exponential\", \"fibonacci\", \
                 \"decorrelated\" or \"decorrelated_smooth\")"
            )
        );
    }
}

#[test]
fn a_jitter_is_a_word_or_a_share() {
    for (value, jitter) in [
        (json!("none"), Jitter::None),
        (json!("full"), Jitter::Full),
        (json!("equal"), Jitter::Equal),
        (json!(0.25), Jitter::Proportional(0.25)),
        (json!(0.0), Jitter::Proportional(0.0)),
        (json!(1.0), Jitter::Proportional(1.0)),
    ] {
        assert_eq!(to_value(jitter).unwrap(), value);
        assert_eq!(from_value::<Jitter>(value.clone()).unwrap(), jitter);
        let config = read(&format!(r#"{{"jitter": {value}}}"#));
        assert_eq!(config.jitter, Some(jitter));
    }
}

#[test]
fn jitter_can_be_switched() {
    assert_eq!(read(r#"{"jitter": true}"#).jitter, Some(Jitter::Full));
    assert_eq!(read(r#"{"jitter": false}"#).jitter, Some(Jitter::None));
}

#[test]
fn what_is_no_jitter_is_refused_with_what_is() {
    for value in [
        json!("some"),
        json!("0.5"),
        json!(1.1),
        json!(-0.1),
        json!(2),
        json!(null),
    ] {
        let error = from_value::<Jitter>(value.clone()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{value} (must be \"none\", \"full\", \"equal\", true, false, \
                 or a share from 0 to 1 as a number)"
            )
        );
    }
}

#[test]
fn a_reason_is_a_word() {
    let reasons = [
        (Reason::Attempts, "attempts"),
        (Reason::Deadline, "deadline"),
        (Reason::Budget, "budget"),
        (Reason::NotRetryable, "not_retryable"),
        (Reason::RetryAfterTooLong, "retry_after_too_long"),
        (Reason::Breaker, "breaker"),
    ];
    for (reason, word) in reasons {
        assert_eq!(to_value(reason).unwrap(), json!(word));
    }
}
