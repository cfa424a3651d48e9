//! Random configs there and back, and random tables that either build or are refused.

use std::time::Duration;

use proptest::prelude::*;
use steadfast_bulkhead::{Bulkhead, Config};

use super::names;

/// As large as a whole number may be in TOML.
const MOST_WAITING: usize = i64::MAX as usize;

/// Any config that obeys its rules.
fn sound() -> impl Strategy<Value = Config> {
    let timeout = (any::<u64>(), 0_u32..64, 0..1_000_000_000_u32)
        .prop_map(|(secs, shift, nanos)| Duration::new(secs >> shift, nanos));
    let line = (1..=268_435_455_usize, 0..=MOST_WAITING, timeout);
    let shares = (1..=100_u32, 1..=100_u32, 1..=100_u32);
    (line, any::<bool>(), shares).prop_map(|(line, hold_times, shares)| {
        let mut config = Config::default();
        (
            config.max_concurrent,
            config.max_waiting,
            config.checkout_timeout,
        ) = line;
        config.hold_times = hold_times;
        (config.high_share, config.normal_share, config.low_share) = shares;
        config
    })
}

/// A value that some field might take.
fn value() -> impl Strategy<Value = String> {
    let values = [
        "null",
        "true",
        "false",
        "0",
        "1",
        "100",
        "101",
        "268435456",
        "18446744073709551615",
        "-1",
        "1.0",
        "1e308",
        "\"1ms\"",
        "\"0s\"",
        "\"llm_requests\"",
        "[]",
        "{}",
    ];
    prop::sample::select(values.map(str::to_owned).to_vec())
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(config in sound()) {
        let built = Bulkhead::builder("sound").config(config.clone()).build();
        prop_assert_eq!(&built.unwrap().config(), &config);

        let json = serde_json::to_string(&config).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Config>(&json).unwrap(), &config, "{}", json);
        let value = serde_json::to_value(&config).unwrap();
        prop_assert_eq!(&serde_json::from_value::<Config>(value).unwrap(), &config);
        let toml = toml::to_string(&config).unwrap();
        prop_assert_eq!(&toml::from_str::<Config>(&toml).unwrap(), &config, "{}", toml);
    }

    #[test]
    fn what_was_read_builds(
        preset in any::<bool>(),
        entries in prop::collection::vec((prop::sample::select(names()), value()), 0..4),
    ) {
        let preset = preset.then(|| "\"preset\": \"http_connections\"".to_owned());
        let entries = entries.iter().map(|(key, value)| format!("\"{key}\": {value}"));
        let entries: Vec<_> = entries.chain(preset).collect();
        let json = format!("{{{}}}", entries.join(", "));
        if let Ok(config) = serde_json::from_str::<Config>(&json) {
            let built = Bulkhead::builder("read").config(config).build();
            prop_assert!(built.is_ok(), "{}: {:?}", json, built);
        }
    }
}

#[test]
fn a_line_without_an_end_comes_back_in_json() {
    let mut config = Config::default();
    config.max_waiting = usize::MAX;
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config);
}
