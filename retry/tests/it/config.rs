//! Bad settings are refused by name; the README tells the defaults as they are.

use std::fmt::Debug;
use std::time::Duration;

use steadfast_retry::Retry;

mod readme;

/// The names of the fields of a config, with their values as `Debug` writes them.
pub(crate) fn fields(config: &impl Debug) -> Vec<(String, String)> {
    let text = format!("{config:#?}");
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let Some(line) = line.strip_prefix("    ") else {
            continue;
        };
        match line.split_once(": ") {
            Some((name, value)) if !line.starts_with(' ') => {
                fields.push((name.to_owned(), value.trim_end_matches(',').to_owned()));
            }
            _ => fields.last_mut().unwrap().1.push_str(line),
        }
    }
    assert!(fields.len() >= 3, "no longer readable: {text}");
    fields
}

pub(crate) fn names(config: &impl Debug) -> Vec<String> {
    fields(config).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn every_bad_field_is_named_with_its_value_and_rule() {
    let error = Retry::builder("")
        .max_attempts(0)
        .base_backoff(Duration::from_secs(2))
        .max_backoff(Duration::from_secs(1))
        .backoff_multiplier(-1.0)
        .max_elapsed(Duration::ZERO)
        .build()
        .unwrap_err();
    let fields: Vec<_> = error.fields().iter().map(|field| field.field).collect();
    assert_eq!(
        fields,
        [
            "name",
            "max_attempts",
            "max_backoff",
            "backoff_multiplier",
            "max_elapsed"
        ]
    );
    let text = error.to_string();
    assert!(
        text.contains("max_backoff = 1s (must be at least base_backoff)"),
        "{text}"
    );
    assert!(
        text.contains("max_elapsed = 0ns (must be longer than zero)"),
        "{text}"
    );
}

#[test]
fn a_multiplier_must_be_finite_and_at_least_one() {
    for multiplier in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -2.0, 0.0, 0.999] {
        let error = Retry::builder("test")
            .backoff_multiplier(multiplier)
            .build()
            .unwrap_err();
        assert_eq!(error.fields().len(), 1, "{multiplier}");
        assert_eq!(error.fields()[0].field, "backoff_multiplier");
    }
    assert!(
        Retry::builder("test")
            .backoff_multiplier(1.0)
            .build()
            .is_ok()
    );
    assert!(
        Retry::builder("test")
            .backoff_multiplier(f64::MAX)
            .build()
            .is_ok()
    );
}

#[test]
fn huge_values_are_accepted() {
    let retry = Retry::builder("huge")
        .max_attempts(u32::MAX)
        .base_backoff(Duration::MAX)
        .max_backoff(Duration::MAX)
        .max_elapsed(Duration::MAX)
        .max_retry_after(Duration::MAX)
        .build()
        .unwrap();
    assert_eq!(retry.call_blocking(|_| Ok::<_, ()>(1)), Ok(1));
}
