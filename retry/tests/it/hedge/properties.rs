//! Scripted calls, against the naive model.

use proptest::prelude::*;
use steadfast_retry::{Budget, Hedge};
use tokio::time::timeout;

use super::adds_up;
use super::model::{End, Life, Settings, live};
use super::script::{Gives, Line, NEVER, Script, judge};
use crate::ms;

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let gives = prop_oneof![
        4 => Just(Gives::Ok),
        4 => Just(Gives::Err),
        1 => Just(Gives::Stop),
        1 => Just(Gives::Rejected),
        2 => (0..60_u64).prop_map(Gives::RetryAfter),
    ];
    // Multiples of five, so that things often happen at the same time.
    let line = prop_oneof![
        1 => Just(NEVER),
        5 => (0..30_u64, gives).prop_map(|(fives, gives)| gives.after(fives * 5)),
    ];
    prop::collection::vec(line, 11)
}

fn settings() -> impl Strategy<Value = Settings> {
    let delay = prop::option::weighted(0.8, (0..16_u64).prop_map(|fives| fives * 5));
    (delay, 1..=10_u32, any::<bool>(), 0..12_u32).prop_map(
        |(delay, max_hedges, hedge_failures, allowance)| Settings {
            delay,
            max_hedges,
            hedge_failures,
            allowance,
        },
    )
}

fn build(settings: Settings) -> Hedge {
    let builder = Hedge::builder("test");
    let builder = match settings.delay {
        Some(delay) => builder.delay(ms(delay)),
        None => builder.on_failure_only(),
    };
    let budget = Budget::builder("test")
        .share(0.0)
        .min_per_second(f64::from(settings.allowance) / 10.0);
    builder
        .max_hedges(settings.max_hedges)
        .hedge_failures(settings.hedge_failures)
        .budget(budget.build().unwrap())
        .build()
        .unwrap()
}

async fn real(settings: Settings, lines: &[Line], drop_at: u64) -> Life {
    let hedge = build(settings);
    let script = Script::new(lines);
    let call = hedge
        .classify(judge)
        .call(|attempt| script.attempt(attempt));
    let mut call = Box::pin(call);
    let answer = timeout(ms(drop_at), call.as_mut()).await;
    let ended_at = script.time();
    if answer.is_err() {
        drop(call);
    }
    // Else before the future is dropped: what lost must be gone by now.
    assert_eq!(script.running(), 0, "attempts left");
    assert_eq!(script.values(), usize::from(answer.is_ok()), "results left");
    let end = match &answer {
        Ok(Ok(value)) => End::Ok(value.number),
        Ok(Err(value)) => End::Err(value.number),
        Err(_) => End::Dropped,
    };
    let snapshot = hedge.snapshot();
    adds_up(&snapshot, 0);
    let totals = snapshot.totals;
    let ended = match end {
        End::Ok(1) => totals.primary_won,
        End::Ok(_) => totals.hedge_won,
        End::Err(_) => totals.failed,
        End::Dropped => totals.abandoned,
    };
    assert_eq!((ended, totals.calls), (1, 1), "{end:?} is {totals:?}");
    assert_eq!(totals.sent, script.begun().len() as u64 - 1);
    Life {
        begun: script.begun(),
        end,
        ended_at,
        suppressed: totals.suppressed_budget,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_call_goes_as_in_the_model(
        settings in settings(),
        lines in lines(),
        drop_at in 1..400_u64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let expected = live(settings, &lines, drop_at);
        let found = runtime.block_on(real(settings, &lines, drop_at));
        prop_assert_eq!(found, expected);
    }
}
