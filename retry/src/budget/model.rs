//! Random lives of a budget against a naive model of its documentation, which keeps a list of every
//! call and every retry sent, and counts through them each time.

mod naive;

use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use self::naive::Naive;
use super::shared::Shared;
use super::{Budget, BudgetConfig, BudgetPermit, Extra};
use crate::clock;

const SECOND: u64 = 1_000_000_000;

/// One thing that happens. `late` is how far behind the others its clock reading is.
#[derive(Debug, Clone, Copy)]
enum Step {
    Wait {
        nanos: u64,
    },
    /// Waits until this close to the next slide of the window: 0 is a nanosecond before.
    Border {
        past: u64,
    },
    Calls {
        count: u64,
        late: u64,
    },
    Take {
        extra: Extra,
        late: u64,
    },
    Spend {
        which: usize,
        late: u64,
    },
    Drop {
        which: usize,
    },
    Look {
        late: u64,
    },
    Reconfigure {
        config: BudgetConfig,
        late: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let late = || prop_oneof![6 => Just(0), 2 => 0..2 * SECOND, 1 => 0..100 * SECOND];
    let extra = prop_oneof![Just(Extra::Retry), Just(Extra::Hedge)];
    prop_oneof![
        2 => (0..20 * SECOND).prop_map(|nanos| Step::Wait { nanos }),
        1 => (0..SECOND).prop_map(|nanos| Step::Wait { nanos }),
        2 => (0..3_u64).prop_map(|past| Step::Border { past }),
        4 => (1..30_u64, late()).prop_map(|(count, late)| Step::Calls { count, late }),
        8 => (extra, late()).prop_map(|(extra, late)| Step::Take { extra, late }),
        4 => (0..8_usize, late()).prop_map(|(which, late)| Step::Spend { which, late }),
        1 => (0..8_usize).prop_map(|which| Step::Drop { which }),
        2 => late().prop_map(|late| Step::Look { late }),
        1 => (config(), late()).prop_map(|(config, late)| Step::Reconfigure { config, late }),
    ]
}

fn config() -> impl Strategy<Value = BudgetConfig> {
    let shares = vec![0.0, 0.0001, 0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 10.0];
    let share = prop_oneof![prop::sample::select(shares), 0.0..2.0_f64];
    let minimums = vec![0.0, 0.0, 0.1, 0.3, 1.0];
    let window = prop_oneof![
        (1..=60_u64).prop_map(|seconds| seconds * SECOND),
        SECOND..=60 * SECOND
    ];
    (share, prop::sample::select(minimums), window).prop_map(|(share, min_per_second, window)| {
        BudgetConfig {
            share,
            min_per_second,
            window: Duration::from_nanos(window),
        }
    })
}

/// After the wait a refusal tells there is something left, and a nanosecond before there is not.
fn keeps_its_word(
    budget: &Budget,
    extra: Extra,
    now: Instant,
    wait: Option<Duration>,
) -> Result<(), TestCaseError> {
    let asked_at = |moment| {
        let shared = Arc::new(budget.shared.copy());
        let copy = Budget {
            shared,
            counts_calls: true,
        };
        copy.take_at(extra, moment).is_ok()
    };
    if let Some(wait) = wait {
        prop_assert!(asked_at(now + wait), "refused after {wait:?}");
        prop_assert!(
            !asked_at(now + wait - Duration::from_nanos(1)),
            "granted before {wait:?}"
        );
    } else {
        for windows in 1..=3 {
            prop_assert!(
                !asked_at(now + windows * budget.config().window),
                "granted after all"
            );
        }
    }
    Ok(())
}

fn live(config: BudgetConfig, steps: &[Step]) -> Result<(), TestCaseError> {
    let origin = clock::now() + Duration::from_secs(1_000);
    let budget = Budget {
        shared: Arc::new(Shared::new("model".into(), config, origin)),
        counts_calls: true,
    };
    let mut naive = Naive::new(config);
    let mut permits: Vec<(Extra, BudgetPermit)> = Vec::new();
    let mut width = u64::try_from(config.window.as_nanos()).unwrap() / 10;
    let mut time = 0_u64;
    // A reading that is late by more than the budget's age comes before its origin.
    let reading = |time: u64, late: u64| {
        let instant = origin + Duration::from_nanos(time) - Duration::from_nanos(late);
        (instant, time.saturating_sub(late))
    };
    for &step in steps {
        match step {
            Step::Wait { nanos } => time += nanos,
            Step::Border { past } => time = (time / width + 1) * width - 1 + past,
            Step::Calls { count, late } => {
                let (instant, now) = reading(time, late);
                for _ in 0..count {
                    budget.record_call_at(instant);
                    naive.record_call(now);
                }
            }
            Step::Take { extra, late } => {
                let (instant, now) = reading(time, late);
                let expected = naive.take(extra, now);
                match budget.try_acquire_at(extra, instant) {
                    Ok(permit) => {
                        prop_assert_eq!(expected, Ok(()));
                        permits.push((extra, permit));
                    }
                    Err(spent) => {
                        prop_assert_eq!(expected, Err((spent.reason(), spent.retry_after())));
                        prop_assert_eq!(spent.extra(), extra);
                        // The model works with the moment the budget was built.
                        let now = origin + Duration::from_nanos(now);
                        keeps_its_word(&budget, extra, now, spent.retry_after())?;
                    }
                }
            }
            Step::Spend { which, late } => {
                if which < permits.len() {
                    let (extra, permit) = permits.swap_remove(which);
                    let (instant, now) = reading(time, late);
                    permit.spend_at(instant);
                    naive.spend(extra, now);
                }
            }
            Step::Drop { which } => {
                if which < permits.len() {
                    drop(permits.swap_remove(which));
                    naive.give_back();
                }
            }
            Step::Look { late } => {
                let (instant, now) = reading(time, late);
                naive.compare(now, &budget.snapshot_at(instant))?;
            }
            Step::Reconfigure { config, late } => {
                let (instant, now) = reading(time, late);
                budget.reconfigure_at(config, instant);
                naive.reconfigure(config, now);
                width = u64::try_from(config.window.as_nanos()).unwrap() / 10;
            }
        }
    }
    let (instant, now) = reading(time, 0);
    naive.compare(now, &budget.snapshot_at(instant))
}

#[test]
fn centuries_pass_and_the_budget_still_counts() {
    let budget = Budget::builder("old").share(1.0).build().unwrap();
    // 292 years is where nanoseconds end; from there on it is always the same moment.
    for years in [290, 293, 600, 1_000_000] {
        let now = clock::now() + Duration::from_secs(years * 365 * 86_400);
        budget.record_call_at(now);
        budget.take_at(Extra::Retry, now).unwrap();
        budget.spend_at(Extra::Retry, now);
        assert!(budget.snapshot_at(now).calls > 0);
    }
    let totals = budget.snapshot().totals;
    assert_eq!((totals.calls, totals.spent_retries), (4, 4));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn behaves_like_the_naive_model(
        config in config(),
        steps in prop::collection::vec(step(), 1..150),
    ) {
        live(config, &steps)?;
    }

    #[test]
    fn what_is_older_than_the_window_never_counts_and_younger_than_nine_tenths_always(
        window in SECOND..=60 * SECOND,
        gaps in prop::collection::vec(0..20 * SECOND, 1..60),
    ) {
        let origin = clock::now();
        let config = BudgetConfig { window: Duration::from_nanos(window), ..Default::default() };
        let budget = Budget {
            shared: Arc::new(Shared::new("ages".into(), config, origin)),
            counts_calls: true,
        };
        let (mut now, mut calls) = (0, Vec::new());
        for gap in gaps {
            now += gap / 8;
            calls.push(now);
            budget.record_call_at(origin + Duration::from_nanos(now));
            now += gap - gap / 8;
            let counted = budget.snapshot_at(origin + Duration::from_nanos(now)).calls;
            let younger = |age| calls.iter().filter(|&&at| now - at < age).count() as u64;
            prop_assert!(counted <= younger(window));
            prop_assert!(counted >= younger(window / 10 * 9));
        }
    }
}
