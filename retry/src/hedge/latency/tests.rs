use std::sync::Barrier;
use std::thread;

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;

/// The exact percentile, by nearest rank.
fn exact(samples: &[f64], percentile: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = (percentile * sorted.len() as f64).ceil() as usize;
    sorted[rank.max(1) - 1]
}

fn learner(percentile: f64) -> Latency {
    Latency::new(percentile, Duration::ZERO, 1)
}

fn learned(latency: &Latency) -> f64 {
    latency.delay().unwrap().as_nanos() as f64
}

fn feed(latency: &Latency, nanos: f64) {
    latency.record(Duration::from_nanos(nanos as u64));
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    Exponential,
    LogNormal,
    Uniform,
    Bimodal,
    Constant,
}

impl Shape {
    /// Nanoseconds, around 10 ms.
    fn draw(self, random: &mut StdRng) -> f64 {
        let mut unit = || random.random::<f64>();
        let nanos = match self {
            Self::Exponential => -(1.0 - unit()).ln() * 1e7,
            Self::LogNormal => {
                let normal =
                    (-2.0 * (1.0 - unit()).ln()).sqrt() * (unit() * std::f64::consts::TAU).cos();
                (normal * 1.5).exp() * 1e7
            }
            Self::Uniform => unit() * 2e7,
            Self::Bimodal if unit() < 0.1 => 1e9 * (0.9 + 0.2 * unit()),
            Self::Bimodal => 1e7 * (0.9 + 0.2 * unit()),
            Self::Constant => 1e7,
        };
        nanos.floor()
    }
}

fn shapes() -> impl Strategy<Value = Shape> {
    prop::sample::select(vec![
        Shape::Exponential,
        Shape::LogNormal,
        Shape::Uniform,
        Shape::Bimodal,
        Shape::Constant,
    ])
}

proptest! {
    #[test]
    fn the_percentile_is_that_of_the_remembered_samples_or_up_to_a_32nd_more(
        shape in shapes(),
        percentile in 0.5..=0.999_f64,
        generations in 1_usize..6,
        seed: u64,
    ) {
        let mut random = StdRng::seed_from_u64(seed);
        let latency = learner(percentile);
        // As many as end a generation, so that exactly two of them are remembered, or the only one.
        let samples: Vec<f64> = (0..generations * 1_024).map(|_| shape.draw(&mut random)).collect();
        for nanos in &samples {
            feed(&latency, *nanos);
        }
        let remembered = &samples[samples.len().saturating_sub(2_048)..];
        let exact = exact(remembered, percentile);
        let learned = learned(&latency);
        let over = learned - exact;
        prop_assert!((0.0..=exact / 32.0).contains(&over), "{} is not {}", learned, exact);
    }

    #[test]
    fn between_generations_at_least_one_and_at_most_two_are_remembered(
        more in 1_usize..32,
        seed: u64,
    ) {
        let mut random = StdRng::seed_from_u64(seed);
        let latency = learner(0.9);
        let count = 2_048 + more * 32;
        let samples: Vec<f64> =
            (0..count).map(|_| Shape::Exponential.draw(&mut random)).collect();
        for nanos in &samples {
            feed(&latency, *nanos);
        }
        let remembered = &samples[1_024..];
        let exact = exact(remembered, 0.9);
        prop_assert!((0.0..=exact / 32.0).contains(&(learned(&latency) - exact)));
    }
}

#[test]
fn while_there_are_few_samples_every_one_counts_at_once() {
    let latency = learner(0.5);
    feed(&latency, 8.0);
    assert_eq!(learned(&latency), 8.0);
    feed(&latency, 4.0);
    assert_eq!(learned(&latency), 4.0);
    feed(&latency, 4.0);
    feed(&latency, 15.0);
    feed(&latency, 15.0);
    assert_eq!(learned(&latency), 8.0);
}

#[test]
fn there_is_no_delay_before_the_warm_up_is_over() {
    let latency = Latency::new(0.95, Duration::ZERO, 100);
    for _ in 0..99 {
        feed(&latency, 5.0);
        assert_eq!(latency.delay(), None);
    }
    feed(&latency, 5.0);
    assert_eq!(latency.delay(), Some(Duration::from_nanos(5)));
}

#[test]
fn the_delay_is_never_shorter_than_its_minimum() {
    let latency = Latency::new(0.95, Duration::from_millis(1), 1);
    feed(&latency, 5.0);
    assert_eq!(latency.delay(), Some(Duration::from_millis(1)));
    feed(&latency, 2e6);
    assert!(latency.delay() > Some(Duration::from_millis(1)));
}

#[test]
fn a_change_of_regime_is_learned_within_two_generations() {
    for (before, after) in [(1e7, 1e9), (1e9, 1e7)] {
        let latency = learner(0.95);
        for _ in 0..10_000 {
            feed(&latency, before);
        }
        for _ in 0..2 * 1_024 {
            feed(&latency, after);
        }
        let error = (learned(&latency) - after).abs() / after;
        assert!(error <= 1.0 / 32.0, "from {before} to {after}");
    }
}

#[test]
fn slower_calls_are_noticed_long_before_that() {
    let latency = learner(0.95);
    for _ in 0..10_000 {
        feed(&latency, 1e7);
    }
    // More than a twentieth of all that are remembered.
    for _ in 0..128 {
        feed(&latency, 1e9);
    }
    assert!(learned(&latency) > 9e8);
}

#[test]
fn what_failed_fast_says_nothing() {
    let latency = learner(0.95);
    latency.record_if_slow(Duration::from_secs(1));
    assert_eq!(
        latency.counts().0,
        0,
        "while there is no delay to compare with"
    );
    for _ in 0..100 {
        feed(&latency, 1e7);
    }
    let before = latency.delay().unwrap();
    for _ in 0..10_000 {
        latency.record_if_slow(Duration::from_micros(10));
        latency.record_if_slow(before);
    }
    assert_eq!((latency.delay(), latency.counts().0), (Some(before), 100));
}

#[test]
fn what_took_longer_than_the_delay_counts_as_slow() {
    let latency = learner(0.5);
    for _ in 0..10 {
        feed(&latency, 1e7);
    }
    for _ in 0..22 {
        latency.record_if_slow(Duration::from_secs(1));
    }
    assert!(learned(&latency) > 9e8);
}

#[test]
fn the_longest_latency_there_is_has_a_percentile() {
    let latency = learner(0.5);
    latency.record(Duration::MAX);
    assert!(latency.delay().is_some());
}

#[test]
fn threads_lose_no_sample_but_those_they_count_as_skipped() {
    const THREADS: u64 = 8;
    const EACH: u64 = 20_000;
    let latency = learner(0.95);
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                for nanos in 0..EACH {
                    latency.record(Duration::from_nanos(nanos));
                }
            });
        }
    });
    let (recorded, skipped) = latency.counts();
    assert_eq!(recorded + skipped, THREADS * EACH);
    let samples = latency.samples.lock();
    assert_eq!(samples.ever, recorded);
    let present = u64::from(samples.present.len());
    assert_eq!(present, (recorded - 1) % 1_024 + 1);
    assert_eq!(u64::from(samples.both.len()), present + 1_024);
}

#[test]
fn a_sample_met_by_another_is_skipped_and_counted() {
    let latency = learner(0.95);
    let held = latency.samples.lock();
    latency.record(Duration::from_nanos(1));
    drop(held);
    assert_eq!(latency.counts(), (0, 1));
}
