//! Settings in files: what is read back is what was written, and what is not given has its default.

use std::collections::HashMap;
use std::time::Duration;

use serde::de::value::{Error, MapDeserializer};
use serde::de::{Deserialize, IntoDeserializer};
use steadfast_breaker::{AbandonedAs, CircuitBreaker, Config, Window};

use crate::config::names;

mod durations;
mod problems;
mod round_trip;
mod words;

/// Everything wrong with a table.
#[track_caller]
fn problems(json: &str) -> Vec<String> {
    let error = serde_json::from_str::<Config>(json).unwrap_err();
    let text = error.to_string();
    let (text, _position) = text.rsplit_once(" at line ").unwrap();
    text.split("; ").map(str::to_owned).collect()
}

#[track_caller]
fn read(json: &str) -> Config {
    serde_json::from_str(json).unwrap()
}

fn full() -> Config {
    let mut config = Config::default();
    config.failure_threshold = Some(7);
    config.min_calls = Some(20);
    config.failure_rate = Some(0.5);
    config.slow_call_duration = Some(Duration::from_millis(1500));
    config.slow_call_rate = Some(1.0);
    config.half_open_failure_rate = Some(0.1);
    config.abandoned_as = AbandonedAs::Failure;
    config
}

#[test]
fn the_keys_are_the_names_of_the_fields() {
    let written = serde_json::to_value(full()).unwrap();
    let mut keys: Vec<_> = written.as_object().unwrap().keys().cloned().collect();
    let mut names = names(&full());
    keys.sort();
    names.sort();
    assert_eq!(keys, names);
}

#[test]
fn a_config_is_written_for_people() {
    let text = toml::to_string(&full()).unwrap();
    assert_eq!(
        text,
        "failure_threshold = 7\n\
         reset_timeout = \"1m\"\n\
         window = 100\n\
         min_calls = 20\n\
         failure_rate = 0.5\n\
         slow_call_duration = \"1s 500ms\"\n\
         slow_call_rate = 1.0\n\
         open_for = \"30s\"\n\
         open_for_multiplier = 1.0\n\
         max_open_for = \"5m\"\n\
         open_for_jitter = 0.0\n\
         open_for_reset_after = \"1m\"\n\
         max_probes = 1\n\
         success_threshold = 3\n\
         half_open_failure_rate = 0.1\n\
         half_open_calls = 10\n\
         half_open_max = \"30s\"\n\
         ramp_up = \"0s\"\n\
         abandoned_as = \"failure\"\n"
    );
}

#[test]
fn what_is_not_given_has_its_default() {
    assert_eq!(read("{}"), Config::default());
    assert_eq!(toml::from_str::<Config>("").unwrap(), Config::default());
    let mut config = Config::default();
    config.max_probes = 2;
    assert_eq!(read(r#"{"max_probes": 2}"#), config);
}

#[test]
fn timeout_is_another_name_of_open_for() {
    let config = read(r#"{"timeout": "10s"}"#);
    assert_eq!(config.open_for, Duration::from_secs(10));
    assert_eq!(config, read(r#"{"open_for": 10000}"#));
}

#[test]
fn a_window_is_a_number_of_calls_or_a_time() {
    let window = |json| serde_json::from_str::<Window>(json).map_err(|error| error.to_string());
    assert_eq!(window("200"), Ok(Window::Calls(200)));
    assert_eq!(
        window(r#""10s""#),
        Ok(Window::Time(Duration::from_secs(10)))
    );
    assert_eq!(
        window("0").unwrap_err(),
        "0 (must be 1 to 1000000 calls, or a duration from 1 ms to 1 h as a string like \"10s\")"
    );
    for window in [Window::Calls(3), Window::Time(Duration::from_micros(1500))] {
        let text = serde_json::to_string(&window).unwrap();
        assert_eq!(serde_json::from_str::<Window>(&text).unwrap(), window);
    }
}

#[test]
fn integers_of_any_width_are_integers() {
    fn probes<'de>(value: impl IntoDeserializer<'de, Error>) -> Result<u32, String> {
        let table = MapDeserializer::new([("max_probes", value)].into_iter());
        let config = Config::deserialize(table);
        config
            .map(|config| config.max_probes)
            .map_err(|error| error.to_string())
    }
    assert_eq!(probes(5_u8), Ok(5));
    assert_eq!(probes(5_i8), Ok(5));
    assert_eq!(probes(5_i64), Ok(5));
    assert_eq!(probes(5_u128), Ok(5));
    assert_eq!(probes(5_i128), Ok(5));
    assert_eq!(probes(u32::MAX), Ok(u32::MAX));
    for refused in [
        probes(u64::from(u32::MAX) + 1),
        probes(u128::MAX),
        probes(i128::MIN),
        probes(-1_i8),
        probes(5.0_f32),
    ] {
        let error = refused.unwrap_err();
        let rule = "(must be a whole number from 1 to 4294967295)";
        assert!(error.ends_with(rule), "{error}");
    }
    let largest = probes(u128::MAX).unwrap_err();
    assert!(largest.contains(&u128::MAX.to_string()), "{largest}");
    let least = probes(i128::MIN).unwrap_err();
    assert!(least.contains(&i128::MIN.to_string()), "{least}");
}

#[test]
fn a_rate_may_be_written_as_an_integer() {
    let config = read(r#"{"failure_rate": 1, "open_for_multiplier": 2, "open_for_jitter": 0}"#);
    assert_eq!(config.failure_rate, Some(1.0));
    assert_eq!(config.open_for_multiplier, 2.0);
    assert_eq!(config.open_for_jitter, 0.0);
}

/// As they come if some crate of the program turns on `arbitrary_precision` of serde_json.
#[test]
fn numbers_that_kept_their_digits_are_numbers() {
    let digits = |text| format!(r#"{{"$serde_json::private::Number": "{text}"}}"#);
    let (probes, rate, time) = (digits("2"), digits("5e-1"), digits("250"));
    let table = format!(r#"{{"max_probes": {probes}, "failure_rate": {rate}, "timeout": {time}}}"#);
    let config = read(&table);
    assert_eq!(config.max_probes, 2);
    assert_eq!(config.failure_rate, Some(0.5));
    assert_eq!(config.open_for, Duration::from_millis(250));
    assert_eq!(
        problems(&format!(r#"{{"max_probes": {}}}"#, digits("-2"))),
        ["max_probes = -2 (must be a whole number from 1 to 4294967295)"]
    );
}

#[test]
fn the_readme_shows_a_file_that_works() {
    let readme = include_str!("../../README.md");
    let (_, block) = readme.split_once("```toml\n").unwrap();
    let (file, _) = block.split_once("```").unwrap();
    let configs: HashMap<String, Config> = toml::from_str(file).unwrap();
    let payments = &configs["payments"];
    assert_eq!(payments.window, Window::Time(Duration::from_secs(30)));
    assert_eq!(payments.open_for, Duration::from_secs(10));
    assert_eq!(payments.max_open_for, Duration::from_secs(300));
    assert_eq!(configs["search"].open_for, Duration::from_millis(1500));
    for (name, config) in configs {
        CircuitBreaker::builder(name)
            .config(config)
            .build()
            .unwrap();
    }
}
