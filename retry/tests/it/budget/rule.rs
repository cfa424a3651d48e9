//! What is granted, as calls come and the window slides.

use steadfast_retry::{Budget, Extra};

use super::{build, pass, per_second, record, share, spend_all, take_all};

#[tokio::test(start_paused = true)]
async fn one_retry_for_every_five_calls() {
    let budget = share(0.2);
    for granted in [0, 0, 0, 0, 1, 0, 0, 0, 0, 1] {
        budget.record_call();
        assert_eq!(spend_all(&budget), granted);
    }
}

#[tokio::test(start_paused = true)]
async fn the_minimum_is_there_at_once_and_comes_on_top() {
    let budget = build(Budget::builder("both").share(0.5).min_per_second(0.3));
    assert_eq!(spend_all(&budget), 3, "10 s of 0.3");
    record(&budget, 4);
    assert_eq!(spend_all(&budget), 2);
}

#[tokio::test(start_paused = true)]
async fn a_fraction_of_a_call_is_not_lost_to_rounding() {
    // 0.29 * 100 is 28.999999999999996 in binary.
    let budget = share(0.29);
    record(&budget, 100);
    assert_eq!(spend_all(&budget), 29);
}

#[tokio::test(start_paused = true)]
async fn nothing_at_all_is_granted_with_neither_share_nor_minimum() {
    let budget = share(0.0);
    record(&budget, 1_000);
    assert_eq!(spend_all(&budget), 0);
}

#[tokio::test(start_paused = true)]
async fn retries_and_hedges_share_one_allowance() {
    let budget = share(1.0);
    record(&budget, 2);
    budget.try_acquire(Extra::Retry).unwrap().spend();
    budget.try_acquire(Extra::Hedge).unwrap().spend();
    assert!(budget.try_acquire(Extra::Retry).is_err());
    assert!(budget.try_acquire(Extra::Hedge).is_err());
    let totals = budget.snapshot().totals;
    assert_eq!((totals.spent_retries, totals.spent_hedges), (1, 1));
    let suppressed = totals.suppressed;
    assert_eq!((suppressed.retries_spent, suppressed.hedges_spent), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_spent_is_there_again_when_it_leaves_the_window() {
    let budget = per_second(1.0);
    assert_eq!(spend_all(&budget), 10);
    pass(9.999).await;
    assert_eq!(spend_all(&budget), 0);
    pass(0.001).await;
    assert_eq!(spend_all(&budget), 10);
}

#[tokio::test(start_paused = true)]
async fn calls_that_leave_the_window_take_their_share_with_them() {
    let budget = share(0.5);
    record(&budget, 10);
    pass(5.0).await;
    record(&budget, 4);
    assert_eq!(budget.snapshot().tokens, 7.0);
    pass(5.0).await;
    assert_eq!(budget.snapshot().tokens, 2.0);
    pass(5.0).await;
    assert_eq!(
        (budget.snapshot().calls, budget.snapshot().tokens),
        (0, 0.0)
    );
}

/// 0.29 times 100 is 28.999999999999996.
#[tokio::test(start_paused = true)]
async fn as_many_are_granted_as_the_whole_part_of_the_tokens() {
    for hundredths in 0..=200_u32 {
        let budget = share(f64::from(hundredths) / 100.0);
        record(&budget, 100);
        let tokens = budget.snapshot().tokens;
        assert_eq!(tokens.trunc(), f64::from(hundredths));
        assert_eq!(spend_all(&budget), hundredths as usize);
        assert_eq!(budget.snapshot().tokens, 0.0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_overdrawn_by_calls_that_left_is_never_less_than_nothing() {
    let budget = share(1.0);
    record(&budget, 5);
    let waiting = take_all(&budget);
    assert_eq!(waiting.len(), 5);
    pass(60.0).await;
    let seen = budget.snapshot();
    assert_eq!((seen.calls, seen.waiting, seen.tokens), (0, 5, 0.0));
    record(&budget, 5);
    assert!(
        budget.try_acquire(Extra::Retry).is_err(),
        "all of it is owed to those waiting"
    );
    drop(waiting);
    assert_eq!(spend_all(&budget), 5);
}

#[tokio::test(start_paused = true)]
async fn a_year_of_silence_leaves_an_empty_window() {
    let budget = share(1.0);
    record(&budget, 3);
    assert_eq!(spend_all(&budget), 3);
    pass(365.0 * 86_400.0 + 0.123).await;
    let seen = budget.snapshot();
    assert_eq!((seen.calls, seen.spent, seen.tokens), (0, 0, 0.0));
    record(&budget, 3);
    assert_eq!(spend_all(&budget), 3);
}

#[tokio::test(start_paused = true)]
async fn a_spending_only_handle_draws_on_the_same_calls_and_adds_none() {
    let budget = share(0.5);
    let inner = budget.spending_only();
    record(&budget, 4);
    record(&inner, 1_000);
    let again = inner.clone();
    record(&again, 1_000);
    record(&inner.downgrade().upgrade().unwrap(), 1_000);
    assert_eq!(inner.snapshot().totals.calls, 4);
    assert_eq!(spend_all(&inner), 2);
    assert_eq!(spend_all(&budget), 0);
}
