//! How waits spread: mean, standard deviation and independence of 100,000 draws each.
//!
//! Every draw is seeded, so these tests give the same answer each time and cannot fail by chance. The
//! tolerances are those that a fair generator would pass for almost every seed: half a per cent of the
//! width of the range for a mean (its standard error is at most 0.1 per cent for 100,000 draws that
//! are spread evenly, so five of them), one per cent for a standard deviation (seven standard errors),
//! and 0.02 for a correlation (six).

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use steadfast_retry::{Backoff, Jitter};

use super::SECOND;

const DRAWS: usize = 100_000;

/// 100,000 waits of one call. Only for backoffs whose waits are all alike.
fn of_one_call(backoff: Backoff) -> Vec<f64> {
    let waits = backoff.waits_seeded(42).take(DRAWS);
    waits.map(|wait| wait.as_secs_f64()).collect()
}

/// The same wait of each of 100,000 calls that were seeded one after another.
fn of_all_calls(backoff: Backoff, retry: usize) -> Vec<f64> {
    let waits = (0..DRAWS as u64).filter_map(|seed| backoff.waits_seeded(seed).nth(retry));
    waits.map(|wait| wait.as_secs_f64()).collect()
}

fn mean(draws: &[f64]) -> f64 {
    draws.iter().sum::<f64>() / draws.len() as f64
}

fn deviation(draws: &[f64]) -> f64 {
    let mean = mean(draws);
    let squares = draws.iter().map(|draw| (draw - mean).powi(2));
    (squares.sum::<f64>() / draws.len() as f64).sqrt()
}

/// Pearson's coefficient.
fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let (mean_one, mean_other) = (mean(one), mean(other));
    let products = one
        .iter()
        .zip(other)
        .map(|(a, b)| (a - mean_one) * (b - mean_other));
    products.sum::<f64>() / one.len() as f64 / deviation(one) / deviation(other)
}

#[track_caller]
fn assert_evenly_spread(draws: &[f64], low: f64, high: f64) {
    let (width, middle) = (high - low, f64::midpoint(low, high));
    let mean = mean(draws);
    assert!((mean - middle).abs() < width * 0.005, "mean {mean}");
    let deviation = deviation(draws) / (width / 12_f64.sqrt());
    assert!((deviation - 1.0).abs() < 0.01, "spread times {deviation}");
    let lowest = draws.iter().copied().fold(f64::MAX, f64::min);
    let highest = draws.iter().copied().fold(f64::MIN, f64::max);
    assert!(
        lowest >= low && lowest < low + width * 0.001,
        "from {lowest}"
    );
    assert!(
        highest <= high && highest > high - width * 0.001,
        "to {highest}"
    );
}

#[test]
fn each_jitter_spreads_evenly_over_its_range() {
    for (jitter, low, high) in [
        (Jitter::Full, 0.0, 1.0),
        (Jitter::Equal, 0.5, 1.0),
        (Jitter::Proportional(0.25), 0.75, 1.25),
        (Jitter::Proportional(1.0), 0.0, 2.0),
    ] {
        let backoff = Backoff::constant(SECOND).jitter(jitter);
        assert_evenly_spread(&of_one_call(backoff), low, high);
        assert_evenly_spread(&of_all_calls(backoff, 0), low, high);
        assert_evenly_spread(&of_all_calls(backoff, 3), low, high);
    }
}

#[test]
fn without_jitter_nothing_spreads() {
    let draws = of_all_calls(Backoff::constant(SECOND).jitter(Jitter::None), 0);
    assert!(draws.iter().all(|draw| *draw == 1.0));
}

#[test]
fn proportional_jitter_cut_off_by_the_cap_spreads_evenly_over_the_rest() {
    let backoff = Backoff::constant(SECOND).max(SECOND * 11 / 10);
    let backoff = backoff.jitter(Jitter::Proportional(0.25));
    assert_evenly_spread(&of_all_calls(backoff, 0), 0.75, 1.1);
}

#[test]
fn the_first_decorrelated_wait_spreads_evenly_from_the_base_to_three_times_the_base() {
    let draws = of_all_calls(Backoff::decorrelated(SECOND), 0);
    assert_evenly_spread(&draws, 1.0, 3.0);
}

