//! Bad settings are refused by name; the README tells the defaults as they are.

use std::time::Duration;

use steadfast_retry::Retry;

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

#[test]
fn the_readme_tells_the_defaults_as_they_are() {
    let readme = include_str!("../../README.md");
    let debug = format!("{:?}", Retry::builder("defaults").build().unwrap());
    let rows: Vec<(&str, &str)> = readme
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|');
            Some((
                cells.next()?.trim().trim_end_matches('`'),
                cells.next()?.trim(),
            ))
        })
        .collect();
    assert_eq!(
        rows.len(),
        7,
        "a setting is missing from the README's table"
    );
    for (setting, default) in rows {
        let field = match setting {
            "base_backoff" => "base",
            "max_backoff" => "cap",
            "backoff_multiplier" => "multiplier",
            other => other,
        };
        assert!(
            debug.contains(&format!("{field}: {default}")),
            "README says {setting} is {default}, the code says {debug}"
        );
    }
}
