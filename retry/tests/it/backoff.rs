//! Backoffs by themselves: what they promise in so many words. The sections have files of their own.

mod chance;
mod mistakes;
mod scenarios;

use std::time::Duration;

use steadfast_retry::{Backoff, Growth, Jitter};

use crate::ms;

const SECOND: Duration = Duration::from_secs(1);

/// Made by the compiler, or this file is not compiled.
const B: Backoff = Backoff::exponential(Duration::from_millis(100))
    .multiplier(3.0)
    .max(Duration::from_secs(5))
    .jitter(Jitter::Proportional(0.1));

fn all(base: Duration) -> [Backoff; 6] {
    [
        Backoff::constant(base),
        Backoff::linear(base),
        Backoff::exponential(base),
        Backoff::fibonacci(base),
        Backoff::decorrelated(base),
        Backoff::decorrelated_smooth(base),
    ]
}

fn first(backoff: Backoff, count: usize) -> Vec<Duration> {
    backoff.waits().take(count).collect()
}

#[test]
fn a_backoff_can_be_a_constant() {
    assert_eq!(B.growth(), Growth::Exponential);
    assert_eq!((B.base(), B.cap()), (ms(100), ms(5_000)));
    assert_eq!((B.shortest(1), B.longest(1)), (ms(270), ms(330)));
    const EVERY: [Backoff; 5] = [
        Backoff::constant(SECOND),
        Backoff::linear(SECOND),
        Backoff::fibonacci(SECOND),
        Backoff::decorrelated(SECOND),
        Backoff::decorrelated_smooth(SECOND),
    ];
    assert!(EVERY.iter().all(|backoff| backoff.base() == SECOND));
}

#[test]
fn a_backoff_is_a_small_value() {
    assert!(size_of::<Backoff>() <= 64, "{}", size_of::<Backoff>());
}

#[test]
fn each_constructor_makes_its_growth_and_growths_have_the_words_of_configuration_files() {
    let words = all(SECOND).map(|backoff| backoff.growth().to_string());
    let expected = [
        "constant",
        "linear",
        "exponential",
        "fibonacci",
        "decorrelated",
        "decorrelated_smooth",
    ];
    assert_eq!(words, expected);
}

#[test]
fn defaults_are_full_jitter_a_cap_of_thirty_seconds_and_the_published_multipliers() {
    for backoff in all(SECOND) {
        assert_eq!(backoff.cap(), SECOND * 30);
        assert_eq!(backoff, backoff.jitter(Jitter::Full));
    }
    let exponential = Backoff::exponential(SECOND);
    assert_eq!(exponential, exponential.multiplier(2.0));
    let decorrelated = Backoff::decorrelated(SECOND);
    assert_eq!(decorrelated, decorrelated.multiplier(3.0));
    assert_eq!(decorrelated.longest(0), SECOND * 3);
}

#[test]
fn a_constant_wait_longer_than_the_default_cap_raises_the_cap() {
    let minute = Backoff::constant(SECOND * 60).jitter(Jitter::None);
    assert_eq!(first(minute, 2), [SECOND * 60; 2]);
    assert_eq!(first(minute.max(SECOND), 2), [SECOND; 2]);
}

#[test]
fn walking_through_a_backoff_never_ends() {
    let waits = B.into_iter();
    assert_eq!(waits.size_hint(), (usize::MAX, None));
    assert_eq!(waits.take(10_000).count(), 10_000);
}

#[test]
fn fibonacci_waits_are_the_sum_of_the_two_before_and_end_at_the_cap() {
    let backoff = Backoff::fibonacci(ms(10)).max(ms(300)).jitter(Jitter::None);
    let expected = [10, 10, 20, 30, 50, 80, 130, 210, 300, 300].map(ms);
    assert_eq!(first(backoff, 10), expected);
}

#[test]
fn equal_jitter_waits_at_least_half_and_proportional_both_ways() {
    let backoff = Backoff::constant(SECOND);
    let ends = |jitter| {
        let backoff = backoff.jitter(jitter);
        (backoff.shortest(7), backoff.longest(7))
    };
    assert_eq!(ends(Jitter::None), (SECOND, SECOND));
    assert_eq!(ends(Jitter::Full), (Duration::ZERO, SECOND));
    assert_eq!(ends(Jitter::Equal), (ms(500), SECOND));
    assert_eq!(ends(Jitter::Proportional(0.2)), (ms(800), ms(1_200)));
    assert_eq!(ends(Jitter::Proportional(0.0)), (SECOND, SECOND));
    assert_eq!(
        ends(Jitter::Proportional(1.0)),
        (Duration::ZERO, SECOND * 2)
    );
}

