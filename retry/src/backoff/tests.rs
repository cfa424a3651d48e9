//! What only the crate can see: draws for any retry, in any order.

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

const GROWTHS: [Growth; 6] = [
    Growth::Constant,
    Growth::Linear,
    Growth::Exponential,
    Growth::Fibonacci,
    Growth::Decorrelated,
    Growth::DecorrelatedSmooth,
];

fn draw(backoff: &Backoff, seed: u64, retry: u32) -> Duration {
    Draws::new(seed).draw(backoff, retry)
}

#[test]
fn the_draws_of_a_call_are_the_waits_of_the_same_seed() {
    for growth in GROWTHS {
        let backoff = Backoff::of(growth, SECOND);
        let mut draws = Draws::new(7);
        let drawn: Vec<_> = (0..9).map(|retry| draws.draw(&backoff, retry)).collect();
        let waits: Vec<_> = backoff.waits_seeded(7).take(9).collect();
        assert_eq!(drawn, waits, "{growth}");
    }
}

#[test]
fn sequences_next_to_each_other_have_no_wait_in_common() {
    let backoff = Backoff::constant(SECOND);
    let waits = (0..1_000).flat_map(|seed| backoff.waits_seeded(seed).take(10));
    let mut seen: Vec<_> = waits.collect();
    seen.sort();
    seen.dedup();
    // 10,000 draws of a thousand million nanoseconds: 0.05 pairs are expected to meet by chance.
    assert!(seen.len() >= 9_999, "{} different waits", seen.len());
}

/// A step of the generator between two seeds must not make one the other, a retry later.
#[test]
fn no_seed_draws_the_waits_of_another_a_retry_later() {
    let backoff = Backoff::constant(SECOND);
    let late = backoff.waits_seeded(1).skip(1).take(9);
    let next = backoff.waits_seeded(1_u64.wrapping_add(0x9E37_79B9_7F4A_7C15));
    assert!(late.zip(next).all(|(late, next)| late != next));
}

/// No draw depends on the draws before it, where the growth does not say so.
#[test]
fn a_retry_draws_the_same_whether_or_not_the_ones_before_it_were_drawn() {
    for growth in [Growth::Constant, Growth::Linear, Growth::Exponential] {
        let backoff = Backoff::of(growth, SECOND);
        let fifth = backoff.waits_seeded(3).nth(5);
        assert_eq!(Some(draw(&backoff, 3, 5)), fifth, "{growth}");
    }
}

#[test]
fn linear_waits_are_exact_where_double_precision_is_not() {
    let base = Duration::new(1 << 40, 1);
    let backoff = Backoff::linear(base)
        .max(Duration::MAX)
        .jitter(Jitter::None);
    let expected = Duration::new(3 << 40, 3);
    assert_eq!(draw(&backoff, 0, 2), expected);
}

#[test]
fn whole_multipliers_are_exact_where_double_precision_is_not() {
    let base = Duration::from_nanos((1 << 53) + 1);
    let backoff = Backoff::exponential(base)
        .multiplier(3.0)
        .jitter(Jitter::None);
    let backoff = backoff.max(Duration::MAX);
    assert_eq!(draw(&backoff, 0, 2), base * 9);
}

#[test]
fn the_longest_draw_is_exact_where_double_precision_is_not() {
    for longest in [Duration::from_nanos((1 << 53) + 1), Duration::MAX] {
        let backoff = Backoff::constant(longest).jitter(Jitter::Full);
        assert_eq!(Draws::new(0).draw_with(&backoff, 0, 1.0), longest);
    }
}

#[test]
fn a_wait_of_any_length_comes_out_as_it_went_in() {
    let nanosecond = Duration::from_nanos(1);
    let word = Duration::from_nanos(u64::MAX);
    for wait in [
        nanosecond,
        SECOND - nanosecond,
        SECOND,
        word - nanosecond,
        word,
        word + nanosecond,
        Duration::MAX - nanosecond,
        Duration::MAX,
    ] {
        let backoff = Backoff::constant(wait).jitter(Jitter::None);
        assert_eq!(draw(&backoff, 0, 0), wait);
    }
}

/// The previous wait is kept in 64 bits of nanoseconds; what does not fit must not wrap.
#[test]
fn decorrelated_waits_do_not_shrink_after_six_centuries() {
    let century = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    let backoff = Backoff::decorrelated(century).max(Duration::MAX);
    let mut draws = Draws::new(0);
    let mut previous = Duration::ZERO;
    for retry in 0..50 {
        let wait = draws.draw_with(&backoff, retry, 1.0);
        assert!(wait >= previous, "{wait:?} after {previous:?}");
        previous = wait;
    }
    assert!(previous > century * 17, "{previous:?}");
}

#[test]
fn the_smooth_curve_stays_in_range_when_draws_are_left_out() {
    let backoff = Backoff::decorrelated_smooth(SECOND).max(Duration::MAX);
    for (retry, next) in [(0, 9), (9, 0), (4, 4), (2_000, 3), (3, 2_000)] {
        let mut draws = Draws::new(1);
        draws.draw_with(&backoff, retry, 0.5);
        let wait = draws.draw_with(&backoff, next, 0.5);
        assert!(wait <= backoff.longest(next), "{retry}, {next}: {wait:?}");
    }
}

