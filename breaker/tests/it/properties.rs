//! Properties that hold for every history: see `model` for what the breaker is compared with.
//!
//! `PROPTEST_CASES=20000 cargo test -p steadfast-breaker properties` digs deeper.

use std::time::Duration;

use proptest::prelude::*;
use steadfast_breaker::{Cause, CircuitBreaker, Config, Mode, Outcome, Reason, State};

use crate::history::{config, history};
use crate::side_by_side::SideBySide;

fn paused<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}

/// So many cases, unless `PROPTEST_CASES` asks for others.
fn cases(default: u32) -> ProptestConfig {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() {
        ProptestConfig::default().cases
    } else {
        default
    };
    ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(3_000))]

    #[test]
    fn behaves_like_the_naive_model(history in history(100)) {
        paused(async { SideBySide::live(&history).await.map(drop) })?;
    }
}

proptest! {
    #![proptest_config(cases(800))]

    /// From any reachable state, with every permit lost, a call passes within the open time and
    /// `half_open_max`; while the breaker ramps up, one of ten calls does.
    #[test]
    fn never_rejects_for_ever(
        history in history(60),
        step in 1..60_u64,
        calls in 10..20_usize,
    ) {
        paused(async {
            let SideBySide { breaker, mut model, out: lost, .. } = SideBySide::live(&history).await?;
            model.set_mode(Mode::Automatic, "", None);
            breaker.set_mode(Mode::Automatic, "");
            let limit = Duration::from_nanos(model.longest_wait()) + breaker.config().half_open_max;
            let mut waited = Duration::ZERO;
            while !(0..calls).any(|_| breaker.try_acquire().is_ok()) {
                prop_assert!(
                    waited < limit,
                    "still rejecting after {waited:?} with {} calls lost: {:?}",
                    lost.len(),
                    breaker.snapshot(),
                );
                let wait = Duration::from_millis(step).min(limit - waited);
                tokio::time::advance(wait).await;
                waited += wait;
            }
            Ok(())
        })?;
    }

    /// However the calls are spread over the ramp: one of any ten passes, and no more than the
    /// growing share of them (and what the credit may save up).
    #[test]
    fn a_ramp_lets_the_growing_share_pass(
        ramp_up in 1..500_u64,
        gaps in prop::collection::vec(0..20_u64, 10..200),
    ) {
        paused(async {
            let ramp_up = Duration::from_millis(ramp_up);
            let breaker = CircuitBreaker::builder("ramp")
                .failure_threshold(1)
                .success_threshold(1)
                .open_for(Duration::from_millis(1))
                .ramp_up(ramp_up)
                .build()
                .unwrap();
            breaker.try_acquire().unwrap().failure();
            tokio::time::advance(Duration::from_millis(1)).await;
            breaker.try_acquire().unwrap().success();
            let (mut elapsed, mut share, mut passed, mut refused) = (Duration::ZERO, 1.0, 0.0, 0);
            for (nth, gap) in gaps.into_iter().enumerate() {
                let gap = Duration::from_millis(gap);
                tokio::time::advance(gap).await;
                elapsed += gap;
                let ramping = elapsed < ramp_up;
                if ramping && nth > 0 {
                    share += (elapsed.as_secs_f64() / ramp_up.as_secs_f64()).max(0.1);
                }
                match breaker.try_acquire() {
                    Ok(permit) => {
                        permit.ignore();
                        refused = 0;
                        passed += f64::from(u8::from(ramping));
                    }
                    Err(rejected) => {
                        prop_assert!(ramping, "{elapsed:?} of {ramp_up:?}: {rejected}");
                        prop_assert_eq!(rejected.reason(), Reason::RampingUp);
                        refused += 1;
                        prop_assert!(refused < 10, "ten calls refused in a row at {elapsed:?}");
                    }
                }
                prop_assert!(passed <= share + 1e-6, "{passed} passed, the share is {share}");
            }
            Ok(())
        })?;
    }

    /// Jitter stays within its share and under the cap, and the breaker keeps what it said.
    #[test]
    fn a_jittered_open_time_stays_within_its_bounds(
        open_for in 1..50_u64,
        multiplier in prop::sample::select(vec![1.0, 1.5, 2.0]),
        cap in 50..400_u64,
        jitter in 0.0..0.99_f64,
    ) {
        paused(async {
            let mut config = Config::default();
            config.failure_threshold = Some(1);
            config.open_for = Duration::from_millis(open_for);
            config.open_for_multiplier = multiplier;
            config.max_open_for = Duration::from_millis(cap);
            config.open_for_jitter = jitter;
            let breaker = CircuitBreaker::builder("jitter").config(config.clone()).build().unwrap();
            let mut wait = config.open_for;
            for _ in 0..8 {
                breaker.try_acquire().unwrap().failure();
                let said = breaker.snapshot().retry_after.unwrap();
                let slack = Duration::from_nanos(2);
                prop_assert!(said + slack >= wait.mul_f64(1.0 - jitter), "{said:?} of {wait:?}");
                prop_assert!(said <= wait.mul_f64(1.0 + jitter) + slack, "{said:?} of {wait:?}");
                prop_assert!(said <= config.max_open_for, "{said:?} is above the cap");
                tokio::time::advance(said - Duration::from_nanos(1)).await;
                prop_assert!(breaker.try_acquire().is_err());
                tokio::time::advance(Duration::from_nanos(1)).await;
                wait = wait.mul_f64(multiplier).min(config.max_open_for);
            }
            Ok(())
        })?;
    }

    /// A result of an earlier generation moves nothing, whatever it is.
    #[test]
    fn late_results_move_nothing(config in config(), failures in 1..6_usize) {
        paused(async {
            let breaker = CircuitBreaker::builder("late").config(config).build().unwrap();
            let calls: Vec<_> = (0..failures).map_while(|_| breaker.try_acquire().ok()).collect();
            breaker.set_mode(Mode::ForcedOpen, "maintenance");
            breaker.set_mode(Mode::Automatic, "over");
            let before = breaker.snapshot();
            prop_assert_eq!((before.state, before.cause), (State::HalfOpen, Some(Cause::ForceEnded)));
            for (nth, permit) in calls.into_iter().enumerate() {
                permit.record(if nth % 2 == 0 { Outcome::Failure } else { Outcome::Success });
            }
            let after = breaker.snapshot();
            prop_assert_eq!((after.state, after.generation), (before.state, before.generation));
            prop_assert_eq!(after.window, before.window);
            prop_assert_eq!(after.totals.stale, failures as u64);
            Ok(())
        })?;
    }
}

