//! Settings and their rules.

use std::time::Duration;

use steadfast_retry::{ConfigError, Hedge, HedgeConfig, HedgeTrigger};

use crate::ms;

fn broken(error: &ConfigError) -> Vec<&'static str> {
    error.fields().iter().map(|field| field.field).collect()
}

#[test]
fn the_defaults_are_as_documented() {
    let hedge = Hedge::builder("test").build().unwrap();
    let config = hedge.config();
    assert_eq!(config, HedgeConfig::default());
    assert_eq!(config.trigger, HedgeTrigger::Percentile(0.95));
    assert_eq!(config.min_delay, ms(1));
    assert_eq!((config.warm_up, config.max_hedges), (100, 1));
    assert!(!config.hedge_failures);
}

#[test]
fn every_broken_rule_is_named() {
    let error = Hedge::builder("")
        .percentile(0.4)
        .warm_up(0)
        .max_hedges(11)
        .build()
        .unwrap_err();
    assert_eq!(
        broken(&error),
        ["name", "percentile", "warm_up", "max_hedges"]
    );
    assert!(
        error
            .to_string()
            .starts_with("hedge \"\" is misconfigured: name = ")
    );
}

#[test]
fn the_limits_themselves_are_allowed() {
    for percentile in [0.5, 0.999] {
        for max_hedges in [1, 10] {
            let builder = Hedge::builder("test").percentile(percentile);
            let builder = builder.max_hedges(max_hedges).warm_up(1);
            assert!(builder.min_delay(Duration::ZERO).build().is_ok());
        }
    }
}

#[test]
fn what_lies_beyond_the_limits_is_refused() {
    for percentile in [0.499, 0.9991, 1.0, 95.0, -0.95, f64::NAN, f64::INFINITY] {
        let error = Hedge::builder("test").percentile(percentile).build();
        assert_eq!(broken(&error.unwrap_err()), ["percentile"], "{percentile}");
    }
    for max_hedges in [0, 11, u32::MAX] {
        let error = Hedge::builder("test").max_hedges(max_hedges).build();
        assert_eq!(broken(&error.unwrap_err()), ["max_hedges"], "{max_hedges}");
    }
}

#[test]
fn the_last_trigger_given_counts() {
    let builder = Hedge::builder("test").percentile(7.0).on_failure_only();
    let hedge = builder.clone().build().unwrap();
    assert_eq!(hedge.config().trigger, HedgeTrigger::OnFailureOnly);
    assert_eq!(hedge.delay(), None);
    let hedge = builder.clone().delay(ms(7)).build().unwrap();
    assert_eq!(hedge.config().trigger, HedgeTrigger::Delay(ms(7)));
    assert_eq!(hedge.delay(), Some(ms(7)));
    let hedge = builder.percentile(0.9).build().unwrap();
    assert_eq!(hedge.config().trigger, HedgeTrigger::Percentile(0.9));
    assert_eq!(hedge.delay(), None, "nothing is learned yet");
}

#[test]
fn a_config_sets_it_all() {
    let mut config = HedgeConfig::default();
    config.trigger = HedgeTrigger::Delay(ms(20));
    config.min_delay = ms(2);
    config.warm_up = 7;
    config.max_hedges = 3;
    config.hedge_failures = true;
    let hedge = Hedge::builder("test").config(config).build().unwrap();
    assert_eq!(hedge.config(), config);
    let built = Hedge::builder("test")
        .delay(ms(20))
        .min_delay(ms(2))
        .warm_up(7)
        .max_hedges(3)
        .hedge_failures(true);
    assert_eq!(built.build().unwrap().config(), config);
}

#[test]
fn no_debug_form_is_endless() {
    let hedge = Hedge::builder("test").build().unwrap();
    let classified = hedge.classify(|_: &Result<(), ()>| steadfast_retry::Verdict::Stop);
    assert_eq!(
        format!("{classified:?}"),
        "ClassifiedHedge { hedge: \"test\", .. }"
    );
    assert!(format!("{hedge:?}").starts_with("Hedge { name: \"test\", config: HedgeConfig {"));
    assert_eq!(format!("{:?}", hedge.downgrade()), "(WeakHedge)");
}
