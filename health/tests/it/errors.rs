//! What the refusals say.

use std::error::Error as _;

use steadfast_health::{Check, Outcome, RegisterError};

use crate::support::steady;

fn check() -> Check {
    Check::new("db", || async { Outcome::healthy() })
}

#[test]
fn a_duplicate_names_the_monitor_the_check_and_the_way_out() {
    let monitor = steady();
    monitor.register(check()).unwrap();
    let error = monitor.register(check()).unwrap_err();
    assert!(matches!(error, RegisterError::Duplicate { .. }));
    assert_eq!(
        error.to_string(),
        "health monitor \"orders\" already has a check named \"db\": \
         deregister that one first, or choose another name"
    );
    assert!(error.source().is_none());
}

#[test]
fn a_bad_setting_is_printed_once_along_the_chain() {
    let error = steady().register(check().unhealthy_after(0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "health check \"db\" is misconfigured: unhealthy_after = 0 (must be at least 1)"
    );
    assert!(error.source().is_none());
}
