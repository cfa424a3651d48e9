//! Settings in files: what is read back is what was written, and what is not given has its default.

use std::collections::HashMap;
use std::time::Duration;

use serde::de::value::{Error, MapDeserializer};
use serde::de::{Deserialize, DeserializeOwned, IntoDeserializer};
use steadfast_retry::{BudgetConfig, Config, Growth, Jitter, Retry};

use crate::config::names;
use crate::ms;

mod budget;
mod durations;
mod hedge;
mod hints;
mod problems;
mod round_trip;
mod snapshots;
mod words;

/// Everything wrong with a table.
#[track_caller]
fn problems_of<C: DeserializeOwned + std::fmt::Debug>(json: &str) -> Vec<String> {
    let error = serde_json::from_str::<C>(json).unwrap_err();
    let text = error.to_string();
    let (text, _position) = text.rsplit_once(" at line ").unwrap();
    text.split("; ").map(str::to_owned).collect()
}

#[track_caller]
fn problems(json: &str) -> Vec<String> {
    problems_of::<Config>(json)
}

#[track_caller]
fn read(json: &str) -> Config {
    serde_json::from_str(json).unwrap()
}

/// A config with every field set.
fn full() -> Config {
    let mut config = Config::default();
    config.backoff_multiplier = Some(1.5);
    config.jitter = Some(Jitter::Proportional(0.25));
    config.max_elapsed = Some(Duration::from_secs(90));
    config.attempt_timeout = Some(ms(2500));
    config.budget = Some(BudgetConfig::default());
    config
}

