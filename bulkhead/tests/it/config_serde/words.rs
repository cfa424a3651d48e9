//! Priorities and reasons as data.

use std::time::Duration;

use serde_json::{json, to_value};
use steadfast_bulkhead::{Bulkhead, Priority, Reason};

#[test]
fn priorities_are_words() {
    let priorities = [Priority::High, Priority::Normal, Priority::Low];
    assert_eq!(
        to_value(priorities).unwrap(),
        json!(["high", "normal", "low"])
    );
}

#[test]
fn a_reason_has_its_kind_and_its_numbers() {
    let reasons = [
        (
            Reason::Full {
                concurrent: 20,
                waiting: 100,
            },
            json!({"kind": "full", "concurrent": 20, "waiting": 100}),
        ),
        (
            Reason::Timeout {
                waited: Duration::from_micros(1_234_500),
                waiting: 7,
            },
            json!({"kind": "timeout", "waited_ms": 1234.5, "waiting": 7}),
        ),
        (Reason::Closed, json!({"kind": "closed"})),
        (
            Reason::TooMany {
                wanted: 30,
                limit: 20,
            },
            json!({"kind": "too_many", "wanted": 30, "limit": 20}),
        ),
    ];
    for (reason, expected) in reasons {
        assert_eq!(to_value(reason).unwrap(), expected);
    }
}

#[test]
fn a_refusal_tells_its_reason_as_data() {
    let bulkhead = Bulkhead::builder("closed").build().unwrap();
    bulkhead.close();
    let reason = bulkhead.try_acquire().unwrap_err().reason();
    assert_eq!(to_value(reason).unwrap(), json!({"kind": "closed"}));
}
