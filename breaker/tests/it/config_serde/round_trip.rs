//! Random configs there and back, and random tables that either build or are refused.

use std::time::Duration;

use proptest::option::of;
use proptest::prelude::*;
use steadfast_breaker::{AbandonedAs, CircuitBreaker, Config, Window};

use crate::config::names;

fn duration() -> impl Strategy<Value = Duration> {
    (any::<u64>(), 0_u32..64, 0..1_000_000_000_u32)
        .prop_map(|(secs, shift, nanos)| Duration::new(secs >> shift, nanos))
}

fn longer() -> impl Strategy<Value = Duration> {
    duration().prop_filter("longer than zero", |duration| !duration.is_zero())
}

fn rate() -> impl Strategy<Value = f64> {
    prop_oneof![
        (1..=1000_u32).prop_map(|part| f64::from(part) / 1000.0),
        f64::MIN_POSITIVE..=1.0,
    ]
}

fn window() -> impl Strategy<Value = Window> {
    prop_oneof![
        (1..=1_000_000_u32).prop_map(Window::Calls),
        (1_000_000..=3_600_000_000_000_u64)
            .prop_map(|nanos| Window::Time(Duration::from_nanos(nanos))),
    ]
}

fn multiplier() -> impl Strategy<Value = f64> {
    prop_oneof![Just(1.0), 1.0..10.0, 1.0..f64::MAX]
}

fn count() -> impl Strategy<Value = u32> {
    1..=u32::MAX
}

/// Any config that obeys its rules.
fn sound() -> impl Strategy<Value = Config> {
    let closed = (of(count()), longer(), window(), of(count()), of(rate()));
    let slow = of((longer(), of(rate())));
    let open = (longer(), multiplier(), duration(), of(0.0..1.0), duration());
    let half_open = (count(), count(), of(rate()), count(), longer());
    (closed, slow, open, half_open, duration(), any::<bool>()).prop_map(
        |(closed, slow, open, half_open, ramp_up, abandoned_fail)| {
            let mut config = Config::default();
            let min_calls;
            (
                config.failure_threshold,
                config.reset_timeout,
                config.window,
                min_calls,
                config.failure_rate,
            ) = closed;
            config.min_calls = min_calls.map(|min_calls| match config.window {
                Window::Calls(calls) => min_calls.min(calls),
                Window::Time(_) => min_calls,
            });
            config.slow_call_duration = slow.map(|(duration, _)| duration);
            config.slow_call_rate = slow.and_then(|(_, rate)| rate);
            let jitter;
            (
                config.open_for,
                config.open_for_multiplier,
                config.max_open_for,
                jitter,
                config.open_for_reset_after,
            ) = open;
            config.open_for_jitter = jitter.unwrap_or(0.0);
            if config.open_for_multiplier > 1.0 || config.open_for_jitter > 0.0 {
                config.max_open_for = config.max_open_for.max(config.open_for);
            }
            (
                config.max_probes,
                config.success_threshold,
                config.half_open_failure_rate,
                config.half_open_calls,
                config.half_open_max,
            ) = half_open;
            config.ramp_up = ramp_up;
            if abandoned_fail {
                config.abandoned_as = AbandonedAs::Failure;
            }
            config
        },
    )
}

/// A value that some field might take.
fn value() -> impl Strategy<Value = String> {
    let values = [
        "null",
        "true",
        "0",
        "1",
        "2",
        "100",
        "101",
        "1000001",
        "-1",
        "0.5",
        "1.0",
        "1e308",
        "\"1ms\"",
        "\"0s\"",
        "\"1h\"",
        "\"2h\"",
        "\"ignored\"",
        "[]",
        "{}",
    ];
    prop::sample::select(values.map(str::to_owned).to_vec())
}

proptest! {
    #[test]
    fn what_was_written_is_read_back(config in sound()) {
        let built = CircuitBreaker::builder("sound").config(config.clone()).build();
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
        entries in prop::collection::vec((prop::sample::select(names(&Config::default())), value()), 0..4),
    ) {
        let entries: Vec<_> = entries.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
        let json = format!("{{{}}}", entries.join(", "));
        if let Ok(config) = serde_json::from_str::<Config>(&json) {
            let built = CircuitBreaker::builder("read").config(config).build();
            prop_assert!(built.is_ok(), "{}: {:?}", json, built);
        }
    }
}
