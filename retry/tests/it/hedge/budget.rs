//! The budget of the hedges of all calls together.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use steadfast_retry::{Budget, Hedge, Retry};
use tokio::time::{advance, sleep};

use super::adds_up;
use crate::ms;

async fn slow_call(hedge: &Hedge) -> Result<u32, ()> {
    hedge
        .call(|attempt| async move {
            sleep(ms(if attempt.is_hedge() { 10 } else { 500 })).await;
            Ok(attempt.number())
        })
        .await
}

#[tokio::test(start_paused = true)]
async fn by_default_at_most_a_tenth_of_the_calls_is_hedged() {
    let hedge = Hedge::builder("test").delay(ms(1)).build().unwrap();
    for _ in 0..500 {
        slow_call(&hedge).await.unwrap();
    }
    let totals = hedge.snapshot().totals;
    assert_eq!(totals.sent + totals.suppressed_budget, 500);
    assert!((30..=50).contains(&totals.sent), "{totals:?}");
    let budget = hedge.snapshot().budget.unwrap();
    assert_eq!((budget.share, budget.min_per_second), (0.1, 0.0));
    assert_eq!((&*budget.name, budget.window), ("test", ms(10_000)));
    assert_eq!(budget.totals.spent_hedges, totals.sent);
    adds_up(&hedge.snapshot(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_budget_may_be_shared() {
    let budget = Budget::builder("shared").share(1.0).min_per_second(0.0);
    let budget = budget.build().unwrap();
    let hedge = |name| {
        let builder = Hedge::builder(name).delay(ms(1));
        builder.budget(budget.clone()).build().unwrap()
    };
    let (a, b) = (hedge("a"), hedge("b"));
    assert_eq!(slow_call(&a).await, Ok(2));
    assert_eq!(slow_call(&b).await, Ok(2));
    assert!(budget.try_acquire(steadfast_retry::Extra::Retry).is_err());
    let snapshot = budget.snapshot();
    assert_eq!((snapshot.calls, snapshot.totals.spent_hedges), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_spending_only_budget_does_not_count_the_calls() {
    let budget = Budget::builder("outer").build().unwrap();
    let hedge = Hedge::builder("test").delay(ms(1));
    let hedge = hedge.budget(budget.spending_only()).build().unwrap();
    assert_eq!(slow_call(&hedge).await, Ok(2));
    let snapshot = budget.snapshot();
    assert_eq!((snapshot.calls, snapshot.spent), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_a_call_asks_for_no_other_hedge() {
    let budget = Budget::builder("test").share(0.0).min_per_second(0.1);
    let budget = budget.build().unwrap();
    let hedge = Hedge::builder("test")
        .delay(ms(100))
        .max_hedges(10)
        .budget(budget.clone())
        .build()
        .unwrap();
    let answer = hedge
        .call(|attempt| async move {
            sleep(ms(900)).await;
            Ok::<_, ()>(attempt.number())
        })
        .await;
    assert_eq!(answer, Ok(1));
    let totals = hedge.snapshot().totals;
    assert_eq!((totals.sent, totals.suppressed_budget), (1, 1));
    assert_eq!(budget.snapshot().totals.suppressed.hedges_spent, 1);
    // The window is over, and the next call may send one again.
    advance(ms(20_000)).await;
    assert_eq!(slow_call(&hedge).await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn a_budget_holds_for_a_thousand_calls_at_a_time() {
    let budget = Budget::builder("test").share(0.05).min_per_second(0.0);
    let budget = budget.build().unwrap();
    let hedge = Hedge::builder("test").delay(ms(100));
    let hedge = hedge.budget(budget).build().unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..1_000 {
        let hedge = hedge.clone();
        calls.spawn(async move { slow_call(&hedge).await });
    }
    let answers = calls.join_all().await;
    let hedged = answers.iter().filter(|answer| **answer == Ok(2)).count();
    assert_eq!(hedged, 50);
    assert_eq!(hedge.snapshot().totals.suppressed_budget, 950);
    adds_up(&hedge.snapshot(), 0);
}

/// One inside the other, with one budget for both, of which the outer one counts the calls.
#[tokio::test(start_paused = true)]
async fn retries_and_hedges_of_ten_thousand_calls_together_stay_within_the_rule() {
    for (hedges_retries, share) in [(true, 0.2), (false, 0.2), (false, 1.5)] {
        let budget = Budget::builder("both").share(share).window(ms(60_000));
        let budget = budget.build().unwrap();
        let (mut outer, mut inner) = (budget.clone(), budget.spending_only());
        if hedges_retries {
            std::mem::swap(&mut outer, &mut inner);
        }
        let retry = Retry::builder("inner or outer").max_attempts(4);
        let retry = retry.base_backoff(ms(10)).budget(outer).build().unwrap();
        let hedge = Hedge::builder("outer or inner").delay(ms(20)).max_hedges(3);
        let hedge = hedge.hedge_failures(true).budget(inner).build().unwrap();
        let requests = AtomicU64::new(0);
        let work = async || {
            let nth = requests.fetch_add(1, Ordering::Relaxed);
            sleep(ms(1 + nth % 60)).await;
            if nth % 3 == 0 { Ok(()) } else { Err(()) }
        };
        let calls = (0..10_000).map(|nth| {
            let (retry, hedge, work) = (&retry, &hedge, &work);
            async move {
                sleep(ms(nth % 97)).await;
                if hedges_retries {
                    let _ = hedge
                        .call(async |_| {
                            retry.call(|_| work()).await.is_ok().then_some(()).ok_or(())
                        })
                        .await;
                } else {
                    let _ = retry.call(|_| hedge.call(|_| work())).await;
                }
            }
        });
        let allowed = share * 10_000.0 + 60.0;
        let mut running: FuturesUnordered<_> = calls.collect();
        while running.next().await.is_some() {
            let now = budget.snapshot();
            let rule = share * now.calls as f64 + 60.0;
            assert!((now.spent + now.waiting) as f64 <= rule, "{now:?}");
        }
        let end = budget.snapshot();
        assert_eq!((end.calls, end.waiting), (10_000, 0));
        assert!(end.spent as f64 >= allowed - 1.0, "{end:?}");
        assert_eq!(requests.load(Ordering::Relaxed), 10_000 + end.spent);
        assert_eq!(
            end.totals.spent_retries + end.totals.spent_hedges,
            end.spent
        );
        adds_up(&hedge.snapshot(), 0);
    }
}
