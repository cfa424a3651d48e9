//! Mistakes found in other budgets. The race is in `threads`.

use steadfast_retry::{BudgetPermit, Extra};

use super::{pass, per_second, record, share, spend_all, take_all};

/// tower-resilience: each success put a whole retry back, so with most calls succeeding the budget
/// was always full.
#[tokio::test(start_paused = true)]
async fn a_success_buys_a_share_of_a_retry_and_not_a_whole_one() {
    let budget = share(0.1);
    // A success is a call like any other: nobody tells the budget how it ended.
    record(&budget, 1_000);
    assert_eq!(spend_all(&budget), 100);
    for _ in 0..100 {
        record(&budget, 9);
        assert_eq!(spend_all(&budget), 0);
        record(&budget, 1);
        assert_eq!(spend_all(&budget), 1);
    }
}

/// The same from the other side: a retry that succeeds must not pay for the next one.
#[tokio::test(start_paused = true)]
async fn retries_buy_no_retries() {
    let budget = share(0.5);
    record(&budget, 8);
    assert_eq!(
        [spend_all(&budget), spend_all(&budget), spend_all(&budget)],
        [4, 0, 0]
    );
    assert_eq!(budget.snapshot().calls, 8);
}

/// failsafe-go: it compared the rate before the retry with the limit, and so granted one too many.
#[tokio::test(start_paused = true)]
async fn the_budget_is_never_overshot_by_one() {
    let budget = share(0.2);
    assert_eq!(spend_all(&budget), 0, "no calls, no retries");
    let mut sent = 0;
    for calls in 1..=1_000 {
        budget.record_call();
        sent += spend_all(&budget);
        assert_eq!(sent, calls / 5, "after {calls} calls");
    }
}

/// envoy#30205: retries in a backoff were not counted, so a thousand calls that failed together all
/// passed the check, and a second later were all sent.
#[tokio::test(start_paused = true)]
async fn retries_in_a_backoff_count_before_they_are_sent() {
    let budget = share(0.2);
    record(&budget, 1_000);
    let asked = (0..1_000).map(|_| budget.try_acquire(Extra::Retry));
    let backing_off: Vec<_> = asked.flatten().collect();
    assert_eq!(backing_off.len(), 200);
    assert_eq!(budget.snapshot().totals.suppressed.retries_waiting, 800);
    pass(1.0).await;
    backing_off.into_iter().for_each(BudgetPermit::spend);
    assert_eq!(budget.snapshot().spent, 200);
}

/// The same with backoffs longer than the window, in which the calls are forgotten and they are not.
#[tokio::test(start_paused = true)]
async fn retries_in_a_backoff_longer_than_the_window_still_count() {
    let budget = share(0.2);
    record(&budget, 100);
    let backing_off = take_all(&budget);
    for _ in 0..6 {
        pass(10.0).await;
        record(&budget, 100);
        assert_eq!(
            take_all(&budget).len(),
            0,
            "these twenty would come due with those"
        );
    }
    drop(backing_off);
    assert_eq!(take_all(&budget).len(), 20);
}

/// Fixed windows: all of one at its end and all of the next at its beginning, twice the rule in no
/// time.
#[tokio::test(start_paused = true)]
async fn no_boundary_lets_twice_the_allowance_through() {
    for begin in [0.0, 0.999, 4.5, 9.999, 10.0, 10.001] {
        let budget = per_second(10.0);
        pass(begin).await;
        assert_eq!(spend_all(&budget), 100);
        for tenth in 1..90 {
            pass(0.1).await;
            assert_eq!(
                spend_all(&budget),
                0,
                "{tenth} tenths of a second after {begin}"
            );
        }
        pass(1.1).await;
        assert_eq!(
            spend_all(&budget),
            100,
            "all of it after the window at the latest"
        );
    }
}

/// The same over many windows: what calls and retries leave behind adds up to nothing more.
#[tokio::test(start_paused = true)]
async fn an_outage_of_a_minute_is_met_with_a_fifth_more_than_its_calls() {
    let budget = share(0.2);
    let (mut calls, mut sent) = (0, 0);
    for _ in 0..600 {
        record(&budget, 7);
        calls += 7;
        sent += spend_all(&budget);
        assert!(sent * 5 <= calls, "{sent} retries of {calls} calls");
        pass(0.1).await;
    }
    assert!(sent * 5 > calls - 70, "{sent} retries of {calls} calls");
}
