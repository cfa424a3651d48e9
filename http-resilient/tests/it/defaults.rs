//! Holds the README's table of defaults and the code together.

use std::collections::BTreeMap;

use steadfast_breaker::State;
use steadfast_http::Client;
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{once, only};

#[test]
fn the_readme_tells_every_default() {
    let table = readme_table();
    let debug = format!("{:?}", Client::named("defaults"));
    for (setting, told) in &table {
        if *setting == "failure_threshold" {
            // The breaker gives it one, if there is no rate to go by: see the test below.
            assert_eq!(*told, "5");
            continue;
        }
        if *setting == "rate_limit" && cfg!(not(feature = "rate-limit")) {
            continue;
        }
        // The README writes "5 s" where Debug writes "5s".
        let setting = setting.trim_start_matches("budget_");
        let told = told.replace(' ', "").replace("none", "None");
        let expected = format!("{setting}: {told}");
        let found = debug
            .match_indices(&expected)
            .any(|(at, _)| debug[at + expected.len()..].starts_with([',', ' ', '}']));
        assert!(found, "the README says {expected}, the code {debug}");
    }
    assert_eq!(table.len(), 27, "{table:?}");
}

#[tokio::test]
async fn five_failures_in_a_row_open_a_circuit_unless_there_is_a_rate() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(500));
    let with_a_rate = once().breaker(|breaker| breaker.failure_rate = Some(0.5));
    for (client, opens_at) in [(once(), 5), (with_a_rate, 10)] {
        let client = client.build().unwrap();
        for nth in 1..=opens_at {
            client.get(upstream.url("/")).send().await.unwrap();
            let is_open = only(&client).breaker.state == State::Open;
            assert_eq!(is_open, nth == opens_at, "{nth} of {opens_at}");
        }
    }
}

/// Rows of the form ``| `setting` | default | ... |``.
fn readme_table() -> BTreeMap<&'static str, &'static str> {
    include_str!("../../README.md")
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .filter(|(setting, _)| !setting.contains('.')) // a metric
        .filter_map(|(setting, rest)| Some((setting, rest.split_once(" |")?.0)))
        .collect()
}
