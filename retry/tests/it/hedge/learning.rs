//! What calls teach about latency.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::time::Duration;

use steadfast_retry::{Hedge, HedgeBuilder};
use tokio::time::{sleep, timeout};

use crate::ms;

fn p90() -> HedgeBuilder {
    Hedge::builder("test").percentile(0.9).unbudgeted()
}

/// Primary and hedge take so long.
async fn call(hedge: &Hedge, primary: Duration, backup: Duration) -> Result<u32, ()> {
    hedge
        .call(|attempt| async move {
            sleep(if attempt.is_hedge() { backup } else { primary }).await;
            Ok(attempt.number())
        })
        .await
}

fn near(found: Option<Duration>, expected: Duration) -> bool {
    found.is_some_and(|found| found >= expected && found - expected <= expected / 32)
}

#[tokio::test(start_paused = true)]
async fn hedges_begin_after_the_warm_up() {
    let hedge = p90().warm_up(10).build().unwrap();
    for _ in 0..10 {
        assert_eq!(call(&hedge, ms(100), ms(1)).await, Ok(1));
    }
    assert!(near(hedge.delay(), ms(100)));
    assert_eq!(call(&hedge, ms(1_000), ms(1)).await, Ok(2));
    assert_eq!(hedge.snapshot().samples, 11);
}

/// A delay that is below the percentile by the error of the estimator is below all of them.
#[tokio::test(start_paused = true)]
async fn calls_that_all_take_the_same_are_not_hedged() {
    for latency in [1, 2, 3, 5, 10, 33, 100, 108, 250, 999, 10_007] {
        let hedge = p90().build().unwrap();
        for _ in 0..200 {
            assert_eq!(call(&hedge, ms(latency), ms(0)).await, Ok(1));
        }
        assert_eq!(hedge.snapshot().totals.sent, 0, "{latency} ms");
        assert!(near(hedge.delay(), ms(latency)));
    }
}

#[tokio::test(start_paused = true)]
async fn latencies_of_hedges_teach_nothing() {
    let hedge = p90().warm_up(10).build().unwrap();
    for _ in 0..10 {
        call(&hedge, ms(100), ms(1)).await.unwrap();
    }
    for _ in 0..100 {
        call(&hedge, ms(100_000), ms(1)).await.unwrap();
    }
    assert!(hedge.delay() >= Some(ms(96)), "{:?}", hedge.delay());
}

#[tokio::test(start_paused = true)]
async fn fast_failures_teach_nothing_and_slow_ones_do() {
    let hedge = p90().warm_up(10).build().unwrap();
    for _ in 0..10 {
        call(&hedge, ms(100), ms(1)).await.unwrap();
    }
    let learned = hedge.delay();
    let fail = async |after| {
        hedge
            .call(|_| async move {
                sleep(ms(after)).await;
                Err::<(), _>(())
            })
            .await
            .unwrap_err();
    };
    for after in 0..50 {
        fail(after).await;
    }
    assert_eq!((hedge.delay(), hedge.snapshot().samples), (learned, 10));
    // Each slower than those before it, or it would be no slow one any more. Of 32 samples the 29th is
    // the 90th percentile: the 19th of these.
    for nth in 0..30 {
        fail(2_000 + 100 * nth).await;
    }
    assert!(near(hedge.delay(), ms(3_800)), "{:?}", hedge.delay());
    assert_eq!(hedge.snapshot().samples, 40);
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_early_teaches_nothing_and_a_late_one_does() {
    let hedge = p90().warm_up(10).build().unwrap();
    for _ in 0..10 {
        call(&hedge, ms(100), ms(1)).await.unwrap();
    }
    let drop_after = async |time| {
        let call = call(&hedge, ms(60_000), ms(60_000));
        assert!(timeout(ms(time), call).await.is_err());
    };
    for _ in 0..30 {
        drop_after(50).await;
    }
    assert_eq!(hedge.snapshot().samples, 10);
    for nth in 0..30 {
        drop_after(2_000 + 100 * nth).await;
    }
    assert_eq!(hedge.snapshot().samples, 40);
    assert!(near(hedge.delay(), ms(3_800)), "{:?}", hedge.delay());
}

#[tokio::test(start_paused = true)]
async fn a_fixed_delay_learns_nothing() {
    let hedge = Hedge::builder("test").delay(ms(50)).build().unwrap();
    for _ in 0..200 {
        call(&hedge, ms(10), ms(10)).await.unwrap();
    }
    assert_eq!((hedge.delay(), hedge.snapshot().samples), (Some(ms(50)), 0));
}

fn exponential(random: &mut StdRng, mean: f64) -> f64 {
    -(1.0 - random.random::<f64>()).ln() * mean
}

/// The delay that a hedge would come to use if it knew the latencies of those primaries only that came in,
/// with 2,048 remembered, as the mean over the later half of the calls.
fn learned_from_winners_only(random: &mut StdRng, calls: usize) -> f64 {
    let mut known: Vec<f64> = (0..2_048).map(|_| exponential(random, 100.0)).collect();
    let (mut delay, mut sum) = (f64::INFINITY, 0.0);
    for nth in 0..calls {
        let primary = exponential(random, 100.0);
        if primary <= delay + exponential(random, 100.0) {
            let oldest = nth % known.len();
            known[oldest] = primary;
        }
        if nth % 32 == 0 {
            let mut sorted = known.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            delay = sorted[sorted.len() * 9 / 10];
        }
        if nth >= calls / 2 {
            sum += delay;
        }
    }
    sum / (calls - calls / 2) as f64
}

/// The 90th percentile of an exponential latency with a mean of 100 ms is 230 ms. Half of the primaries that
/// are slower than the delay are superseded. If those are not counted, the percentile falls until it
/// is one of what is left: 1 - q = 0.9 (1 - q / 2), where q of the calls are hedged, is at q = 2/11 and
/// a delay of 170 ms, with almost twice the load that was asked for.
#[tokio::test(start_paused = true)]
async fn superseded_primaries_keep_the_percentile_from_falling() {
    const CALLS: usize = 20_000;
    let mut random = StdRng::seed_from_u64(0x5EED);
    let hedge = p90().build().unwrap();
    let mut learned = 0.0;
    for nth in 0..CALLS {
        let mut draw = || ms(exponential(&mut random, 100.0).round() as u64);
        call(&hedge, draw(), draw()).await.unwrap();
        if nth >= CALLS / 2 {
            learned += hedge.delay().unwrap().as_secs_f64() * 1e3;
        }
    }
    let learned = learned / (CALLS / 2) as f64;
    // A bucket, and the standard error of ten thousand samples.
    assert!((222.0..=239.0).contains(&learned), "{learned}");
    let sent = hedge.snapshot().totals.sent as f64 / CALLS as f64;
    assert!((0.09..=0.11).contains(&sent), "{sent}");

    let winners_only = learned_from_winners_only(&mut random, CALLS);
    assert!((160.0..=180.0).contains(&winners_only), "{winners_only}");
}
