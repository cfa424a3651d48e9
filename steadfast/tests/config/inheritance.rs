//! What named components take over, against a model.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use steadfast::config::{Loader, Origin};
use steadfast::retry;

use crate::support::{config, load};

/// The keys of the model, and what values there are: none breaks a rule with any other.
const KEYS: [(&str, [u32; 2]); 5] = [
    ("max_attempts", [2, 3]),
    ("base_backoff", [1, 7]),
    ("max_backoff", [5000, 6000]),
    ("max_elapsed", [100, 200]),
    ("history", [4, 5]),
];
const SECTIONS: [&str; 3] = ["retry", "retries.a", "retries.b"];

/// What one source says: by section and key.
type Said = [[Option<u32>; KEYS.len()]; SECTIONS.len()];

fn said() -> impl Strategy<Value = Said> {
    let choice = prop::option::of(0..2_usize);
    prop::array::uniform3(prop::array::uniform5(choice)).prop_map(|mut choices| {
        choices.each_mut().map(|section| {
            let mut keys = KEYS.iter();
            section.map(|choice| {
                let (_, values) = keys.next().unwrap();
                choice.map(|choice| values[choice])
            })
        })
    })
}

fn file(said: &Said) -> String {
    let mut text = String::new();
    for (section, values) in SECTIONS.iter().zip(said) {
        for ((key, _), value) in KEYS.iter().zip(values) {
            if let Some(value) = value {
                text += &format!("{section}.{key} = {value}\n");
            }
        }
    }
    // So that both are there whatever they say.
    text + "retries.a.attempt_timeout = 1\nretries.b.attempt_timeout = 1\n"
}

fn variables(said: &Said) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    for (section, values) in SECTIONS.iter().zip(said) {
        for ((key, _), value) in KEYS.iter().zip(values) {
            if let Some(value) = value {
                let path = format!("{section}.{key}").replace('.', "__").to_uppercase();
                variables.push((format!("STEADFAST_{path}"), value.to_string()));
            }
        }
    }
    variables
}

/// The value of the model: of the strongest source that has it for the section itself, else of the
/// defaults.
fn expected(sources: &[Said], section: usize, key: usize) -> (Option<u32>, bool) {
    let of = |section: usize| sources.iter().rev().find_map(|said| said[section][key]);
    match of(section) {
        Some(own) => (Some(own), false),
        None => (of(0), of(0).is_some()),
    }
}

fn values(retry: &retry::Config) -> [u32; KEYS.len()] {
    let millis = |time: Duration| u32::try_from(time.as_millis()).unwrap();
    [
        retry.max_attempts,
        millis(retry.base_backoff),
        millis(retry.max_backoff),
        retry.max_elapsed.map_or(0, millis),
        u32::try_from(retry.history).unwrap(),
    ]
}

proptest! {
    #[test]
    fn a_retry_has_what_the_strongest_source_says_of_it_or_else_of_the_defaults(
        sources in prop::array::uniform3(said())
    ) {
        let loaded = Loader::new()
            .text("a.toml", file(&sources[0]))
            .text("b.toml", file(&sources[1]))
            .variables(variables(&sources[2]))
            .load()
            .unwrap();
        let config = loaded.config();
        let built_in = values(&retry::Config::default());
        let all = [&config.retry, &config.retries["a"], &config.retries["b"]];
        for (section, retry) in all.into_iter().enumerate() {
            for (key, value) in values(retry).into_iter().enumerate() {
                let (expected, inherited) = expected(&sources, section, key);
                prop_assert_eq!(value, expected.unwrap_or(built_in[key]));
                let origin = loaded.origin(&format!("{}.{}", SECTIONS[section], KEYS[key].0));
                let is_inherited = matches!(origin, Origin::Inherited { section: "retry", .. });
                prop_assert_eq!(is_inherited, inherited && section > 0, "{}", origin);
                prop_assert_eq!(origin == Origin::Default, expected.is_none());
            }
        }
    }
}