#[test]
fn a_share_that_is_none_counts_as_the_nearer_end() {
    let with = |share| Backoff::linear(SECOND).jitter(Jitter::Proportional(share));
    for (wrong, right) in [
        (-0.5, 0.0),
        (1.5, 1.0),
        (f64::NAN, 0.0),
        (f64::INFINITY, 1.0),
    ] {
        let (wrong, right) = (with(wrong), with(right));
        assert_eq!(wrong.longest(3), right.longest(3), "{wrong:?}");
        assert_eq!(wrong.shortest(3), right.shortest(3), "{wrong:?}");
    }
}

#[test]
fn a_chance_that_is_none_counts_as_the_nearer_end() {
    let backoff = Backoff::constant(SECOND).jitter(Jitter::Equal);
    let wait = |chance| backoff.waits().next_with(chance);
    assert_eq!([-1.0, f64::NEG_INFINITY, f64::NAN].map(wait), [ms(500); 3]);
    assert_eq!([2.0, f64::INFINITY].map(wait), [SECOND; 2]);
    let smooth = Backoff::decorrelated_smooth(SECOND);
    let wait = |chance| smooth.waits().next_with(chance);
    assert_eq!([-1.0, f64::NAN].map(wait), [Duration::ZERO; 2]);
    assert_eq!([1.5, f64::INFINITY].map(wait), [smooth.longest(0); 2]);
}

#[test]
fn a_multiplier_that_would_shrink_keeps_waits_the_same() {
    for multiplier in [0.5, 0.0, -2.0, f64::NAN, f64::NEG_INFINITY] {
        let backoff = Backoff::exponential(SECOND).multiplier(multiplier);
        assert_eq!(
            first(backoff.jitter(Jitter::None), 3),
            [SECOND; 3],
            "{multiplier}"
        );
        let backoff = Backoff::decorrelated(SECOND).multiplier(multiplier);
        assert_eq!(first(backoff, 3), [SECOND; 3], "{multiplier}");
    }
}

#[test]
fn an_endless_multiplier_is_at_the_cap_with_the_second_wait() {
    let backoff = Backoff::exponential(SECOND)
        .multiplier(f64::INFINITY)
        .jitter(Jitter::None);
    assert_eq!(first(backoff, 3), [1, 30, 30].map(Duration::from_secs));
}

#[test]
fn growths_without_a_multiplier_and_without_jitter_do_not_look_at_them() {
    for (plain, changed) in [Backoff::constant, Backoff::linear, Backoff::fibonacci]
        .map(|of| (of(SECOND), of(SECOND).multiplier(7.0)))
    {
        assert!((0..9).all(|retry| plain.longest(retry) == changed.longest(retry)));
    }
    for of in [Backoff::decorrelated, Backoff::decorrelated_smooth] {
        let waits = |jitter| of(SECOND).jitter(jitter).waits_seeded(1).take(9);
        assert!(waits(Jitter::Full).eq(waits(Jitter::None)));
    }
}

#[test]
fn a_base_or_a_cap_of_zero_never_waits() {
    for backoff in all(Duration::ZERO) {
        assert_eq!(first(backoff, 40), [Duration::ZERO; 40], "{backoff:?}");
    }
    for backoff in all(SECOND) {
        let backoff = backoff.max(Duration::ZERO);
        assert_eq!(first(backoff, 40), [Duration::ZERO; 40], "{backoff:?}");
    }
}

#[test]
fn the_same_seed_draws_the_same_waits_and_another_draws_others() {
    for backoff in all(SECOND) {
        let waits = |seed| backoff.waits_seeded(seed).take(20).collect::<Vec<_>>();
        assert_eq!(waits(7), waits(7));
        assert_ne!(waits(7), waits(8));
        let clone = backoff.waits_seeded(7).clone();
        assert!(clone.take(20).eq(waits(7)));
    }
}
