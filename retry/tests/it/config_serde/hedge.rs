//! The settings of a hedge, and its snapshot.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{json, to_value};
use steadfast_retry::{Budget, Hedge, HedgeConfig, HedgeTrigger};

use super::problems_of;
use crate::ms;

#[track_caller]
fn read(json: &str) -> HedgeConfig {
    serde_json::from_str(json).unwrap()
}

#[track_caller]
fn problems(json: &str) -> Vec<String> {
    problems_of::<HedgeConfig>(json)
}

#[test]
fn a_hedge_is_written_for_people() {
    let mut config = HedgeConfig::default();
    let rest = "min_delay = \"1ms\"\nwarm_up = 100\nmax_hedges = 1\nhedge_failures = false\n";
    for (trigger, line) in [
        (HedgeTrigger::Percentile(0.95), "percentile = 0.95\n"),
        (HedgeTrigger::Delay(ms(50)), "delay = \"50ms\"\n"),
        (HedgeTrigger::OnFailureOnly, "on_failure_only = true\n"),
    ] {
        config.trigger = trigger;
        let text = toml::to_string(&config).unwrap();
        assert_eq!(text, format!("{line}{rest}"));
        assert_eq!(toml::from_str::<HedgeConfig>(&text).unwrap(), config);
    }
}

#[test]
fn every_field_is_read_into_itself() {
    assert_eq!(read("{}"), HedgeConfig::default());
    let mut expected = HedgeConfig::default();
    expected.trigger = HedgeTrigger::Percentile(0.99);
    expected.min_delay = Duration::ZERO;
    expected.warm_up = 7;
    expected.max_hedges = 10;
    expected.hedge_failures = true;
    assert_eq!(
        read(
            r#"{"hedge_failures": true, "max_hedges": 10, "warm_up": 7, "min_delay": 0,
                "percentile": 0.99}"#
        ),
        expected
    );
}

