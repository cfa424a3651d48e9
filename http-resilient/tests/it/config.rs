//! Clients from files: every key is the method of its name, and everything wrong is told at once.

use std::collections::BTreeMap;
use std::time::Duration;

use steadfast_http::{Client, Clients, ClientsConfig, HttpClientConfig};
use steadfast_testkit::HttpUpstream;

mod clients;
mod problems;

/// Every field, each with a value that is no default.
const ALL: &str = r#"
base_url = "http://api.example/v1/"
user_agent = "shop/1.0"
https_only = false
connect_timeout = "1s 1ms"
pool_idle_timeout = "2s"
pool_max_idle_per_host = 3
attempt_timeout = "4s"
total_timeout = "5s"
read_timeout = "6s"
max_response_bytes = 7
max_attempts = 8
base_backoff = "9ms"
max_backoff = "10s"
max_retry_after = "11s"
max_throttle = "12s"
budget_share = 0.13
budget_min_per_second = 14.5
coalesce = true
max_concurrent = 15
max_waiting = 16
checkout_timeout = "17s"
failure_threshold = 18
reset_timeout = "19s"
open_for = "20s"
max_probes = 21
success_threshold = 22
half_open_max = "23s"
abandoned_as = "failure"
max_authorities = 24
propagation = ["*.internal", "stock.example:8443"]
"#;

const TABLES: &str = r#"
[default_headers]
accept = ["text/html", "text/plain"]
x-tenant = "acme"

[hedge]
max_hedges = 2

[breaker]
min_calls = 25
"#;

const RATE: &str = "
[rate_limit]
per_second = 26.5
burst = 27
";

fn all() -> String {
    let rate = if cfg!(feature = "rate-limit") {
        RATE
    } else {
        ""
    };
    format!("{ALL}{TABLES}{rate}")
}

fn read(text: &str) -> HttpClientConfig {
    toml::from_str(text).unwrap()
}

#[test]
fn what_is_read_back_is_what_was_written() {
    let config = read(&all());
    assert_eq!(read(&toml::to_string(&config).unwrap()), config);
    let json = serde_json::to_string(&config).unwrap();
    let again: HttpClientConfig = serde_json::from_str(&json).unwrap();
    assert_eq!(again, config);
}

#[test]
fn every_key_is_read_into_the_field_of_its_name_and_no_other() {
    let all = read(&all());
    let json = serde_json::to_value(&all).unwrap();
    let keys = json.as_object().unwrap();
    for (key, value) in keys {
        let alone = serde_json::json!({ key: value });
        let alone: HttpClientConfig = serde_json::from_value(alone).unwrap();
        assert_ne!(alone, HttpClientConfig::default(), "{key}");
        let debug = format!("{alone:#?}");
        let fields: Vec<_> = debug
            .lines()
            .filter_map(|line| line.strip_prefix("    ")?.split_once(": "))
            .filter(|(name, _)| !name.starts_with(' '))
            .collect();
        assert_eq!(fields.len(), 1, "{debug}");
        assert_eq!(fields[0].0, key);
        // Written, it is the same again: it cannot have gone into another field of the same type.
        let written = serde_json::to_value(&alone).unwrap();
        assert_eq!(written[key], *value, "{key}");
    }
    let expected = 33 + usize::from(cfg!(feature = "rate-limit"));
    assert_eq!(keys.len(), expected, "{keys:?}");
}

