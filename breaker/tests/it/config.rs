//! Bad settings are refused by name; the README tells the defaults as they are.

use std::time::Duration;

use steadfast_breaker::CircuitBreaker;

#[test]
fn every_bad_field_is_named_with_its_value_and_rule() {
    let error = CircuitBreaker::builder("")
        .failure_threshold(0)
        .success_threshold(0)
        .max_probes(0)
        .open_for(Duration::ZERO)
        .reset_timeout(Duration::ZERO)
        .half_open_max(Duration::ZERO)
        .build()
        .unwrap_err();
    let fields: Vec<_> = error.fields().iter().map(|field| field.field).collect();
    assert_eq!(
        fields,
        [
            "name",
            "failure_threshold",
            "reset_timeout",
            "open_for",
            "max_probes",
            "success_threshold",
            "half_open_max"
        ]
    );
    let text = error.to_string();
    assert!(
        text.starts_with(
            "circuit breaker \"\" is misconfigured: name = \"\" (must not be empty); "
        ),
        "{text}"
    );
    assert!(
        text.contains("failure_threshold = 0 (must be at least 1)"),
        "{text}"
    );
    assert!(
        text.contains("open_for = 0ns (must be longer than zero)"),
        "{text}"
    );
}

#[test]
fn a_good_field_is_not_named() {
    let error = CircuitBreaker::builder("payments")
        .max_probes(0)
        .build()
        .unwrap_err();
    assert_eq!(error.name(), "payments");
    assert_eq!(error.fields().len(), 1);
}

#[test]
fn huge_values_neither_panic_nor_overflow() {
    let breaker = CircuitBreaker::builder("huge")
        .failure_threshold(1)
        .success_threshold(u32::MAX)
        .max_probes(u32::MAX)
        .open_for(Duration::MAX)
        .reset_timeout(Duration::MAX)
        .half_open_max(Duration::MAX)
        .build()
        .unwrap();
    breaker.try_acquire().unwrap().failure();
    let rejected = breaker.try_acquire().unwrap_err();
    // Never: the breaker's clock ends 292 years after the process began.
    assert!(rejected.retry_after().unwrap() > Duration::from_secs(200 * 365 * 86_400));
    assert!(rejected.to_string().contains("retry after"));
}

#[test]
fn the_readme_tells_the_defaults_as_they_are() {
    let readme = include_str!("../../README.md");
    let breaker = CircuitBreaker::builder("defaults").build().unwrap();
    let debug = format!("{breaker:?}");
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
        19,
        "a setting is missing from the README's table"
    );
    for (setting, default) in rows {
        assert!(
            debug.contains(&format!("{setting}: {default}")),
            "README says {setting} is {default}, the code says {debug}"
        );
    }
}
