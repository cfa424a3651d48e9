//! What `build` refuses.

use std::time::Duration;

use steadfast_bulkhead::Bulkhead;

#[test]
fn build_names_every_bad_field_with_its_value_and_rule() {
    let error = Bulkhead::builder("")
        .max_concurrent(0)
        .checkout_timeout(Duration::ZERO)
        .build()
        .unwrap_err();
    assert_eq!(error.name(), "");
    let fields: Vec<_> = error
        .fields()
        .iter()
        .map(|bad| (bad.field, bad.value.as_str(), bad.rule))
        .collect();
    assert_eq!(
        fields,
        [
            ("name", "\"\"", "must not be empty"),
            ("max_concurrent", "0", "must be at least 1"),
            (
                "checkout_timeout",
                "0ns",
                "must be longer than zero while max_waiting is not 0"
            ),
        ]
    );
}

#[test]
fn the_error_reads_as_one_line() {
    let error = Bulkhead::builder("payments").max_concurrent(0).build();
    assert_eq!(
        error.unwrap_err().to_string(),
        "bulkhead \"payments\" is misconfigured: max_concurrent = 0 (must be at least 1)"
    );
}

#[test]
fn a_zero_timeout_is_fine_when_nobody_may_wait() {
    let bulkhead = Bulkhead::builder("strict")
        .max_waiting(0)
        .checkout_timeout(Duration::ZERO)
        .build();
    assert!(bulkhead.is_ok());
}

#[test]
fn the_largest_values_are_taken_as_they_are() {
    let bulkhead = Bulkhead::builder("huge")
        .max_concurrent(usize::MAX)
        .max_waiting(usize::MAX)
        .checkout_timeout(Duration::MAX)
        .build()
        .unwrap();
    let _permit = bulkhead.acquire_blocking().unwrap();
    assert_eq!(bulkhead.snapshot().available, usize::MAX - 1);
}

#[cfg(feature = "tokio")]
#[test]
fn a_pool_names_the_bad_fields_of_its_bulkhead_and_its_own() {
    use steadfast_bulkhead::Pool;

    let error = Pool::builder("", || async { Ok::<_, ()>(()) })
        .max_concurrent(0)
        .checkout_timeout(Duration::ZERO)
        .create_timeout(Duration::ZERO)
        .max_age(Duration::ZERO)
        .max_idle(Duration::ZERO)
        .build()
        .unwrap_err();
    let fields: Vec<_> = error.fields().iter().map(|bad| bad.field).collect();
    assert_eq!(
        fields,
        [
            "name",
            "max_concurrent",
            "checkout_timeout",
            "create_timeout",
            "max_age",
            "max_idle"
        ]
    );
    assert!(
        error
            .to_string()
            .starts_with("pool \"\" is misconfigured: name = \"\" (must not be empty); ")
    );
}
