//! A config within the user's own tables, where serde keeps the values until it knows whose they are.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use steadfast_bulkhead::Config;

#[derive(Debug, PartialEq, Deserialize, Serialize)]
struct Dependency {
    url: String,
    #[serde(flatten)]
    bulkhead: Config,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Limit {
    Places(usize),
    Settings(Config),
}

fn settings() -> Config {
    let mut config = Config::llm_requests();
    config.max_waiting = 7;
    config.checkout_timeout = Duration::from_millis(1500);
    config.hold_times = true;
    config
}

#[test]
fn it_shares_a_table_with_other_keys() {
    let file = "max_waiting = 7
                url = 'https://llm.example'
                checkout_timeout = 1500
                hold_times = true
                preset = 'llm_requests'";
    let read: Dependency = toml::from_str(file).unwrap();
    let expected = Dependency {
        url: "https://llm.example".to_owned(),
        bulkhead: settings(),
    };
    assert_eq!(read, expected);
    let toml = toml::to_string(&expected).unwrap();
    assert_eq!(toml::from_str::<Dependency>(&toml).unwrap(), expected);
    let json = serde_json::to_string(&expected).unwrap();
    assert_eq!(serde_json::from_str::<Dependency>(&json).unwrap(), expected);
}

#[test]
fn in_a_shared_table_everything_is_told_too() {
    let file = "url = ''\nhold_times = 1979-05-27\nmax_waitin = -1\nlow_share = 0";
    let error = toml::from_str::<Dependency>(file).unwrap_err();
    assert_eq!(
        error.message(),
        "hold_times = a date or time (must be true or false); \
         max_waitin = -1 (unknown key, did you mean max_waiting?); \
         low_share = 0 (must be from 1 to 100)"
    );
}

#[test]
fn it_is_one_of_several_things_that_a_value_may_be() {
    let table = r#"{
        "preset": "llm_requests",
        "max_waiting": {"$serde_json::private::Number": "7"},
        "checkout_timeout": "1s 500ms",
        "hold_times": true
    }"#;
    let read: Limit = serde_json::from_str(table).unwrap();
    assert_eq!(read, Limit::Settings(settings()));
    let read: Limit = serde_json::from_str("3").unwrap();
    assert_eq!(read, Limit::Places(3));
}