#[test]
fn a_client_of_a_config_is_that_of_the_methods_of_the_same_names() {
    let config = read(ALL);
    let built = format!("{:?}", config.builder("same"));
    let secs = Duration::from_secs;
    let millis = Duration::from_millis;
    let by_hand = Client::named("same")
        .base_url("http://api.example/v1/")
        .attempt_timeout(secs(4))
        .total_timeout(secs(5))
        .connect_timeout(millis(1001))
        .read_timeout(secs(6))
        .max_response_bytes(7)
        .max_attempts(8)
        .base_backoff(millis(9))
        .max_backoff(secs(10))
        .max_retry_after(secs(11))
        .max_throttle(secs(12))
        .budget_share(0.13)
        .budget_min_per_second(14.5)
        .coalesce(true)
        .max_concurrent(15)
        .max_waiting(16)
        .checkout_timeout(secs(17))
        .failure_threshold(18)
        .reset_timeout(secs(19))
        .open_for(secs(20))
        .max_probes(21)
        .success_threshold(22)
        .half_open_max(secs(23))
        .abandoned_as(steadfast_breaker::AbandonedAs::Failure)
        .max_authorities(24)
        .propagation(steadfast_http::Propagation::to(
            steadfast_http::Origins::hosts(["*.internal", "stock.example:8443"]),
        ));
    assert_eq!(built, format!("{by_hand:?}"));
}

#[test]
fn what_a_config_does_not_give_stays() {
    let config = read("max_probes = 2\n[breaker]\nmin_calls = 3");
    let builder = Client::named("stays").max_attempts(9).config(config);
    let debug = format!("{builder:?}");
    for kept in ["max_attempts: 9", "max_probes: 2", "min_calls: Some(3)"] {
        assert!(debug.contains(kept), "{kept} in {debug}");
    }
}

#[tokio::test]
async fn base_url_user_agent_and_default_headers_are_sent() {
    let upstream = HttpUpstream::start().await;
    let text = format!(
        "base_url = '{}'\nuser_agent = 'shop/1.0'\ndefault_headers = {{ x-tenant = 'acme' }}",
        upstream.url("/v1/")
    );
    let client = read(&text).builder("hermes").build().unwrap();
    client.get("users/7").send().await.unwrap();
    let request = &upstream.requests()[0];
    assert_eq!(request.path, "/v1/users/7");
    assert_eq!(request.header("user-agent"), Some("shop/1.0"));
    assert_eq!(request.header("x-tenant"), Some("acme"));
}

#[test]
fn secrets_are_written_to_files_and_nowhere_else() {
    let config = read(
        "base_url = 'http://me:hunter2@api.example/'\n\
         default_headers = { authorization = 'Bearer hunter2' }",
    );
    assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    assert!(toml::to_string(&config).unwrap().contains("hunter2"));
}

#[test]
fn what_is_told_of_a_wrong_table_has_no_secrets() {
    let text = "client = { base_url = 'hunter2', pasword = 'hunter2', max_attempts = 0, \
                default_headers = { authorization = \"hunter2\\u007f\" } }";
    let error = toml::from_str::<BTreeMap<String, HttpClientConfig>>(text).unwrap_err();
    assert!(
        error
            .message()
            .contains("max_attempts = 0 (must be at least 1)")
    );
    assert!(!error.message().contains("hunter2"), "{}", error.message());
    let error = clients(text).unwrap_err().join("; ");
    assert!(
        error.contains("client.default_headers.authorization = .."),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
}

/// All clients of a file, or all that is wrong with them, sorted: some TOML readers keep no order.
fn clients(toml: &str) -> Result<Clients, Vec<String>> {
    let config: ClientsConfig = toml::from_str(toml).unwrap();
    told(config)
}

fn told(config: ClientsConfig) -> Result<Clients, Vec<String>> {
    Clients::from_config(config).map_err(|error| {
        let lines = error.problems().iter();
        let mut lines: Vec<_> = lines.map(ToString::to_string).collect();
        let text = format!("http clients are misconfigured: {}", lines.join("; "));
        assert_eq!(error.to_string(), text);
        lines.sort();
        lines
    })
}

#[test]
fn a_map_of_configs_is_clients_too() {
    let map = BTreeMap::from([("a", read("max_attempts = 2")), ("b", read(""))]);
    let clients = Clients::from_config(map.into_iter().collect()).unwrap();
    assert_eq!(clients.names().collect::<Vec<_>>(), ["a", "b"]);
}