#[test]
fn a_breaker_inherits_by_whichever_name_a_key_was_given() {
    let config = config(
        "[circuit_breaker]
         timeout = '7s'
         failure_rate = 0.5
         [circuit_breakers.a]
         open_for = '8s'
         [circuit_breakers.b]
         [circuit_breakers.c]
         timeout = '9s'
         failure_rate = 0.25",
    );
    let of: BTreeMap<_, _> = config
        .circuit_breakers
        .iter()
        .map(|(name, breaker)| {
            (
                name.as_str(),
                (breaker.open_for.as_secs(), breaker.failure_rate),
            )
        })
        .collect();
    let expected = [
        ("a", (8, Some(0.5))),
        ("b", (7, Some(0.5))),
        ("c", (9, Some(0.25))),
    ];
    assert_eq!(of, BTreeMap::from(expected));
}

#[test]
fn a_budget_is_inherited_key_by_key_unless_there_is_to_be_none() {
    let config = config(
        "[retry]
         budget = { share = 0.5, min_per_second = 7 }
         [retries.a]
         budget = { share = 0.25 }
         [retries.b]
         budget = false
         [retries.c]
         budget = true",
    );
    let budget = |name: &str| {
        config.retries[name]
            .budget
            .map(|budget| (budget.share, budget.min_per_second))
    };
    assert_eq!(budget("a"), Some((0.25, 7.0)));
    assert_eq!(budget("b"), None);
    assert_eq!(budget("c"), Some((0.2, 1.0)));
}

#[test]
fn an_http_client_inherits_as_those_of_steadfast_http_do() {
    let config = config(
        "[http_clients.defaults]
         total_timeout = '9s'
         max_attempts = 4
         open_for = '7s'
         default_headers = { X-Tenant = 'acme', accept = 'text/html' }
         hedge = { delay = '50ms', max_hedges = 2 }
         breaker = { failure_rate = 0.5 }
         [http_clients.a]
         max_attempts = 2
         default_headers = { x-tenant = 'other' }
         hedge = { delay = '70ms' }
         [http_clients.b]
         breaker = { success_threshold = 1 }",
    );
    let names: Vec<_> = config.http_clients.keys().collect();
    assert_eq!(names, ["a", "b"]);
    let a = &config.http_clients["a"];
    assert_eq!(
        (a.max_attempts, a.total_timeout),
        (Some(2), Some(Duration::from_secs(9)))
    );
    assert_eq!(a.open_for, Some(Duration::from_secs(7)));
    let headers = a.default_headers.as_ref().unwrap();
    assert_eq!(
        (&headers["x-tenant"], &headers["accept"]),
        (&"other".parse().unwrap(), &"text/html".parse().unwrap())
    );
    assert_eq!(a.hedge.unwrap().max_hedges, 1);
    assert_eq!(a.breaker.as_ref().unwrap().failure_rate, Some(0.5));
    let b = &config.http_clients["b"];
    assert_eq!((b.max_attempts, b.open_for), (Some(4), None));
    assert_eq!(b.breaker.as_ref().unwrap().failure_rate, None);
    assert_eq!(b.hedge.unwrap().max_hedges, 2);
}

#[test]
fn http_clients_do_not_inherit_from_the_patterns() {
    let config =
        config("[retry]\nmax_attempts = 9\n[circuit_breaker]\ntimeout = 1\n[http_clients.a]\n");
    assert_eq!(
        config.http_clients["a"],
        steadfast::http::HttpClientConfig::default()
    );
}

#[test]
fn where_an_inherited_value_stands_is_known() {
    let loaded = load("[retry]\nmax_attempts = 9\n[retries.a]\nhistory = 1\n");
    let origin = |key: &str| loaded.origin(key).to_string();
    assert_eq!(origin("retries.a.max_attempts"), "[retry] at test.toml:2:1");
    assert_eq!(origin("retries.a.history"), "test.toml:4:1");
    assert_eq!(origin("retries.a.max_backoff"), "default");
}
