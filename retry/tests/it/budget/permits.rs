//! What becomes of a permit: spent, dropped, leaked, and outliving its budget.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use steadfast_retry::{BudgetSnapshot, Extra};

use super::{pass, per_second, record, share, spend_all, take_all};

/// Spent, waiting and given back.
fn counts(seen: &BudgetSnapshot) -> (u64, u64, u64) {
    let totals = seen.totals;
    let spent = totals.spent_retries + totals.spent_hedges;
    assert_eq!(totals.granted, spent + totals.given_back + seen.waiting);
    (spent, seen.waiting, totals.given_back)
}

#[tokio::test(start_paused = true)]
async fn a_permit_waits_until_it_is_spent_or_dropped() {
    let budget = share(1.0);
    record(&budget, 2);
    let first = budget.try_acquire(Extra::Retry).unwrap();
    let second = budget.try_acquire(Extra::Retry).unwrap();
    assert_eq!(counts(&budget.snapshot()), (0, 2, 0));
    first.spend();
    assert_eq!(counts(&budget.snapshot()), (1, 1, 0));
    drop(second);
    assert_eq!(counts(&budget.snapshot()), (1, 0, 1));
    assert_eq!(budget.snapshot().tokens, 1.0);
    assert!(
        budget.try_acquire(Extra::Retry).is_ok(),
        "what was given back is there again"
    );
}

#[tokio::test(start_paused = true)]
async fn a_permit_counts_from_when_it_is_spent_and_not_from_when_it_was_granted() {
    let budget = per_second(0.1);
    let permit = budget.try_acquire(Extra::Retry).unwrap();
    pass(30.0).await;
    assert_eq!(budget.snapshot().waiting, 1, "however long the backoff");
    permit.spend();
    pass(9.999).await;
    assert_eq!(spend_all(&budget), 0);
    pass(0.001).await;
    assert_eq!(spend_all(&budget), 1);
}

#[tokio::test(start_paused = true)]
#[expect(clippy::mem_forget, reason = "a leak is what this is about")]
async fn a_leaked_permit_waits_for_ever() {
    let budget = share(1.0);
    record(&budget, 2);
    std::mem::forget(budget.try_acquire(Extra::Hedge).unwrap());
    pass(3_600.0).await;
    record(&budget, 2);
    assert_eq!(spend_all(&budget), 1);
    assert_eq!(counts(&budget.snapshot()), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_permit_can_be_spent_and_dropped_after_the_budget_is_gone() {
    let budget = share(1.0);
    record(&budget, 2);
    let (spent, dropped) = (
        budget.try_acquire(Extra::Retry),
        budget.try_acquire(Extra::Hedge),
    );
    let weak = budget.downgrade();
    drop(budget);
    spent.unwrap().spend();
    let found = weak.upgrade().unwrap();
    assert_eq!(counts(&found.snapshot()), (1, 1, 0), "a permit keeps it");
    drop(found);
    drop(dropped);
    assert!(weak.upgrade().is_none(), "and the last one lets it go");
}

#[tokio::test(start_paused = true)]
async fn a_permit_spent_on_another_thread_is_spent_all_the_same() {
    let budget = share(1.0);
    record(&budget, 1);
    let permit = budget.try_acquire(Extra::Retry).unwrap();
    thread::spawn(move || permit.spend()).join().unwrap();
    assert_eq!(counts(&budget.snapshot()), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_panic_gives_back_what_was_not_spent_and_leaves_the_budget_in_order() {
    let budget = share(1.0);
    record(&budget, 3);
    let spent = budget.try_acquire(Extra::Retry).unwrap();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let _waiting = budget.try_acquire(Extra::Retry).unwrap();
        spent.spend();
        panic!("in the middle of a backoff");
    }));
    assert!(outcome.is_err());
    assert_eq!(counts(&budget.snapshot()), (1, 0, 1));
    let others = budget.clone();
    let died = thread::spawn(move || {
        let _waiting = take_all(&others);
        panic!("a whole thread dies");
    });
    assert!(died.join().is_err());
    assert_eq!(counts(&budget.snapshot()), (1, 0, 3));
    record(&budget, 1);
    assert_eq!(
        spend_all(&budget),
        3,
        "nothing is poisoned, nothing is lost"
    );
}