#[test]
fn the_keys_are_the_names_of_the_fields() {
    let keys = |value: serde_json::Value| {
        let mut keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let written = serde_json::to_value(full()).unwrap();
    assert_eq!(
        keys(written["budget"].clone()),
        sorted(names(&BudgetConfig::default()))
    );
    assert_eq!(keys(written), sorted(names(&full())));
}

#[test]
fn a_config_is_written_for_people() {
    let text = toml::to_string(&full()).unwrap();
    assert_eq!(
        text,
        "max_attempts = 5\n\
         growth = \"exponential\"\n\
         base_backoff = \"100ms\"\n\
         max_backoff = \"30s\"\n\
         backoff_multiplier = 1.5\n\
         jitter = 0.25\n\
         max_elapsed = \"1m 30s\"\n\
         attempt_timeout = \"2s 500ms\"\n\
         max_retry_after = \"30s\"\n\
         history = 8\n\
         \n\
         [budget]\n\
         share = 0.2\n\
         min_per_second = 1.0\n\
         window = \"10s\"\n"
    );
}

#[test]
fn what_a_config_lacks_is_not_written() {
    let text = toml::to_string(&Config::default()).unwrap();
    let keys: Vec<_> = text
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(
        keys,
        [
            "max_attempts",
            "growth",
            "base_backoff",
            "max_backoff",
            "max_retry_after",
            "history"
        ]
    );
}

#[test]
fn what_is_not_given_has_its_default() {
    assert_eq!(read("{}"), Config::default());
    assert_eq!(toml::from_str::<Config>("").unwrap(), Config::default());
    let mut config = Config::default();
    config.max_attempts = 2;
    assert_eq!(read(r#"{"max_attempts": 2}"#), config);
}

#[test]
fn every_field_is_read_into_itself() {
    let mut expected = Config::default();
    expected.max_attempts = 7;
    expected.growth = Growth::Decorrelated;
    expected.base_backoff = ms(20);
    expected.max_backoff = Duration::from_secs(60);
    expected.backoff_multiplier = Some(4.0);
    expected.max_elapsed = Some(Duration::from_secs(3600));
    expected.attempt_timeout = Some(ms(750));
    expected.max_retry_after = Duration::ZERO;
    expected.history = 1000;
    let mut budget = BudgetConfig::default();
    budget.share = 1.0;
    budget.min_per_second = 0.5;
    budget.window = Duration::from_secs(60);
    expected.budget = Some(budget);
    let config = toml::from_str::<Config>(
        "history = 1000
         max_attempts = 7
         growth = 'decorrelated'
         base_backoff = 20
         max_backoff = '1min'
         backoff_multiplier = 4
         max_elapsed = '1h'
         attempt_timeout = '750ms'
         max_retry_after = '0'
         [budget]
         window = 60000
         min_per_second = 0.5
         share = 1",
    );
    assert_eq!(config.unwrap(), expected);
    assert_eq!(read(r#"{"jitter": "equal"}"#).jitter, Some(Jitter::Equal));
}

#[test]
fn integers_of_any_width_are_integers() {
    fn attempts<'de>(value: impl IntoDeserializer<'de, Error>) -> Result<u32, String> {
        let table = MapDeserializer::new([("max_attempts", value)].into_iter());
        let config = Config::deserialize(table);
        config
            .map(|config| config.max_attempts)
            .map_err(|error| error.to_string())
    }
    assert_eq!(attempts(5_u8), Ok(5));
    assert_eq!(attempts(5_i8), Ok(5));
    assert_eq!(attempts(5_i64), Ok(5));
    assert_eq!(attempts(5_u128), Ok(5));
    assert_eq!(attempts(5_i128), Ok(5));
    assert_eq!(attempts(u32::MAX), Ok(u32::MAX));
    for refused in [
        attempts(u64::from(u32::MAX) + 1),
        attempts(u128::MAX),
        attempts(i128::MIN),
        attempts(-1_i8),
        attempts(5.0_f32),
    ] {
        let error = refused.unwrap_err();
        let rule = "(must be a whole number from 1 to 4294967295)";
        assert!(error.ends_with(rule), "{error}");
    }
    let largest = attempts(u128::MAX).unwrap_err();
    assert!(largest.contains(&u128::MAX.to_string()), "{largest}");
    let least = attempts(i128::MIN).unwrap_err();
    assert!(least.contains(&i128::MIN.to_string()), "{least}");
}

#[test]
fn a_number_may_be_written_as_an_integer() {
    let config = read(r#"{"backoff_multiplier": 3, "jitter": 1, "budget": {"share": 0}}"#);
    assert_eq!(config.backoff_multiplier, Some(3.0));
    assert_eq!(config.jitter, Some(Jitter::Proportional(1.0)));
    assert_eq!(config.budget.unwrap().share, 0.0);
}

/// As they come if some crate of the program turns on `arbitrary_precision` of serde_json.
#[test]
fn numbers_that_kept_their_digits_are_numbers() {
    let digits = |text| format!(r#"{{"$serde_json::private::Number": "{text}"}}"#);
    let (attempts, share, time) = (digits("2"), digits("5e-1"), digits("250"));
    let config = read(&format!(
        r#"{{"max_attempts": {attempts}, "jitter": {share}, "max_elapsed": {time},
            "budget": {{"share": {share}}}}}"#
    ));
    assert_eq!(config.max_attempts, 2);
    assert_eq!(config.jitter, Some(Jitter::Proportional(0.5)));
    assert_eq!(config.max_elapsed, Some(ms(250)));
    assert_eq!(config.budget.unwrap().share, 0.5);
    assert_eq!(
        problems(&format!(r#"{{"max_attempts": {}}}"#, digits("-2"))),
        ["max_attempts = -2 (must be a whole number from 1 to 4294967295)"]
    );
}

#[test]
fn the_readme_shows_a_file_that_works() {
    let readme = include_str!("../../README.md");
    let (_, block) = readme.split_once("```toml\n").unwrap();
    let (file, _) = block.split_once("```").unwrap();
    let configs: HashMap<String, Config> = toml::from_str(file).unwrap();
    let payments = &configs["payments"];
    assert_eq!(payments.max_backoff, Duration::from_secs(10));
    assert_eq!(payments.max_elapsed, Some(Duration::from_secs(90)));
    assert_eq!(payments.jitter, Some(Jitter::Proportional(0.25)));
    assert_eq!(payments.budget.unwrap().min_per_second, 2.0);
    assert_eq!(configs["search"].budget, Some(BudgetConfig::default()));
    for (name, config) in configs {
        Retry::builder(name).config(config).build().unwrap();
    }
}

#[test]
fn the_readme_shows_an_error_as_it_is() {
    let readme = include_str!("../../README.md").replace('\n', " ");
    let told = problems(r#"{"jiter": true, "budget": {"share": 20}}"#).join("; ");
    assert!(readme.contains(&told), "{told}");
}
