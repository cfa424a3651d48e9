//! Waits with jitter: how long they are, and that they differ.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use proptest::prelude::*;
use steadfast_retry::{Backoff, Failure, Growth, Jitter, Retry, Verdict};

use super::agrees::thoroughly;
use super::real::paused;
use crate::ms;

fn backoff() -> impl Strategy<Value = Backoff> {
    let jitter = prop_oneof![
        Just(Jitter::None),
        Just(Jitter::Full),
        Just(Jitter::Equal),
        (0.0..=1.0).prop_map(Jitter::Proportional),
    ];
    let plain = prop_oneof![
        (any::<u32>()).prop_map(|base| Duration::from_nanos(base.into())),
        Just(Duration::ZERO),
        (0..5_000_u64).prop_map(ms),
    ];
    (0..6_usize, plain, 0..20_000_u64, 1.0..5.0, jitter).prop_map(
        |(growth, base, above, multiplier, jitter)| {
            let jittered = |backoff: Backoff| backoff.jitter(jitter);
            let backoff = match growth {
                0 => jittered(Backoff::constant(base)),
                1 => jittered(Backoff::linear(base)),
                2 => jittered(Backoff::exponential(base)).multiplier(multiplier),
                3 => jittered(Backoff::fibonacci(base)),
                4 => Backoff::decorrelated(base).multiplier(multiplier),
                _ => Backoff::decorrelated_smooth(base),
            };
            backoff.max(base + ms(above))
        },
    )
}

/// The waits of a call that fails all its attempts: as the hook hears of them, and as the clock does.
fn waits(backoff: Backoff, seed: u64, hints: &[Option<Duration>]) -> Vec<(Duration, Duration)> {
    let retry = Retry::builder("waits")
        .backoff(backoff)
        .jitter_seed(seed)
        .max_attempts(u32::try_from(hints.len()).unwrap() + 1)
        .max_retry_after(Duration::from_secs(100))
        .build()
        .unwrap();
    paused().block_on(async {
        let (mut heard, mut begun) = (Vec::new(), Vec::new());
        let mut hint = hints.iter();
        let result = retry
            .classify(|_: &Result<(), ()>| match hint.next() {
                Some(Some(hint)) => Verdict::RetryAfter(*hint),
                _ => Verdict::Retry,
            })
            .on_retry(|_, _, wait| heard.push(wait))
            .call(|_| {
                begun.push(crate::now());
                async { Err(()) }
            })
            .await;
        assert!(result.is_err());
        let waited = begun.windows(2).map(|pair| pair[1] - pair[0]);
        heard.into_iter().zip(waited).collect()
    })
}

proptest! {
    #![proptest_config(thoroughly())]

    #[test]
    fn every_wait_is_between_the_shortest_and_the_cap(
        backoff in backoff(),
        seed in any::<u64>(),
        retries in 1..=20_usize,
    ) {
        let waits = waits(backoff, seed, &vec![None; retries]);
        prop_assert_eq!(waits.len(), retries);
        for (retry, (wait, waited)) in (0..).zip(waits) {
            prop_assert!(wait <= backoff.cap(), "{:?} of {:?}", wait, backoff);
            let (shortest, longest) = (backoff.shortest(retry), backoff.longest(retry));
            prop_assert!((shortest..=longest).contains(&wait), "{:?} of {:?}", wait, backoff);
            prop_assert!(wait <= waited && waited < wait + ms(1), "{:?} for {:?}", waited, wait);
        }
    }

    #[test]
    fn a_hint_only_lengthens_its_own_wait(
        backoff in backoff(),
        seed in any::<u64>(),
        hints in prop::collection::vec(prop::option::of((0..20_000_u64).prop_map(ms)), 1..=12),
    ) {
        let plain = waits(backoff, seed, &vec![None; hints.len()]);
        let hinted = waits(backoff, seed, &hints);
        prop_assert_eq!(plain.len(), hinted.len());
        for (hint, (plain, hinted)) in hints.iter().zip(plain.iter().zip(&hinted)) {
            let hint = hint.unwrap_or_default();
            let (shortest, longest) = (plain.0.max(hint), plain.0.max(hint + hint / 4));
            prop_assert!((shortest..=longest).contains(&hinted.0), "{:?}", hinted);
            if format!("{backoff:?}").contains("jitter: None") {
                prop_assert_eq!(hinted.0, shortest);
            }
        }
    }
}

#[test]
fn no_two_calls_have_the_same_waits() {
    for growth in [
        Growth::Constant,
        Growth::Linear,
        Growth::Exponential,
        Growth::Fibonacci,
        Growth::Decorrelated,
        Growth::DecorrelatedSmooth,
    ] {
        // Two that are built alike stand for two processes.
        let retries = [0, 1].map(|_| Retry::builder("alike").growth(growth).build().unwrap());
        let seen: Vec<Vec<Duration>> = paused().block_on(async {
            let call = async |retry: &Retry| {
                let mut waits = Vec::new();
                let hooked = retry.on_retry(|_, _: &Failure<()>, wait| waits.push(wait));
                let result = hooked.call(|_| async { Err::<(), _>(()) }).await;
                assert!(result.is_err());
                waits
            };
            join_all((0..1_000).map(|number| call(&retries[number % 2]))).await
        });
        assert!(seen.iter().all(|waits| waits.len() == 4));
        let all: HashSet<_> = seen.iter().collect();
        assert_eq!(all.len(), 1_000, "{growth:?}");
        let firsts: HashSet<_> = seen.iter().map(|waits| waits[0]).collect();
        // Of a tenth of a second in nanoseconds, so that a thousand draws hardly ever meet.
        assert!(firsts.len() > 990, "{growth:?}: {}", firsts.len());
        let within = seen.iter().filter(|waits| waits[0] == waits[1]).count();
        assert!(within < 10, "{growth:?}: {within}");
    }
}
