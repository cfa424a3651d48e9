//! What a refusal says.

use std::error::Error;
use std::time::Duration;

use steadfast_retry::{Budget, Extra, SpentReason};
use tokio::time::advance;

use super::{build, pass, per_second, record, share, spend_all, take_all};

#[tokio::test(start_paused = true)]
async fn a_refusal_says_what_is_used_and_when_to_come_again() {
    let budget = build(Budget::builder("payments"));
    budget.try_acquire(Extra::Retry).unwrap().spend();
    pass(9.0).await;
    record(&budget, 52);
    let waiting = take_all(&budget).split_off(16);
    assert_eq!(waiting.len(), 3);
    // The other sixteen were dropped: send as many instead.
    for _ in 0..16 {
        budget.try_acquire(Extra::Hedge).unwrap().spend();
    }
    let refused = budget.try_acquire(Extra::Retry).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "budget \"payments\" has nothing left for a retry: 20 of 20.4 used by 52 calls in the last 10s, \
         3 of them waiting; retry after 1s"
    );
    assert_eq!(refused.name(), "payments");
    assert_eq!(refused.extra(), Extra::Retry);
    assert_eq!(refused.reason(), SpentReason::Waiting);
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(1)));
    assert!(refused.source().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_leaves_out_what_does_not_apply() {
    let budget = build(Budget::builder("a\nb").share(0.2).min_per_second(0.0));
    budget.record_call();
    let refused = budget.try_acquire(Extra::Hedge).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "budget \"a\\nb\" has nothing left for a hedge: 0 of 0.2 used by 1 call in the last 10s"
    );
    assert_eq!(
        (refused.reason(), refused.retry_after()),
        (SpentReason::Spent, None)
    );
}

#[tokio::test(start_paused = true)]
async fn an_allowance_just_under_a_whole_retry_does_not_read_as_one() {
    let budget = share(0.999_9);
    budget.record_call();
    let text = budget.try_acquire(Extra::Retry).unwrap_err().to_string();
    assert!(text.contains("0 of 0.99 used"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_wait_is_rounded_up_to_a_millisecond_in_the_text_only() {
    let budget = per_second(0.1);
    pass(0.000_000_001).await;
    assert_eq!(spend_all(&budget), 1);
    let refused = budget.try_acquire(Extra::Retry).unwrap_err();
    assert_eq!(refused.retry_after(), Some(Duration::new(9, 999_999_999)));
    assert!(
        refused.to_string().ends_with("; retry after 10s"),
        "{refused}"
    );
}

#[tokio::test(start_paused = true)]
async fn after_the_wait_there_is_one_and_a_nanosecond_before_there_is_none() {
    for offset in [0, 1, 333_333_333, 999_999_999, 1_000_000_000] {
        let budget = per_second(0.3);
        advance(Duration::from_nanos(offset)).await;
        assert_eq!(spend_all(&budget), 3);
        pass(0.25).await;
        let wait = budget
            .try_acquire(Extra::Retry)
            .unwrap_err()
            .retry_after()
            .unwrap();
        advance(wait - Duration::from_nanos(1)).await;
        assert!(budget.try_acquire(Extra::Retry).is_err(), "{offset}");
        advance(Duration::from_nanos(1)).await;
        assert!(budget.try_acquire(Extra::Retry).is_ok(), "{offset}");
    }
}

#[tokio::test(start_paused = true)]
async fn there_is_no_wait_to_tell_while_the_waiting_ones_hold_all_there_ever_is() {
    let budget = per_second(0.2);
    let waiting = take_all(&budget);
    let refused = budget.try_acquire(Extra::Retry).unwrap_err();
    assert_eq!(
        (refused.reason(), refused.retry_after()),
        (SpentReason::Waiting, None)
    );
    waiting
        .into_iter()
        .for_each(steadfast_retry::BudgetPermit::spend);
    let refused = budget.try_acquire(Extra::Retry).unwrap_err();
    assert_eq!(refused.reason(), SpentReason::Spent);
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(10)));
    let suppressed = budget.snapshot().totals.suppressed;
    // `take_all` was refused once too, at its end.
    assert_eq!(
        (suppressed.retries_waiting, suppressed.retries_spent),
        (2, 1)
    );
}
