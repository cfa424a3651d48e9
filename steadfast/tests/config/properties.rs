//! What holds for any file.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

use proptest::prelude::*;
use proptest::sample::select;
use steadfast::config::{Config, Loader, describe};
use tempfile::TempDir;

use crate::look::look;

/// Keys with values of which none breaks a rule with any other.
const GOOD: &[(&str, &[&str])] = &[
    ("circuit_breakers_enabled", &["true", "false"]),
    ("bulkheads_enabled", &["true", "false"]),
    ("retry_enabled", &["true", "false"]),
    ("service.name", &["'orders'", "'ü \"x\"; y = 1 (z)'"]),
    ("service.version", &["'1'"]),
    ("circuit_breaker.failure_threshold", &["1", "4294967295"]),
    ("circuit_breaker.open_for", &["1", "'30s'", "'1m 30s 5ms'"]),
    ("circuit_breaker.window", &["100", "'1h'"]),
    ("circuit_breaker.failure_rate", &["1", "0.1"]),
    ("circuit_breaker.abandoned_as", &["'failure'"]),
    ("circuit_breakers.a.success_threshold", &["2"]),
    ("circuit_breakers.\"b.c\".failure_rate", &["0.3"]),
    ("circuit_breakers.\"ü x\".ramp_up", &["0", "'1ns'"]),
    ("retry.max_attempts", &["1", "7"]),
    ("retry.base_backoff", &["0", "'1us'"]),
    ("retry.jitter", &["true", "false", "0.5", "'equal'"]),
    ("retry.budget", &["true", "false", "{ share = 0.1 }"]),
    ("retries.a.max_elapsed", &["1", "'1year'"]),
    ("retries.a.budget", &["true", "false", "{ window = '2s' }"]),
    ("retries.b.backoff_multiplier", &["1", "1.5"]),
    ("bulkheads.llm_requests.max_waiting", &["0", "5"]),
    ("bulkheads.amqp_channels.preset", &["'llm_requests'"]),
    ("bulkheads.search.checkout_timeout", &["0", "'1s'"]),
    ("bulkheads.search.hold_times", &["true"]),
    ("http_clients.defaults.user_agent", &["'shop/1'"]),
    (
        "http_clients.defaults.default_headers",
        &["{ x-a = '1', x-b = ['1', '2'] }"],
    ),
    (
        "http_clients.hermes.base_url",
        &["'http://hermes/v1/'", "'http://user:pw@hermes/'"],
    ),
    ("http_clients.hermes.max_attempts", &["1"]),
    ("http_clients.hermes.default_headers", &["{ x-a = '2' }"]),
    ("http_clients.hermes.breaker", &["{ window = '5s' }", "{}"]),
    (
        "http_clients.other.hedge",
        &["{ delay = 5 }", "{ on_failure_only = true }"],
    ),
    ("http_clients.other.propagation", &["[]", "['*.internal']"]),
    ("amqp.name", &["'orders'"]),
    ("amqp.uri", &["'amqp://user:pw@rabbit/shop'"]),
    ("amqp.heartbeat", &["'5s'", "5000"]),
    ("health.interval", &["'1s'"]),
    ("health.jitter", &["0", "1", "0.5"]),
    ("health.checks.db.importance", &["'optional'"]),
    ("health.checks.db.depends_on", &["[]", "['x']"]),
    ("telemetry.otlp", &["true"]),
    ("telemetry.history", &["0", "10"]),
    ("telemetry.report_interval", &["1", "'1h'"]),
    ("dashboard.enabled", &["true"]),
    ("dashboard.listen", &["'0.0.0.0:0'", "'[::1]:65535'"]),
    ("dashboard.controls_token", &["'x'"]),
    ("llm_requests.total_timeout", &["120001", "'1h'"]),
    ("llm_requests.attempt_timeout", &["1", "'2m'"]),
    ("shutdown.grace", &["1", "'1h'"]),
];

/// Some of them, in any order.
fn good() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let entry = |(key, values): &(&'static str, &'static [&'static str])| {
        let key = *key;
        prop::option::of(select(*values)).prop_map(move |value| Some((key, value?)))
    };
    let entries: Vec<_> = GOOD.iter().map(entry).collect();
    entries
        .prop_map(|entries| entries.into_iter().flatten().collect::<Vec<_>>())
        .prop_shuffle()
}

