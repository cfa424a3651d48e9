//! Random configs there and back, and random tables that either build or are refused.

use std::time::Duration;

use proptest::option::of;
use proptest::prelude::*;
use steadfast_retry::{BudgetConfig, Config, Growth, Jitter, Retry};

use crate::config::names;

fn duration() -> impl Strategy<Value = Duration> {
    (any::<u64>(), 0_u32..64, 0..1_000_000_000_u32)
        .prop_map(|(secs, shift, nanos)| Duration::new(secs >> shift, nanos))
}

fn longer() -> impl Strategy<Value = Duration> {
    duration().prop_filter("longer than zero", |duration| !duration.is_zero())
}

fn growth() -> impl Strategy<Value = Growth> {
    prop::sample::select(vec![
        Growth::Constant,
        Growth::Linear,
        Growth::Exponential,
        Growth::Fibonacci,
        Growth::Decorrelated,
        Growth::DecorrelatedSmooth,
    ])
}

fn jitter() -> impl Strategy<Value = Jitter> {
    prop_oneof![
        Just(Jitter::None),
        Just(Jitter::Full),
        Just(Jitter::Equal),
        (0.0..=1.0).prop_map(Jitter::Proportional),
        (0..=100_u32).prop_map(|part| Jitter::Proportional(f64::from(part) / 100.0)),
    ]
}

fn multiplier() -> impl Strategy<Value = f64> {
    prop_oneof![Just(1.0), 1.0..10.0, 1.0..f64::MAX]
}

fn budget() -> impl Strategy<Value = BudgetConfig> {
    let window = (1_000_000_000..=60_000_000_000_u64).prop_map(Duration::from_nanos);
    (0.0..=10.0, 0.0..=1e6, window).prop_map(|values| {
        let mut config = BudgetConfig::default();
        (config.share, config.min_per_second, config.window) = values;
        config
    })
}

/// Any config that obeys its rules.
fn sound() -> impl Strategy<Value = Config> {
    let backoff = (
        growth(),
        duration(),
        duration(),
        of(multiplier()),
        of(jitter()),
    );
    let limits = (1..=u32::MAX, of(longer()), of(longer()), duration());
    (backoff, limits, 0..=1000_usize, of(budget())).prop_map(
        |(backoff, limits, history, budget)| {
            let mut config = Config::default();
            let (growth, base, max, multiplier, jitter) = backoff;
            config.growth = growth;
            config.base_backoff = base;
            config.max_backoff = max.max(base);
            if matches!(growth, Growth::Exponential | Growth::Decorrelated) {
                config.backoff_multiplier = multiplier;
            }
            if !matches!(growth, Growth::Decorrelated | Growth::DecorrelatedSmooth) {
                config.jitter = jitter;
            }
            (
                config.max_attempts,
                config.max_elapsed,
                config.attempt_timeout,
                config.max_retry_after,
            ) = limits;
            config.history = history;
            config.budget = budget;
            config
        },
    )
}

/// A value that some field might take.
fn value() -> impl Strategy<Value = String> {
    let values = [
        "null",
        "true",
        "false",
        "0",
        "1",
        "2",
        "1000",
        "1001",
        "-1",
        "0.5",
        "1.0",
        "1e308",
        "\"1ms\"",
        "\"0s\"",
        "\"1h\"",
        "\"equal\"",
        "\"constant\"",
        "\"decorrelated\"",
        "[]",
        "{}",
        "{\"share\": 1}",
        "{\"share\": 11}",
        "{\"window\": \"1h\"}",
    ];
    prop::sample::select(values.map(str::to_owned).to_vec())
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(config in sound()) {
        let built = Retry::builder("sound").config(config.clone()).build().unwrap();
        prop_assert_eq!(built.config(), &config);

        let json = serde_json::to_string(&config).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Config>(&json).unwrap(), &config, "{}", json);
        let value = serde_json::to_value(&config).unwrap();
        prop_assert_eq!(&serde_json::from_value::<Config>(value).unwrap(), &config);
        let toml = toml::to_string(&config).unwrap();
        prop_assert_eq!(&toml::from_str::<Config>(&toml).unwrap(), &config, "{}", toml);
    }

    #[test]
    fn a_budget_that_was_written_is_read_back(config in budget()) {
        let json = serde_json::to_string(&config).unwrap();
        prop_assert_eq!(serde_json::from_str::<BudgetConfig>(&json).unwrap(), config, "{}", json);
        let toml = toml::to_string(&config).unwrap();
        prop_assert_eq!(toml::from_str::<BudgetConfig>(&toml).unwrap(), config, "{}", toml);
    }

    #[test]
    fn what_was_read_builds(
        entries in prop::collection::vec((prop::sample::select(names(&Config::default())), value()), 0..4),
    ) {
        let entries: Vec<_> = entries.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
        let json = format!("{{{}}}", entries.join(", "));
        if let Ok(config) = serde_json::from_str::<Config>(&json) {
            let built = Retry::builder("read").config(config).build();
            prop_assert!(built.is_ok(), "{}: {:?}", json, built);
        }
    }
}