#[test]
fn a_hedge_is_sent_for_one_reason() {
    let trigger = |json| read(json).trigger;
    let delay = HedgeTrigger::Delay(ms(250));
    assert_eq!(trigger(r#"{"delay": 250}"#), delay);
    assert_eq!(
        trigger(r#"{"delay": "250ms", "on_failure_only": false}"#),
        delay
    );
    assert_eq!(
        trigger(r#"{"on_failure_only": true}"#),
        HedgeTrigger::OnFailureOnly
    );
    assert_eq!(
        trigger(r#"{"on_failure_only": false}"#),
        HedgeTrigger::Percentile(0.95)
    );
    assert_eq!(
        problems(r#"{"percentile": 0.9, "delay": 5}"#),
        ["percentile = 0.9 (must not come with delay)"]
    );
    assert_eq!(
        problems(r#"{"on_failure_only": true, "percentile": 0.9}"#),
        ["on_failure_only = true (must not come with percentile)"]
    );
    assert_eq!(
        problems(r#"{"delay": 5, "percentile": 95, "on_failure_only": true}"#),
        [
            "percentile = 95 (must not come with delay)",
            "on_failure_only = true (must not come with delay)",
            "percentile = 95 (must be at least 0.5 and at most 0.999)",
        ]
    );
    // What cannot be read is not there for the others.
    for json in [
        r#"{"delay": "soon", "percentile": 0.9}"#,
        r#"{"percentile": "p95", "delay": 5}"#,
        r#"{"on_failure_only": 1, "delay": 5}"#,
    ] {
        assert_eq!(problems(json).len(), 1, "{json}");
    }
}

#[test]
fn one_error_tells_everything() {
    let told = problems(
        r#"{
            "percentile": "p95",
            "hedge_failures": 1,
            "warm_up": 0,
            "min_delay": -1,
            "max_hedge": 2,
            "max_hedges": 11,
            "warm_up": 3
        }"#,
    );
    assert_eq!(
        told,
        [
            "percentile = \"p95\" (must be a number)",
            "hedge_failures = 1 (must be true or false)",
            "min_delay = -1 (must be a duration like \"1m 30s\", or whole milliseconds)",
            "max_hedge = 2 (unknown key, did you mean max_hedges?)",
            "warm_up = 3 (is given already: warm_up = 0)",
            "warm_up = 0 (must be at least 1)",
            "max_hedges = 11 (must be at least 1 and at most 10)",
        ]
    );
    let error = serde_json::from_str::<HedgeConfig>("0.95").unwrap_err();
    assert!(
        error.to_string().contains("a table of hedge settings"),
        "{error}"
    );
}

#[test]
fn keys_of_other_libraries_are_told_with_the_ones_here() {
    for (key, said) in [
        (
            "maxAttempts",
            "max_hedges does not count the first attempt: maxAttempts - 1",
        ),
        ("max_hedged_attempts", "did you mean max_hedges?"),
        ("hedgingDelay", "did you mean delay?"),
        ("quantile", "did you mean percentile?"),
        (
            "trigger",
            "did you mean delay, percentile or on_failure_only?",
        ),
        ("min_samples", "did you mean warm_up?"),
        ("hedge_on_failure", "did you mean hedge_failures?"),
        ("budget", "the budget of a hedge is given to its builder"),
        ("percentil", "did you mean percentile?"),
    ] {
        assert_eq!(
            problems(&format!(r#"{{"{key}": 2}}"#)),
            [format!("{key} = 2 (unknown key, {said})")]
        );
    }
}

fn duration() -> impl Strategy<Value = Duration> {
    (any::<u64>(), 0_u32..64, 0..1_000_000_000_u32)
        .prop_map(|(secs, shift, nanos)| Duration::new(secs >> shift, nanos))
}

/// Any config that obeys its rules.
fn sound() -> impl Strategy<Value = HedgeConfig> {
    let trigger = prop_oneof![
        duration().prop_map(HedgeTrigger::Delay),
        (0.5..=0.999).prop_map(HedgeTrigger::Percentile),
        Just(HedgeTrigger::OnFailureOnly),
    ];
    let counts = (1..=u32::MAX, 1..=10_u32);
    (trigger, duration(), counts, any::<bool>()).prop_map(
        |(trigger, min_delay, counts, hedge_failures)| {
            let mut config = HedgeConfig::default();
            config.trigger = trigger;
            config.min_delay = min_delay;
            (config.warm_up, config.max_hedges) = counts;
            config.hedge_failures = hedge_failures;
            config
        },
    )
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(config in sound()) {
        let built = Hedge::builder("sound").config(config).build().unwrap();
        prop_assert_eq!(built.config(), config);

        let json = serde_json::to_string(&config).unwrap();
        prop_assert_eq!(read(&json), config, "{}", json);
        let toml = toml::to_string(&config).unwrap();
        prop_assert_eq!(toml::from_str::<HedgeConfig>(&toml).unwrap(), config, "{}", toml);
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_plain_data() {
    let budget = Budget::builder("ample")
        .min_per_second(10.0)
        .build()
        .unwrap();
    let hedge = Hedge::builder("search")
        .delay(Duration::from_micros(1500))
        .budget(budget.clone())
        .build()
        .unwrap();
    let call = hedge.call(|attempt| async move {
        if attempt.is_hedge() {
            return Ok::<_, ()>("hedge");
        }
        std::future::pending().await
    });
    assert_eq!(call.await, Ok("hedge"));
    assert_eq!(
        to_value(hedge.snapshot()).unwrap(),
        json!({
            "name": "search",
            "delay_ms": 1.5,
            "samples": 0,
            "samples_skipped": 0,
            "in_flight": 0,
            "budget": budget.snapshot(),
            "totals": {
                "calls": 1,
                "primary_won": 0,
                "hedge_won": 1,
                "failed": 0,
                "abandoned": 0,
                "panicked": 0,
                "sent": 1,
                "won": 1,
                "wasted": 0,
                "suppressed_budget": 0,
                "observer_panics": 0,
            },
        })
    );
    let learning = Hedge::builder("new").build().unwrap();
    assert_eq!(
        to_value(learning.snapshot()).unwrap()["delay_ms"],
        json!(null)
    );
}
