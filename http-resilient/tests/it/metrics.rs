//! The client's own metrics: their table, and that what is exported is as it says.

use std::collections::BTreeSet;

use http::Response;
use steadfast_http::metrics;
use steadfast_retry::{HedgeConfig, HedgeTrigger};
use steadfast_telemetry::{Instrument, Telemetry, names};
use steadfast_testkit::{Exposed, HttpUpstream, Reply, exposition, golden, golden_section};

use crate::support::{SECOND, dead_end, millis, once, quick, until};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Its name in Prometheus.
fn exposed(instrument: &Instrument) -> String {
    let kind = instrument.kind().to_string();
    let total = if kind == "counter" { "_total" } else { "" };
    instrument.name().replace('.', "_") + total
}

fn of(telemetry: &Telemetry, instrument: &Instrument) -> Vec<Exposed> {
    let name = exposed(instrument);
    let mut all = exposition(&telemetry.export_prometheus_metrics());
    all.retain(|series| series.name == name);
    all
}

/// The value of the series with this attribute, or of the only one.
fn value(telemetry: &Telemetry, instrument: &Instrument, attribute: Option<(&str, &str)>) -> f64 {
    let mut all = of(telemetry, instrument);
    if let Some((key, value)) = attribute {
        all.retain(|series| series.labels[&key.replace('.', "_")] == value);
    }
    assert_eq!(all.len(), 1, "{instrument} {attribute:?}: {all:?}");
    all[0].value
}

#[test]
fn the_readmes_table_and_the_golden_file_are_written_from_metrics() {
    let readme = format!("{HERE}/README.md");
    golden_section(readme, "metrics", &names::markdown(metrics::ALL));
    let mut lines: Vec<_> = metrics::ALL.iter().map(|one| format!("{one}\n")).collect();
    lines.sort();
    let file = format!("{HERE}/tests/it/metrics.golden.txt");
    golden(file, &lines.concat());
}

#[tokio::test]
async fn every_series_is_as_metrics_say() {
    let client = quick().build().unwrap();
    let telemetry = Telemetry::new();
    telemetry.watch(&client);
    for instrument in metrics::ALL {
        let series = of(&telemetry, instrument);
        let keys = |series: &Exposed| -> BTreeSet<_> {
            let keys = series.labels.keys().cloned();
            keys.filter(|key| key != "resilience_name").collect()
        };
        let attributes = instrument.attributes();
        let declared: BTreeSet<_> = attributes
            .iter()
            .map(|one| one.key().replace('.', "_"))
            .collect();
        assert!(!series.is_empty(), "{instrument}");
        for series in &series {
            assert_eq!(keys(series), declared, "{instrument}");
            assert_eq!(series.labels["resilience_name"], "test");
        }
        for attribute in attributes {
            let key = attribute.key().replace('.', "_");
            let told: BTreeSet<_> = series.iter().map(|one| &*one.labels[&key]).collect();
            let values = attribute.values().unwrap().iter().copied().collect();
            assert_eq!(told, values, "{instrument}");
        }
    }
    let known: BTreeSet<_> = metrics::ALL.iter().map(exposed).collect();
    let all = exposition(&telemetry.export_prometheus_metrics());
    let own = all
        .iter()
        .filter(|one| one.name.starts_with("resilience_http_client_"));
    for series in own {
        assert!(known.contains(&series.name), "{}", series.name);
    }
}

#[tokio::test]
async fn fallbacks_coalesced_requests_and_redirects_are_counted() {
    let upstream = HttpUpstream::start().await;
    let (dead, _held) = dead_end().await;
    let client = once()
        .coalesce(true)
        .own_redirects(3)
        .fallback(|_| async { Some(Response::new("instead".to_owned())) })
        .build()
        .unwrap();
    let telemetry = Telemetry::new();
    telemetry.watch(&client);

    let redirect = Reply::status(302).header("location", "/there");
    upstream.script([redirect, Reply::ok("here")]);
    client.get(upstream.url("/")).send().await.unwrap();
    let to_nobody = client.get(format!("http://{dead}/"));
    to_nobody.send().await.unwrap();
    upstream.respond_with(|_, _| Reply::ok("slow").delay(millis(400)));
    let send = |_| tokio::spawn(client.get(upstream.url("/slow")).send());
    let same: Vec<_> = (0..3).map(send).collect();
    until("all have begun", || client.snapshot().in_flight == 3).await;
    for one in same {
        one.await.unwrap().unwrap();
    }

    for (instrument, expected) in [
        (metrics::FALLBACKS, 1.0),
        (metrics::REDIRECTS, 1.0),
        (metrics::COALESCED, 2.0),
        (metrics::ATTEMPTS, 4.0),
        (metrics::AUTHORITIES, 2.0),
        (metrics::IN_FLIGHT, 0.0),
    ] {
        assert_eq!(
            value(&telemetry, &instrument, None),
            expected,
            "{instrument}"
        );
    }
    let responses = (names::OUTCOME, "response");
    assert_eq!(value(&telemetry, &metrics::REQUESTS, Some(responses)), 5.0);
}

#[tokio::test]
async fn who_is_held_back_by_a_429_is_counted_and_by_whom() {
    let upstream = HttpUpstream::start().await;
    let client = once().build().unwrap();
    let telemetry = Telemetry::new();
    telemetry.watch(&client);
    let throttled = || value(&telemetry, &metrics::THROTTLED, None);
    assert_eq!(throttled(), 0.0);
    upstream.script([Reply::status(429).header("retry-after", "1")]);
    client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(throttled(), 1.0);
    client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(throttled(), 0.0);
    for (reason, expected) in [("server", 1.0), ("rate_limit", 0.0)] {
        let held = value(
            &telemetry,
            &metrics::HELD_BACK,
            Some((names::REASON, reason)),
        );
        assert_eq!(held, expected, "{reason}");
    }
}

#[tokio::test]
async fn the_clients_hedges_and_its_budget_are_watched_too() {
    let upstream = HttpUpstream::start().await;
    let mut config = HedgeConfig::default();
    config.trigger = HedgeTrigger::Delay(millis(50));
    let client = quick().hedge(config).build().unwrap();
    let telemetry = Telemetry::new();
    telemetry.watch(&client);
    let own = client.hedge("search", config).unwrap();
    for hedge in [None, Some(&own)] {
        upstream.script([Reply::stall(), Reply::ok("quick")]);
        let request = client.get(upstream.url("/")).timeout(5 * SECOND);
        let request = match hedge {
            Some(hedge) => request.hedge(hedge),
            None => request,
        };
        request.send().await.unwrap();
    }
    let sent: Vec<_> = of(&telemetry, &names::HEDGE_SENT)
        .into_iter()
        .map(|series| (series.labels["resilience_name"].clone(), series.value))
        .collect();
    assert_eq!(sent, [("search".to_owned(), 1.0), ("test".to_owned(), 1.0)]);
    let hedges = (names::ATTEMPT, "hedge");
    assert_eq!(value(&telemetry, &names::BUDGET_SPENT, Some(hedges)), 2.0);
    assert_eq!(value(&telemetry, &names::BUDGET_CALLS, None), 2.0);
}
