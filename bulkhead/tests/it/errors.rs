//! How rejections and failures read, and how they chain.

use std::{error::Error as _, io, time::Duration};

use steadfast_bulkhead::{Bulkhead, Error, Reason, Rejected};

fn full() -> Rejected {
    let bulkhead = Bulkhead::builder("payments")
        .max_concurrent(1)
        .build()
        .unwrap();
    let _held = bulkhead.try_acquire().unwrap();
    bulkhead.try_acquire().unwrap_err()
}

#[test]
fn a_full_bulkhead_says_how_full() {
    let rejected = full();
    assert_eq!(rejected.name(), "payments");
    assert_eq!(rejected.retry_after(), None);
    assert_eq!(
        rejected.to_string(),
        "bulkhead payments is full: 1 running, 0 waiting"
    );
}

#[test]
fn a_timeout_says_how_long_the_wait_was() {
    let bulkhead = Bulkhead::builder("slow")
        .max_concurrent(1)
        .checkout_timeout(Duration::from_micros(1))
        .build()
        .unwrap();
    let _held = bulkhead.try_acquire().unwrap();
    let rejected = bulkhead.acquire_blocking().unwrap_err();
    let Reason::Timeout { waited, .. } = rejected.reason() else {
        panic!("{rejected}");
    };
    assert_eq!(
        rejected.to_string(),
        format!("bulkhead slow had no free place within {waited:?}: 0 waiting")
    );
}

#[test]
fn a_closed_bulkhead_says_so() {
    let bulkhead = Bulkhead::builder("gone").build().unwrap();
    bulkhead.close();
    let rejected = bulkhead.try_acquire().unwrap_err();
    assert_eq!(rejected.to_string(), "bulkhead gone is closed");
}

#[test]
fn an_error_of_call_leads_to_its_source() {
    let rejected = Error::<io::Error>::from(full());
    assert!(rejected.source().unwrap().is::<Rejected>());
    assert_eq!(rejected.to_string(), full().to_string());
    assert_eq!(rejected.rejected(), Some(&full()));
    assert!(rejected.operation().is_none());
    assert!(rejected.into_operation().is_none());

    let failed = Error::Operation(io::Error::other("no route"));
    assert!(failed.source().unwrap().is::<io::Error>());
    assert_eq!(failed.to_string(), "no route");
    assert!(failed.rejected().is_none());
    assert_eq!(failed.operation().unwrap().to_string(), "no route");
    assert_eq!(failed.into_operation().unwrap().to_string(), "no route");
}

#[test]
fn refusals_are_equal_if_they_tell_the_same() {
    let refusal = |name: &str, measured: bool, held: bool| {
        let bulkhead = Bulkhead::builder(name).max_concurrent(1);
        let bulkhead = bulkhead.hold_times(measured).build().unwrap();
        let held = if held {
            Some(bulkhead.try_acquire().unwrap())
        } else {
            bulkhead.close();
            None
        };
        let rejected = bulkhead.try_acquire().unwrap_err();
        drop(held);
        (bulkhead, rejected)
    };
    let (_, full) = refusal("a", false, true);
    assert_eq!(full, full.clone());
    assert_eq!(full, refusal("a", false, true).1);
    assert_ne!(full, refusal("b", false, true).1, "the name");
    assert_ne!(full, refusal("a", false, false).1, "the reason");

    // A place has come back there, so it is known when to try again.
    let (measured, first) = refusal("a", true, true);
    assert_eq!(full, first);
    let _held = measured.try_acquire().unwrap();
    assert_ne!(full, measured.try_acquire().unwrap_err(), "when again");
}