fn file(entries: &[(&str, &str)]) -> String {
    entries
        .iter()
        .fold(String::new(), |mut text, (key, value)| {
            writeln!(text, "{key} = {value}").unwrap();
            text
        })
}

/// What files are made of.
const WORDS: &[&str] = &[
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    " = ",
    ".",
    ",",
    "\n",
    "'",
    "\"",
    "\\",
    "#",
    "true",
    "1",
    "-0",
    "1e9",
    "nan",
    "0x10",
    "1979-05-27",
    "'1s'",
    "'amqp://u:p@h/'",
    "[]",
    "{}",
    "retry",
    "retries",
    "bulkheads",
    "llm_requests",
    "LLM_requests",
    "circuit_breaker",
    "circuit_breakers",
    "timeout",
    "open_for",
    "http_clients",
    "defaults",
    "hedge",
    "default_headers",
    "amqp",
    "uri",
    "health",
    "checks",
    "telemetry",
    "dashboard",
    "listen",
    "shutdown",
    "grace",
    "budget",
    "preset",
    "max_attempts",
    "ü",
    "\"; x = 1 (y)\"",
];

/// Text that is much like a file.
fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(select(WORDS), 0..40).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_a_configuration_or_a_list_of_problems(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("steadfast.toml");
        fs::write(&path, bytes).unwrap();
        look(&Loader::new().file(path));
    }

    #[test]
    fn any_text_is_a_configuration_or_a_list_of_problems(text in any::<String>()) {
        look(&Loader::new().text("a.toml", text));
    }

    #[test]
    fn any_text_much_like_a_file_is_a_configuration_or_a_list_of_problems(text in soup(), other in soup()) {
        look(&Loader::new().text("a.toml", text).text("b.toml", other));
    }

    #[test]
    fn any_variables_are_a_configuration_or_a_list_of_problems(
        variables in prop::collection::vec(("[A-Z_]{0,30}", any::<String>()), 0..4),
        known in prop::collection::vec((select(GOOD), any::<String>()), 0..4),
    ) {
        let name = |path: &str| format!("STEADFAST_{}", path.replace('.', "__").to_uppercase());
        let variables = variables.into_iter().map(|(key, value)| (name(&key), value));
        let known = known.into_iter().map(|((path, _), value)| (name(path), value));
        look(&Loader::new().variables(variables.chain(known)));
    }

    #[test]
    fn a_good_file_is_read_back_as_it_was_written(entries in good()) {
        let loader = Loader::new().text("a.toml", file(&entries));
        let config = loader.load().unwrap().into_config();
        let written = toml::to_string(&config).unwrap();
        let again = Loader::new().text("b.toml", &written).load();
        prop_assert_eq!(&again.unwrap().into_config(), &config, "{}", written);
        let alone: Config = toml::from_str(&written).unwrap();
        prop_assert_eq!(alone, config);
    }

    #[test]
    fn each_key_is_described_once_and_with_its_place(entries in good()) {
        let loaded = Loader::new().text("a.toml", file(&entries)).load().unwrap();
        let told = describe(&loaded).to_string();
        let mut seen = BTreeSet::new();
        for line in told.lines().filter(|line| !line.starts_with('#')) {
            let (path, _) = line.split_once(" = ").unwrap();
            prop_assert!(seen.insert(path), "{} twice", path);
        }
        for (i, (path, value)) in entries.iter().enumerate() {
            // A table is described by its keys, and the defaults of HTTP clients by what inherits them.
            if value.starts_with('{') || path.starts_with("http_clients.defaults") {
                continue;
            }
            // A switch that is on is described by the keys of its table.
            let is_it = |line: &&str| {
                let rest = line.strip_prefix(path);
                rest.is_some_and(|rest| rest.starts_with(" = ") || rest.starts_with('.'))
            };
            let line = told.lines().find(is_it).unwrap_or_else(|| panic!("{path} in {told}"));
            let place = format!(" # a.toml:{}:", i + 1);
            prop_assert!(line.contains(&place), "{}", line);
        }
    }
}