/// Below the cap an open time varies up as often as down.
#[test]
fn an_open_time_varies_both_ways() {
    let open_for = Duration::from_secs(60);
    let mut longer = 0;
    for _ in 0..200 {
        let breaker = CircuitBreaker::builder("jitter")
            .failure_threshold(1)
            .open_for(open_for)
            .open_for_jitter(0.2)
            .build()
            .unwrap();
        paused(async {
            breaker.try_acquire().unwrap().failure();
            let wait = breaker.snapshot().retry_after.unwrap();
            longer += u32::from(wait > open_for);
        });
    }
    // Half of 200, give or take six standard deviations.
    assert!((58..=142).contains(&longer), "{longer} of 200 were longer");
}

/// What has grown far beyond the cap varies below it, evenly.
#[test]
fn a_capped_open_time_still_varies() {
    paused(async {
        let cap = Duration::from_millis(100);
        let breaker = CircuitBreaker::builder("capped")
            .failure_threshold(1)
            .open_for(Duration::from_millis(10))
            .open_for_multiplier(10.0)
            .max_open_for(cap)
            .open_for_jitter(0.5)
            .build()
            .unwrap();
        let mut shorter = 0;
        for _ in 0..100 {
            breaker.try_acquire().unwrap().failure();
            let wait = breaker.snapshot().retry_after.unwrap();
            assert!(wait <= cap);
            shorter += u32::from(wait < cap.mul_f64(0.75));
            tokio::time::advance(wait).await;
        }
        assert!(
            (20..=80).contains(&shorter),
            "{shorter} of 100 in the lower half of what the cap leaves"
        );
    });
}
