//! Settings that break their rules are named all at once.

use std::time::Duration;

use steadfast::policy::Policy;
use steadfast::{breaker, bulkhead, retry};

#[test]
fn every_bad_field_is_named_with_its_part() {
    let mut of_breaker = breaker::Config::default();
    of_breaker.max_probes = 0;
    let mut of_retry = retry::Config::default();
    of_retry.max_attempts = 0;
    let mut of_bulkhead = bulkhead::Config::default();
    of_bulkhead.max_concurrent = 0;
    let error = Policy::builder("")
        .total_timeout(Duration::ZERO)
        .attempt_timeout(Duration::ZERO)
        .retry_config(of_retry)
        .breaker_config(of_breaker)
        .bulkhead_config(of_bulkhead)
        .build()
        .unwrap_err();
    let fields: Vec<_> = error.fields().iter().map(|field| &*field.field).collect();
    let expected = [
        "name",
        "total_timeout",
        "attempt_timeout",
        "retry.max_attempts",
        "breaker.max_probes",
        "bulkhead.max_concurrent",
    ];
    assert_eq!(fields, expected);
    let start =
        "policy \"\" is misconfigured: name = \"\" (must not be empty); total_timeout = 0ns (";
    assert!(error.to_string().starts_with(start), "{error}");
}

#[test]
fn an_attempt_has_no_more_time_than_the_call() {
    let second = Duration::from_secs(1);
    let build = |attempt| {
        let builder = Policy::builder("stock").total_timeout(second);
        builder.attempt_timeout(attempt).build()
    };
    assert!(build(second).is_ok());
    let error = build(2 * second).unwrap_err();
    assert_eq!(error.fields()[0].field, "attempt_timeout");
    assert_eq!(error.name(), "stock");
}

#[test]
fn a_part_can_be_shared() {
    let places = bulkhead::Bulkhead::builder("database").build().unwrap();
    let [one, two] = ["reads", "writes"].map(|name| {
        let builder = Policy::builder(name).bulkhead(places.clone());
        builder.build().unwrap()
    });
    let _taken = one.bulkhead().unwrap().try_acquire().unwrap();
    assert_eq!(two.bulkhead().unwrap().snapshot().busy, 1);
}
