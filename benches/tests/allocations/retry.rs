//! The retry: succeeding at once, later, and giving up.

use std::time::Duration;

use steadfast_retry::Retry;

use super::{allocations, fails, now, works};

pub(crate) fn retry() -> Retry {
    let builder = Retry::builder("payments").base_backoff(Duration::ZERO);
    builder.build().unwrap()
}

#[test]
fn a_retry_that_succeeds_at_once_allocates_nothing() {
    let retry = retry();
    assert_eq!(
        allocations(|| assert!(now(retry.call(|_| works())).is_ok())),
        0
    );
    assert_eq!(
        allocations(|| assert!(retry.call_blocking(|_| Ok::<_, u32>(1)).is_ok())),
        0
    );
}

#[test]
fn further_attempts_allocate_nothing() {
    let retry = retry();
    let third_time = || {
        let answer = now(retry.call(|attempt| {
            if attempt.number() == 3 {
                works()
            } else {
                fails()
            }
        }));
        assert_eq!(answer, Ok(1));
    };
    assert_eq!(allocations(third_time), 0);
}

#[test]
fn drawing_a_backoff_allocates_nothing() {
    let builder = Retry::builder("payments").base_backoff(Duration::from_nanos(1));
    let retry = builder.max_attempts(2).build().unwrap();
    let second_time = || {
        let answer = retry.call_blocking(|attempt| if attempt.is_retry() { Ok(1) } else { Err(2) });
        assert_eq!(answer, Ok(1));
    };
    assert_eq!(allocations(second_time), 0);
}

#[test]
fn giving_up_allocates_nothing() {
    let retry = retry();
    let give_up = || assert!(now(retry.call(|_| fails())).is_err());
    assert_eq!(allocations(give_up), 0);
}
