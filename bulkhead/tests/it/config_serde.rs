//! Settings in files: what is read back is what was written, and what is not given has its default.

use std::collections::HashMap;
use std::time::Duration;

use serde::de::value::{Error, MapDeserializer};
use serde::de::{Deserialize, IntoDeserializer};
use steadfast_bulkhead::{Bulkhead, Config};

mod buffered;
mod durations;
mod presets;
mod problems;
mod round_trip;
mod snapshots;
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

/// The names of the fields, as `Debug` writes them.
fn names() -> Vec<String> {
    let text = format!("{:#?}", Config::default());
    let lines = text.lines().filter_map(|line| line.strip_prefix("    "));
    let names: Vec<_> = lines
        .filter_map(|line| Some(line.split_once(": ")?.0.to_owned()))
        .collect();
    assert!(names.len() >= 7, "no longer readable: {text}");
    names
}

#[test]
fn the_keys_are_the_names_of_the_fields() {
    let text = toml::to_string(&Config::default()).unwrap();
    let keys: Vec<_> = text
        .lines()
        .map(|line| line.split_once(" = ").unwrap().0)
        .collect();
    assert_eq!(keys, names());
}

#[test]
fn a_config_is_written_for_people() {
    let mut config = Config::llm_requests();
    config.checkout_timeout = Duration::from_millis(90_500);
    config.hold_times = true;
    let text = toml::to_string(&config).unwrap();
    assert_eq!(
        text,
        "max_concurrent = 10\n\
         max_waiting = 50\n\
         checkout_timeout = \"1m 30s 500ms\"\n\
         hold_times = true\n\
         high_share = 16\n\
         normal_share = 4\n\
         low_share = 1\n"
    );
}

#[test]
fn what_is_not_given_has_its_default() {
    assert_eq!(read("{}"), Config::default());
    assert_eq!(toml::from_str::<Config>("").unwrap(), Config::default());
    let mut config = Config::default();
    config.max_waiting = 0;
    assert_eq!(read(r#"{"max_waiting": 0}"#), config);
}

#[test]
fn every_field_is_read_into_itself() {
    let mut expected = Config::default();
    expected.max_concurrent = 268_435_455;
    expected.max_waiting = 7;
    expected.checkout_timeout = Duration::ZERO;
    expected.hold_times = true;
    expected.high_share = 100;
    expected.normal_share = 50;
    expected.low_share = 2;
    let config = toml::from_str::<Config>(
        "low_share = 2
         normal_share = 50
         high_share = 100
         hold_times = true
         checkout_timeout = 0
         max_waiting = 0x7
         max_concurrent = 268_435_455",
    );
    assert_eq!(config.unwrap(), expected);
}

#[test]
fn integers_of_any_width_are_integers() {
    fn waiting<'de>(value: impl IntoDeserializer<'de, Error>) -> Result<usize, String> {
        let table = MapDeserializer::new([("max_waiting", value)].into_iter());
        let config = Config::deserialize(table);
        config
            .map(|config| config.max_waiting)
            .map_err(|error| error.to_string())
    }
    assert_eq!(waiting(5_u8), Ok(5));
    assert_eq!(waiting(5_i8), Ok(5));
    assert_eq!(waiting(5_i64), Ok(5));
    assert_eq!(waiting(5_u128), Ok(5));
    assert_eq!(waiting(5_i128), Ok(5));
    assert_eq!(waiting(usize::MAX as u128), Ok(usize::MAX));
    let refused = |value, rule| Err(format!("max_waiting = {value} ({rule})"));
    assert_eq!(
        waiting(u128::MAX),
        refused(u128::MAX.to_string(), "must not be as large as that")
    );
    assert_eq!(
        waiting(i128::MIN),
        refused(i128::MIN.to_string(), "must be a whole number")
    );
    assert_eq!(
        waiting(-1_i8),
        refused("-1".to_owned(), "must be a whole number")
    );
    assert_eq!(
        waiting(5.0_f32),
        refused("5.0".to_owned(), "must be a whole number")
    );
}

/// As they come if some crate of the program turns on `arbitrary_precision` of serde_json.
#[test]
fn numbers_that_kept_their_digits_are_numbers() {
    let digits = |text| format!(r#"{{"$serde_json::private::Number": "{text}"}}"#);
    let (places, share, time) = (digits("2"), digits("3"), digits("250"));
    let config = read(&format!(
        r#"{{"max_concurrent": {places}, "low_share": {share}, "checkout_timeout": {time}}}"#
    ));
    assert_eq!((config.max_concurrent, config.low_share), (2, 3));
    assert_eq!(config.checkout_timeout, Duration::from_millis(250));
    for text in ["-2", "2.50", "2e0"] {
        assert_eq!(
            problems(&format!(r#"{{"max_concurrent": {}}}"#, digits(text))),
            [format!("max_concurrent = {text} (must be a whole number)")]
        );
    }
}

#[test]
fn the_readme_shows_a_file_that_works() {
    let readme = include_str!("../../README.md");
    let (_, block) = readme.split_once("```toml\n").unwrap();
    let (file, _) = block.split_once("```").unwrap();
    let configs: HashMap<String, Config> = toml::from_str(file).unwrap();
    let payments = &configs["payments"];
    assert_eq!((payments.max_concurrent, payments.max_waiting), (8, 32));
    assert_eq!(payments.checkout_timeout, Duration::from_millis(1500));
    assert_eq!((payments.hold_times, payments.low_share), (true, 2));
    let mut answers = Config::llm_requests();
    answers.checkout_timeout = Duration::from_secs(60);
    assert_eq!(configs["answers"], answers);
    for (name, config) in configs {
        Bulkhead::builder(name).config(config).build().unwrap();
    }
}

#[test]
fn the_readme_shows_an_error_as_it_is() {
    let told = problems(r#"{"max_concurent": 8, "low_share": 0}"#).join("; ");
    assert!(include_str!("../../README.md").contains(&told), "{told}");
}
