//! The facade's policy: everything at once, around an operation that succeeds.

use std::time::Duration;

use steadfast::policy::Policy;
use steadfast::retry::Hedge;
use tokio::runtime;

use super::{allocations, now, works};

#[test]
fn a_call_that_succeeds_allocates_nothing() {
    // The timer of an attempt asks for a runtime.
    let runtime = runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.unwrap();
    let _entered = runtime.enter();
    let hedge = Hedge::builder("payments").delay(Duration::from_secs(60));
    let policy = Policy::http_like("payments").hedge(hedge.build().unwrap());
    let policy = policy.build().unwrap();
    let call = || assert!(now(policy.call(|_| works())).is_ok());
    assert_eq!(allocations(call), 0);
    let call = || {
        let answer = now(policy.call_or(|_| works(), |_| async { None }));
        assert!(answer.is_ok());
    };
    assert_eq!(allocations(call), 0);
}