fn growth() -> impl Strategy<Value = Growth> {
    prop::sample::select(GROWTHS.to_vec())
}

fn multiplier() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 1.0..10.0_f64,
        2 => (1..20_u8).prop_map(f64::from),
        1 => any::<f64>(),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::MAX, -1.0, 0.0, 1.0 + f64::EPSILON]),
    ]
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        4 => any::<u32>().prop_map(|micros| Duration::from_micros(micros.into())),
        2 => (0..100_u64).prop_map(Duration::from_nanos),
        2 => (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(secs, nanos)| Duration::new(secs, nanos)),
        1 => prop::sample::select(vec![Duration::ZERO, Duration::MAX]),
    ]
}

fn retry() -> impl Strategy<Value = u32> {
    prop_oneof![3 => 0..70_u32, 1 => 900..1_200_u32, 1 => any::<u32>(), 1 => Just(u32::MAX)]
}

fn jitter() -> impl Strategy<Value = Jitter> {
    let share = prop_oneof![
        0.0..=1.0_f64,
        prop::sample::select(vec![f64::NAN, -1.0, 2.0, f64::INFINITY])
    ];
    prop_oneof![
        Just(Jitter::None),
        Just(Jitter::Full),
        Just(Jitter::Equal),
        share.prop_map(Jitter::Proportional),
    ]
}

prop_compose! {
    fn backoff()(
        growth in growth(),
        base in duration(),
        cap in duration(),
        multiplier in multiplier(),
        jitter in jitter(),
    ) -> Backoff {
        Backoff { growth, base, cap, multiplier, jitter }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Draws in order, and then one of any other retry: nothing is outside its range or over the cap.
    #[test]
    fn every_wait_is_in_its_range_and_under_the_cap(
        backoff in backoff(),
        chances in prop::collection::vec(prop_oneof![0.0..=1.0_f64, Just(0.0), Just(1.0)], 0..40),
        after in retry(),
        seed in any::<u64>(),
    ) {
        let mut draws = Draws::new(seed);
        for (retry, chance) in (0..).zip(chances) {
            let wait = draws.draw_with(&backoff, retry, chance);
            let (shortest, longest) = (backoff.shortest(retry), backoff.longest(retry));
            prop_assert!(shortest <= wait && wait <= longest, "{retry}: {shortest:?} {wait:?} {longest:?}");
            prop_assert!(longest <= backoff.cap, "{retry}: {longest:?}");
        }
        let wait = draws.draw(&backoff, after);
        let (shortest, longest) = (backoff.shortest(after), backoff.longest(after));
        prop_assert!(shortest <= wait && wait <= longest, "{after}: {shortest:?} {wait:?} {longest:?}");
        prop_assert!(longest <= backoff.cap, "{after}: {longest:?}");
    }

    #[test]
    fn the_longest_wait_never_shrinks(backoff in backoff(), one in retry(), other in retry()) {
        let (sooner, later) = (one.min(other), one.max(other));
        prop_assert!(backoff.longest(sooner) <= backoff.longest(later));
    }

    #[test]
    fn a_base_of_zero_never_waits(backoff in backoff(), retry in retry(), seed in any::<u64>()) {
        let backoff = Backoff { base: Duration::ZERO, ..backoff };
        prop_assert_eq!(draw(&backoff, seed, retry), Duration::ZERO);
        prop_assert_eq!(backoff.longest(retry), Duration::ZERO);
    }

    #[test]
    fn decorrelated_waits_are_from_the_base_to_three_times_the_one_before(
        base in 0..10_000_000_000_u64,
        over in 0..u64::from(u32::MAX) * 1_000_000,
        seed in any::<u64>(),
    ) {
        let (base, cap) = (Duration::from_nanos(base), Duration::from_nanos(base + over));
        let mut previous = base;
        for wait in Backoff::decorrelated(base).max(cap).waits_seeded(seed).take(60) {
            prop_assert!(base <= wait && wait <= cap, "{wait:?}");
            prop_assert!(wait <= previous * 3, "{wait:?} after {previous:?}");
            previous = wait;
        }
    }

    /// An own sum, in an own type.
    #[test]
    fn grows_as_the_naive_sums_say(base in 1..1_000_000_u64, retry in 0..40_u32) {
        let cap = Duration::MAX;
        let longest = |growth| {
            let backoff = Backoff::of(growth, Duration::from_nanos(base)).max(cap);
            backoff.longest(retry).as_nanos()
        };
        let base = u128::from(base);
        let (mut doubled, mut added, mut fibonacci) = (base, base, (base, base));
        for _ in 0..retry {
            doubled += doubled;
            added += base;
            fibonacci = (fibonacci.1, fibonacci.0 + fibonacci.1);
        }
        prop_assert_eq!(longest(Growth::Constant), base);
        prop_assert_eq!(longest(Growth::Linear), added);
        prop_assert_eq!(longest(Growth::Exponential), doubled);
        prop_assert_eq!(longest(Growth::Fibonacci), fibonacci.0);
    }
}