/// With `w` the first wait, even over 1 to 3, the second is even over 1 to `3w`: its mean is that of
/// `(1 + 3w) / 2`, and its variance that of the mean, `9/4 * 1/3`, plus the mean of `(3w - 1)^2 / 12`,
/// which is 7/3.
#[test]
fn the_second_decorrelated_wait_has_the_mean_and_the_spread_of_the_algorithm() {
    let draws = of_all_calls(Backoff::decorrelated(SECOND), 1);
    let mean = mean(&draws);
    assert!((mean - 3.5).abs() < 0.04, "mean {mean}");
    let expected = (0.75 + 7.0 / 3.0_f64).sqrt();
    let deviation = deviation(&draws) / expected;
    assert!((deviation - 1.0).abs() < 0.01, "spread times {deviation}");
}

/// The published algorithm cuts what was drawn, and so waits longer: the figures of the documentation.
#[test]
fn late_decorrelated_waits_are_shorter_than_those_of_the_published_algorithm() {
    let base = SECOND / 10;
    let late = |backoff: Backoff| {
        let waits = backoff.waits_seeded(1).skip(1_000).take(10 * DRAWS);
        mean(&waits.map(|wait| wait.as_secs_f64()).collect::<Vec<_>>())
    };
    let ours = late(Backoff::decorrelated(base));
    assert!((ours - 8.0).abs() < 0.1, "{ours}");
    let exponential = late(Backoff::exponential(base));
    assert!((exponential - 15.0).abs() < 0.1, "{exponential}");

    let mut random = StdRng::seed_from_u64(1);
    let (mut wait, mut sum, mut at_the_cap, mut again) = (0.1_f64, 0.0, 0_u32, 0_u32);
    for _ in 0..10 * DRAWS {
        let before = wait;
        wait = random.random_range(0.1..3.0 * before);
        wait = wait.min(30.0);
        sum += wait;
        at_the_cap += u32::from(before == 30.0);
        again += u32::from(before == 30.0 && wait == 30.0);
    }
    let published = sum / (10 * DRAWS) as f64;
    assert!((published - 14.1).abs() < 0.1, "{published}");
    let again = f64::from(again) / f64::from(at_the_cap);
    assert!((again - 2.0 / 3.0).abs() < 0.01, "{again}");
}

/// The formula once more, over a fine grid of chances in place of draws.
#[test]
fn smooth_waits_have_the_mean_and_the_spread_of_the_formula() {
    const GRID: u32 = 1_000;
    let curve = |t: f64| t.exp2() * (4.0 * t).sqrt().tanh();
    let steps = || (0..GRID).map(|step| (f64::from(step) + 0.5) / f64::from(GRID));
    let first: Vec<f64> = steps().map(|chance| curve(chance) / 1.4).collect();
    let third: Vec<f64> = steps()
        .flat_map(|before| steps().map(move |chance| curve(2.0 + chance) - curve(1.0 + before)))
        .map(|step| step / 1.4)
        .collect();
    let backoff = Backoff::decorrelated_smooth(SECOND);
    for (retry, expected) in [(0, first), (2, third)] {
        let draws = of_all_calls(backoff, retry);
        let (mean, expected_mean) = (mean(&draws), mean(&expected));
        assert!((mean / expected_mean - 1.0).abs() < 0.01, "mean {mean}");
        let times = deviation(&draws) / deviation(&expected);
        assert!((times - 1.0).abs() < 0.01, "spread times {times}");
    }
}

#[test]
fn a_wait_tells_nothing_of_the_next_one_nor_of_another_call() {
    let backoff = Backoff::constant(SECOND);
    let first = of_all_calls(backoff, 0);
    let call = of_one_call(backoff);
    for (what, coefficient) in [
        (
            "retry to retry",
            correlation(&call[1..], &call[..DRAWS - 1]),
        ),
        (
            "call to call",
            correlation(&first[1..], &first[..DRAWS - 1]),
        ),
        (
            "first to second",
            correlation(&first, &of_all_calls(backoff, 1)),
        ),
    ] {
        assert!(coefficient.abs() < 0.02, "{what}: {coefficient}");
    }
}

/// Callers that failed at the same moment: how many come back in the same hundredth of the backoff.
#[test]
fn callers_that_failed_together_come_back_evenly() {
    let mut crowd = [0_u32; 100];
    for draw in of_all_calls(Backoff::exponential(SECOND), 2) {
        crowd[((draw / 4.0 * 100.0) as usize).min(99)] += 1;
    }
    // A thousand each; 157 are five standard deviations.
    assert!(
        crowd.iter().all(|count| (843..=1_157).contains(count)),
        "{crowd:?}"
    );
}
