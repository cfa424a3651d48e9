use std::{sync::Barrier, thread};

use proptest::prelude::*;

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);

fn histogram(durations: &[Duration]) -> Histogram {
    let histogram = Histogram::default();
    for duration in durations {
        histogram.record(*duration);
    }
    histogram
}

/// Times as they come up: random ones spread like waits behind a busy place, all the same, quick
/// ones and slow ones, beyond all buckets, of any order of magnitude, and none at all.
fn durations() -> impl Strategy<Value = Vec<Duration>> {
    let chance = || 1e-9..1.0_f64;
    let exponential =
        (1..3_600_000_u64, prop::collection::vec(chance(), 1..300)).prop_map(|(mean, chances)| {
            let nth = |chance: f64| Duration::from_millis(mean).mul_f64(-chance.ln());
            chances.into_iter().map(nth).collect::<Vec<_>>()
        });
    let constant = (any::<u64>(), 1..300_usize)
        .prop_map(|(nanos, len)| vec![Duration::from_nanos(nanos); len]);
    let mode = prop_oneof![20 => 900_000..1_100_000_u64, 1 => 4_000_000_000..6_000_000_000_u64];
    let bimodal = prop::collection::vec(mode.prop_map(Duration::from_nanos), 1..300);
    let huge = (3_600..u64::MAX / 2_000_000_000).prop_map(Duration::from_secs);
    let any_size = (1..=u64::BITS, any::<u64>())
        .prop_map(|(bits, random)| Duration::from_nanos(random >> (u64::BITS - bits)));
    prop_oneof![
        exponential,
        constant,
        bimodal,
        prop::collection::vec(huge, 1..300),
        prop::collection::vec(any_size, 1..300),
        prop::collection::vec(Just(Duration::ZERO), 1..300),
    ]
}

proptest! {
    #[test]
    fn percentiles_are_those_of_the_sorted_values_or_up_to_a_32nd_more(
        durations in durations(),
        per_mille in 0..=1_000_usize,
    ) {
        let snapshot = histogram(&durations).snapshot();
        let mut sorted = durations;
        sorted.sort_unstable();
        let longest = sorted[sorted.len() - 1];
        let rank = (per_mille * sorted.len()).div_ceil(1_000).max(1);
        let exact = sorted[rank - 1];
        let told = snapshot.percentile(per_mille as f64 / 1_000.0).unwrap();

        prop_assert!(told >= exact, "{told:?} is told of {exact:?}");
        if exact < Duration::from_micros(1) {
            prop_assert!(told < Duration::from_nanos(1_024));
        } else if exact <= HOUR {
            prop_assert!((told - exact) * 32 <= exact, "{told:?} is told of {exact:?}");
        }
        prop_assert!(told <= longest);
        if per_mille == 1_000 {
            prop_assert_eq!(told, longest);
        }
    }

    #[test]
    fn count_sum_maximum_and_mean_are_exact(durations in durations()) {
        let snapshot = histogram(&durations).snapshot();
        let len = durations.len();
        let sum: Duration = durations.iter().sum();
        prop_assert_eq!(snapshot.count, len as u64);
        prop_assert_eq!(snapshot.sum, sum);
        prop_assert_eq!(Some(&snapshot.max), durations.iter().max());
        prop_assert_eq!(snapshot.mean().unwrap().as_nanos(), sum.as_nanos() / len as u128);
    }

    #[test]
    fn a_higher_share_is_never_over_sooner(
        durations in durations(),
        shares in (0.0..=1.0_f64, 0.0..=1.0_f64),
    ) {
        let snapshot = histogram(&durations).snapshot();
        let (low, high) = (shares.0.min(shares.1), shares.0.max(shares.1));
        prop_assert!(snapshot.percentile(low) <= snapshot.percentile(high));
    }
}

#[test]
fn a_hundredth_of_a_hundred_values_is_one_value() {
    let highest = |nth: usize| Duration::from_nanos(buckets::highest(nth));
    let durations: Vec<_> = (1..=100).map(highest).collect();
    let snapshot = histogram(&durations).snapshot();
    for nth in 1..=100_u32 {
        let percentile = snapshot.percentile(f64::from(nth) / 100.0);
        assert_eq!(percentile, Some(highest(nth as usize)), "the {nth}th");
    }
    assert_eq!(snapshot.percentile(0.0), Some(highest(1)));
    assert_eq!(snapshot.percentile(0.501), Some(highest(51)));
}

