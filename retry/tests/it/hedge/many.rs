//! Many calls at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use steadfast_retry::{Hedge, Verdict};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::adds_up;
use super::script::Alive;
use crate::ms;

#[tokio::test(start_paused = true)]
async fn a_thousand_calls_at_a_time_do_not_get_in_each_others_way() {
    let hedge = Hedge::builder("test").delay(ms(50)).max_hedges(3);
    let hedge = hedge.unbudgeted().build().unwrap();
    let running = Arc::new(AtomicUsize::new(0));
    let mut calls = JoinSet::new();
    for call in 0..1_000_u64 {
        let (hedge, running) = (hedge.clone(), Arc::clone(&running));
        calls.spawn(async move {
            // The attempts of call 300 take 300, 200, 100 and 0 ms: the first three end in a draw.
            let answer = hedge
                .call(|attempt| {
                    let alive = Alive::new(&running);
                    let latency = call.saturating_sub(100 * u64::from(attempt.number() - 1));
                    async move {
                        let _alive = alive;
                        sleep(ms(latency)).await;
                        Ok::<_, ()>(attempt.number())
                    }
                })
                .await;
            (call, answer)
        });
    }
    for (call, answer) in calls.join_all().await {
        // Hedge n is sent at 50 n and saves 100 n, as long as there is so much to save.
        let ends = (0..4_u64).map(|n| (50 * n + call.saturating_sub(100 * n), n as u32 + 1));
        assert_eq!(answer, Ok(ends.min().unwrap().1), "call {call}");
    }
    assert_eq!(running.load(Ordering::Relaxed), 0);
    let snapshot = hedge.snapshot();
    adds_up(&snapshot, 0);
    assert_eq!(snapshot.totals.calls, 1_000);
}

#[tokio::test(start_paused = true)]
async fn whatever_becomes_of_calls_they_add_up() {
    let hedge = Hedge::builder("test").percentile(0.9).warm_up(10);
    let hedge = hedge.max_hedges(2).hedge_failures(true).build().unwrap();
    let mut random = StdRng::seed_from_u64(7);
    let mut calls = JoinSet::new();
    for _ in 0..1_000 {
        let hedge = hedge.clone();
        let attempts: [(u64, u8); 3] = std::array::from_fn(|_| {
            let latency = random.random_range(0..200_u64);
            (latency, random.random_range(0..10_u8))
        });
        let start = random.random_range(0..2_000_u64);
        let patience = random.random_range(1..400_u64);
        calls.spawn(async move {
            sleep(ms(start)).await;
            let call = hedge
                .classify(|result: &Result<u8, u8>| match result {
                    Ok(_) => Verdict::Accept,
                    Err(9) => Verdict::Stop,
                    Err(_) => Verdict::Retry,
                })
                .call(|attempt| {
                    let (latency, fate) = attempts[attempt.number() as usize - 1];
                    async move {
                        sleep(ms(latency)).await;
                        match fate {
                            0..7 => Ok(fate),
                            7 => std::panic::resume_unwind(Box::new("scripted")),
                            _ => Err(fate),
                        }
                    }
                });
            timeout(ms(patience), call).await
        });
    }
    while let Some(call) = calls.join_next().await {
        adds_up(&hedge.snapshot(), {
            let totals = hedge.snapshot().totals;
            totals.calls
                - (totals.primary_won + totals.hedge_won + totals.failed)
                - (totals.abandoned + totals.panicked)
        });
        drop(call);
    }
    let snapshot = hedge.snapshot();
    adds_up(&snapshot, 0);
    let totals = snapshot.totals;
    assert_eq!(totals.calls, 1_000);
    for count in [
        totals.primary_won,
        totals.hedge_won,
        totals.failed,
        totals.abandoned,
        totals.panicked,
    ] {
        assert!(count > 0, "{totals:?}");
    }
}

#[test]
fn threads_do_not_get_in_each_others_way_either() {
    let hedge = Hedge::builder("test").build().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                use futures_util::FutureExt;
                for _ in 0..5_000 {
                    let call = hedge.call(|_| std::future::ready(Ok::<_, ()>(())));
                    assert_eq!(call.now_or_never(), Some(Ok(())));
                }
            });
        }
    });
    let snapshot = hedge.snapshot();
    assert_eq!(snapshot.totals.primary_won, 40_000);
    assert_eq!(snapshot.samples + snapshot.samples_skipped, 40_000);
}
