//! The figures in the documentation: what hedges do to the tail, measured.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use steadfast_retry::Hedge;
use tokio::time::sleep;

use crate::{ms, now};

const CALLS: usize = 20_000;

/// The share of attempts that takes longer than `t` milliseconds: 99 % of them are exponential with a mean
/// of 10 ms, 1 % take a second.
fn slower(t: f64) -> f64 {
    match t {
        ..0.0 => 1.0,
        ..1_000.0 => 0.99 * (-t / 10.0).exp() + 0.01,
        _ => 0.99 * (-t / 10.0).exp(),
    }
}

/// The least time that at most `share` of something takes longer than.
fn quantile(share: f64, slower: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 10_000.0);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if slower(middle) > share {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// In whole milliseconds, the ticks of tokio's timer.
fn draw(random: &mut StdRng) -> u64 {
    if random.random::<f64>() < 0.01 {
        1_000
    } else {
        let exponential = -(1.0 - random.random::<f64>()).ln() * 10.0;
        exponential.round() as u64
    }
}

struct Measured {
    p99: u128,
    p999: u128,
    /// The mean delay of the later half of the calls.
    delay: f64,
    sent: f64,
}

async fn measure(hedge: Hedge) -> Measured {
    let mut random = StdRng::seed_from_u64(2_013);
    let (mut latencies, mut delay) = (Vec::new(), 0.0);
    for nth in 0..CALLS {
        let began = now();
        let answer = hedge.call(|_| {
            let latency = ms(draw(&mut random));
            async move {
                sleep(latency).await;
                Ok::<_, ()>(())
            }
        });
        answer.await.unwrap();
        latencies.push(began.elapsed().as_millis());
        if nth >= CALLS / 2 {
            delay += hedge.delay().unwrap_or_default().as_secs_f64() * 1e3;
        }
    }
    latencies.sort_unstable();
    Measured {
        p99: latencies[CALLS * 99 / 100],
        p999: latencies[CALLS * 999 / 1_000],
        delay: delay / (CALLS / 2) as f64,
        sent: hedge.snapshot().totals.sent as f64 / CALLS as f64,
    }
}

/// The theory, exactly. The 95th percentile of an attempt is d = 32.1 ms: 0.99 exp(-d / 10) + 0.01 = 0.05.
/// Its 99th is at the jump, since just 1 % is slow: of a sample, it is a second if that has 200 slow ones
/// in 20,000, and 10 ln(19,800 / k) ms if it has k less. Three standard deviations, 42 of them, are
/// 62 ms; one is 73. Its 99.9th is a second. A call hedged at d takes longer
/// than t > d if both attempts do, with the probability slower(t) * slower(t - d): that is 1 % at 41.6 ms
/// and 0.1 % at 58.8 ms.
#[test]
fn the_theory_says_so() {
    let d = quantile(0.05, slower);
    assert!((d - 32.09).abs() < 0.01, "{d}");
    assert!(quantile(0.0101, slower) > 90.0);
    assert_eq!(quantile(0.0099, slower).round(), 1_000.0);
    assert_eq!(quantile(0.001, slower).round(), 1_000.0);
    let hedged = |t: f64| slower(t) * slower(t - d);
    let (p99, p999) = (quantile(0.01, hedged), quantile(0.001, hedged));
    assert!((p99 - 41.6).abs() < 0.05, "{p99}");
    assert!((p999 - 58.8).abs() < 0.05, "{p999}");
}

#[tokio::test(start_paused = true)]
async fn hedges_at_the_95th_percentile_cut_off_the_tail() {
    let hedged = measure(Hedge::builder("test").build().unwrap()).await;
    assert!((39..=45).contains(&hedged.p99), "{}", hedged.p99);
    assert!((53..=67).contains(&hedged.p999), "{}", hedged.p999);
    // The estimator and the ticks both round the delay up: 4.5 to 5 % take longer.
    assert!((0.042..=0.053).contains(&hedged.sent), "{}", hedged.sent);
    // A 32nd for the estimator, and half a millisecond for the ticks.
    assert!((hedged.delay - 32.09).abs() < 1.5, "{}", hedged.delay);
}

#[tokio::test(start_paused = true)]
async fn without_hedges_the_tail_is_that_of_the_slowest() {
    let unhedged = measure(Hedge::builder("test").on_failure_only().build().unwrap()).await;
    assert!((60..=1_000).contains(&unhedged.p99), "{}", unhedged.p99);
    assert_eq!(unhedged.p999, 1_000);
    assert_eq!(unhedged.sent, 0.0);
}