#[test]
fn shares_outside_of_0_to_1_have_no_percentile() {
    let snapshot = histogram(&[HOUR]).snapshot();
    for share in [-0.01, 1.01, 95.0, f64::NAN, f64::INFINITY] {
        assert_eq!(snapshot.percentile(share), None, "{share}");
    }
}

#[test]
fn one_that_has_recorded_nothing_says_nothing_and_takes_no_memory() {
    let histogram = Histogram::default();
    let snapshot = histogram.snapshot();
    assert_eq!(snapshot, HistogramSnapshot::default());
    assert_eq!(snapshot.mean(), None);
    assert_eq!(snapshot.percentile(0.5), None);
    assert!(!histogram.is_allocated());
    histogram.record(Duration::ZERO);
    assert!(histogram.is_allocated());
    assert_eq!(histogram.snapshot().percentile(0.5), Some(Duration::ZERO));
}

#[test]
fn times_beyond_584_years_count_as_that_and_their_sum_does_not_run_over() {
    let longest = Duration::from_nanos(u64::MAX);
    let snapshot = histogram(&[Duration::MAX, Duration::MAX, longest]).snapshot();
    assert_eq!(snapshot.max, longest);
    assert_eq!(snapshot.sum, longest * 3);
    assert_eq!(snapshot.mean(), Some(longest));
    assert_eq!(snapshot.percentile(0.5), Some(longest));
}

#[test]
fn equal_histograms_are_those_with_the_same_buckets() {
    let millis = |list: &[u64]| {
        let list: Vec<_> = list.iter().copied().map(Duration::from_millis).collect();
        histogram(&list).snapshot()
    };
    assert_eq!(millis(&[1, 4, 5]), millis(&[5, 1, 4]));
    assert_ne!(
        millis(&[1, 4, 5]),
        millis(&[2, 3, 5]),
        "same sum and maximum"
    );
}

#[test]
fn eight_threads_at_once_lose_nothing() {
    const THREADS: u64 = 8;
    const EACH: u64 = 500_000;
    let histogram = Histogram::default();
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (histogram, start) = (&histogram, &start);
            scope.spawn(move || {
                start.wait();
                // All in one bucket.
                for _ in 0..EACH {
                    histogram.record(Duration::from_nanos(1_024 + thread));
                }
            });
        }
    });
    let snapshot = histogram.snapshot();
    assert_eq!(snapshot.count, THREADS * EACH);
    assert_eq!(snapshot.buckets.len(), 1);
    assert_eq!(snapshot.max, Duration::from_nanos(1_024 + THREADS - 1));
    let of_each: u64 = (1_024..1_024 + THREADS).sum();
    assert_eq!(snapshot.sum, Duration::from_nanos(of_each * EACH));
}

#[test]
fn whatever_a_snapshot_counts_is_in_its_maximum_and_its_sum() {
    for _ in 0..100 {
        let histogram = Histogram::default();
        thread::scope(|scope| {
            // Each time is longer than all before, and in a bucket of its own.
            let recorder = scope.spawn(|| {
                let times = (0..buckets::COUNT - 1).map(buckets::highest);
                for nanos in times.cycle().take(10 * buckets::COUNT) {
                    histogram.record(Duration::from_nanos(nanos));
                }
            });
            while !recorder.is_finished() {
                let snapshot = histogram.snapshot();
                let Some((highest, _)) = snapshot.buckets.last() else {
                    continue;
                };
                assert!(snapshot.max >= Duration::from_nanos(*highest));
                let counted = snapshot.buckets.iter().map(|(nanos, count)| nanos * count);
                assert!(snapshot.sum >= Duration::from_nanos(counted.sum()));
            }
        });
    }
}

#[test]
fn the_longer_of_two_at_once_is_the_maximum() {
    const ROUNDS: usize = 5_000;
    let histograms: Vec<_> = (0..ROUNDS).map(|_| Histogram::default()).collect();
    // Allocated before, so that the two meet at the maximum.
    histograms
        .iter()
        .for_each(|histogram| histogram.record(Duration::ZERO));
    let arrived = AtomicU64::new(0);
    thread::scope(|scope| {
        for millis in [1, 2] {
            let (histograms, arrived) = (&histograms, &arrived);
            scope.spawn(move || {
                for (round, histogram) in (1..).zip(histograms) {
                    arrived.fetch_add(1, Ordering::SeqCst);
                    while arrived.load(Ordering::SeqCst) < 2 * round {
                        thread::yield_now();
                    }
                    histogram.record(Duration::from_millis(millis));
                }
            });
        }
    });
    for histogram in &histograms {
        assert_eq!(histogram.snapshot().max, Duration::from_millis(2));
    }
}
