//! What `build` refuses, and settings as plain data.

use std::time::Duration;

use steadfast_bulkhead::{Bulkhead, Config, Reason};

#[test]
fn build_names_every_bad_field_with_its_value_and_rule() {
    let error = Bulkhead::builder("").max_concurrent(0).build().unwrap_err();
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

/// A bulkhead without time to wait, whose one place is to be taken.
fn impatient() -> Bulkhead {
    Bulkhead::builder("impatient")
        .max_concurrent(1)
        .max_waiting(100)
        .checkout_timeout(Duration::ZERO)
        .build()
        .unwrap()
}

const FULL: Reason = Reason::Full {
    concurrent: 1,
    waiting: 0,
};

#[test]
fn without_time_to_wait_a_full_bulkhead_refuses_a_thread_at_once() {
    let bulkhead = impatient();
    let held = bulkhead.acquire_blocking().unwrap();
    assert_eq!(bulkhead.acquire_blocking().unwrap_err().reason(), FULL);
    let called = bulkhead.call_blocking(|| Ok::<_, ()>(()));
    assert_eq!(called.unwrap_err().rejected().unwrap().reason(), FULL);
    let totals = bulkhead.snapshot().totals;
    assert_eq!((totals.rejected_full, totals.rejected_timeout), (2, 0));
    drop(held);
    assert!(bulkhead.call_blocking(|| Ok::<_, ()>(())).is_ok());
}

#[cfg(feature = "tokio")]
#[test]
fn without_time_to_wait_a_full_bulkhead_refuses_a_task_without_a_timer() {
    // A timer panics in a runtime that has no time driver.
    let without_time = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    without_time.block_on(async {
        let bulkhead = impatient();
        let held = bulkhead.acquire().await.unwrap();
        assert_eq!(bulkhead.acquire().await.unwrap_err().reason(), FULL);
        let called = bulkhead.call(|| async { Ok::<_, ()>(()) }).await;
        assert_eq!(called.unwrap_err().rejected().unwrap().reason(), FULL);
        assert_eq!(bulkhead.snapshot().peak_waiting, 0);
        drop(held);
        assert!(bulkhead.call(|| async { Ok::<_, ()>(()) }).await.is_ok());
    });
}

#[test]
fn a_closed_bulkhead_without_time_to_wait_says_that_it_is_closed() {
    let bulkhead = impatient();
    bulkhead.close();
    let rejected = bulkhead.acquire_blocking().unwrap_err();
    assert_eq!(rejected.reason(), Reason::Closed);
}

#[test]
fn the_defaults_of_a_config_are_those_of_the_builder() {
    let bulkhead = Bulkhead::builder("plain").build().unwrap();
    assert_eq!(bulkhead.config(), Config::default());
}

#[test]
fn a_config_replaces_what_was_set_before_and_yields_to_what_comes_after() {
    let bulkhead = Bulkhead::builder("llm")
        .max_waiting(7)
        .config(Config::llm_requests())
        .max_concurrent(3)
        .build()
        .unwrap();
    let mut expected = Config::llm_requests();
    expected.max_concurrent = 3;
    assert_eq!(bulkhead.config(), expected);
}

#[test]
fn the_rules_hold_for_a_config_too() {
    let mut config = Config::default();
    config.max_concurrent = 0;
    let error = Bulkhead::builder("none").config(config).build();
    assert_eq!(error.unwrap_err().fields()[0].field, "max_concurrent");
}

#[test]
fn the_presets_are_as_their_table_says() {
    let numbers = |config: Config| {
        let timeout = config.checkout_timeout.as_secs();
        (config.max_concurrent, config.max_waiting, timeout)
    };
    assert_eq!(numbers(Config::default()), (20, 100, 5));
    assert_eq!(numbers(Config::amqp_channels()), (20, 100, 5));
    assert_eq!(numbers(Config::http_connections()), (50, 200, 5));
    assert_eq!(numbers(Config::llm_requests()), (10, 50, 30));
}

#[test]
fn the_largest_values_are_taken_as_they_are() {
    let bulkhead = Bulkhead::builder("huge")
        .max_concurrent(MOST)
        .max_waiting(usize::MAX)
        .checkout_timeout(Duration::MAX)
        .build()
        .unwrap();
    let _permit = bulkhead.acquire_blocking().unwrap();
    assert_eq!(bulkhead.snapshot().available, MOST - 1);
    let _rest = bulkhead.try_acquire_many(MOST - 1).unwrap();
    assert!(bulkhead.try_acquire().is_err());
}

#[test]
fn there_is_a_largest_number_of_places() {
    for places in [MOST + 1, u32::MAX as usize, usize::MAX] {
        let error = Bulkhead::builder("huge").max_concurrent(places).build();
        let error = error.unwrap_err();
        assert_eq!(error.fields().len(), 1);
        assert_eq!(error.fields()[0].rule, "must be at most 268435455");
    }
}

/// The most places there can be.
const MOST: usize = 268_435_455;

#[cfg(feature = "tokio")]
#[test]
fn a_pool_names_the_bad_fields_of_its_bulkhead_and_its_own() {
    use steadfast_bulkhead::Pool;

    let error = Pool::builder("", || async { Ok::<_, ()>(()) })
        .max_concurrent(0)
        .create_timeout(Duration::ZERO)
        .validate_timeout(Duration::ZERO)
        .recycle_timeout(Duration::ZERO)
        .min_idle(1)
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
            "create_timeout",
            "validate_timeout",
            "recycle_timeout",
            "max_age",
            "max_idle",
            "min_idle"
        ]
    );
    assert!(
        error
            .to_string()
            .starts_with("pool \"\" is misconfigured: name = \"\" (must not be empty); ")
    );
}

#[test]
fn the_config_of_a_bulkhead_is_what_is_in_force() {
    let config = Config::llm_requests();
    let bulkhead = Bulkhead::builder("b").config(config.clone());
    let bulkhead = bulkhead.build().unwrap();
    assert_eq!(bulkhead.config(), config);
    bulkhead.resize(3).unwrap();
    let mut smaller = config;
    smaller.max_concurrent = 3;
    assert_eq!(bulkhead.config(), smaller);
}
