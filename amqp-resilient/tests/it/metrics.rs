//! The connection's own metrics: their table, and that what is exported is as it says.

use std::collections::BTreeSet;
use std::time::Duration;

use steadfast_amqp::{Credentials, Message, Purpose, ResilientConnection, metrics};
use steadfast_telemetry::{Instrument, Telemetry, names};
use steadfast_testkit::{Exposed, exposition, golden, golden_section};

use crate::broker::{Command, FakeBroker, Welcome, until};
use crate::support::quick;

const HERE: &str = env!("CARGO_MANIFEST_DIR");
const MINUTE: Duration = Duration::from_secs(60);

/// Its name in Prometheus.
fn exposed(instrument: &Instrument) -> String {
    let unit = match instrument.unit() {
        "s" => "_seconds",
        "By" => "_bytes",
        _ => "",
    };
    let kind = instrument.kind().to_string();
    let total = if kind == "counter" { "_total" } else { "" };
    instrument.name().replace('.', "_") + unit + total
}

fn of(telemetry: &Telemetry, instrument: &Instrument) -> Vec<Exposed> {
    let name = exposed(instrument);
    let mut all = exposition(&telemetry.export_prometheus_metrics());
    all.retain(|series| series.name == name);
    all
}

/// The value of the only series, or of that of a pool.
fn value(telemetry: &Telemetry, instrument: &Instrument, pool: Option<&str>) -> f64 {
    let mut all = of(telemetry, instrument);
    let label = metrics::POOL.replace('.', "_");
    all.retain(|series| pool.is_none_or(|pool| series.labels[&label] == pool));
    assert_eq!(all.len(), 1, "{instrument} {pool:?}: {all:?}");
    all[0].value
}

fn watch(connection: &ResilientConnection) -> Telemetry {
    let telemetry = Telemetry::new();
    telemetry.watch(connection);
    telemetry
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
    let broker = FakeBroker::start().await;
    let token = || async { Ok(Credentials::token("secret").valid_for(60 * MINUTE)) };
    let builder = quick(broker.uri()).credentials(token);
    let connection = builder.connect().await.unwrap();
    let telemetry = watch(&connection);
    let publisher = connection.publisher();
    publisher.publish(Message::new("", "q", "x")).await.unwrap();
    drop(connection.get_channel(Purpose::Admin).await.unwrap());

    for instrument in metrics::ALL {
        let series = of(&telemetry, instrument);
        if *instrument == metrics::RETRY_IN {
            assert!(series.is_empty(), "it is connected and waits for nothing");
            continue;
        }
        assert!(!series.is_empty(), "{instrument}");
        let attributes = instrument.attributes();
        let key = |key: &str| key.replace('.', "_");
        let declared: BTreeSet<_> = attributes.iter().map(|one| key(one.key())).collect();
        for series in &series {
            let mut keys: BTreeSet<_> = series.labels.keys().cloned().collect();
            assert!(keys.remove("resilience_name"), "{instrument}");
            assert_eq!(keys, declared, "{instrument}");
        }
        for attribute in attributes {
            let told: BTreeSet<_> = series
                .iter()
                .map(|one| &*one.labels[&key(attribute.key())])
                .collect();
            if let Some(values) = attribute.values() {
                assert_eq!(told, values.iter().copied().collect(), "{instrument}");
            }
        }
    }
    let known: BTreeSet<_> = metrics::ALL.iter().map(exposed).collect();
    let all = exposition(&telemetry.export_prometheus_metrics());
    let own = all
        .iter()
        .filter(|one| one.name.starts_with("amqp_resilient_"));
    for series in own {
        assert!(known.contains(&series.name), "{}", series.name);
    }
    let left = value(&telemetry, &metrics::SECRET_EXPIRES_IN, None);
    assert!(left > 59.0 * 60.0 && left <= 60.0 * 60.0, "{left}");
}

#[tokio::test]
async fn a_connection_that_waits_says_for_how_long() {
    let broker = FakeBroker::start().await;
    broker.welcome(Welcome::Refuse(403));
    let connection = quick(broker.uri()).max_backoff(MINUTE).connect_lazy();
    let connection = connection.unwrap();
    let telemetry = watch(&connection);
    let waits = || of(&telemetry, &metrics::RETRY_IN);
    until("it waits", || !waits().is_empty()).await;
    let wait = waits()[0].value;
    assert!(wait > 0.0 && wait <= 60.0, "{wait}");
    assert!(
        of(&telemetry, &metrics::SECRET_EXPIRES_IN).is_empty(),
        "it is down, and has none"
    );
}

#[tokio::test]
async fn channels_blocks_and_limits_are_counted() {
    let broker = FakeBroker::start().await;
    let connection = quick(broker.uri()).connect().await.unwrap();
    let telemetry = watch(&connection);
    for _ in 0..3 {
        drop(connection.get_channel(Purpose::Admin).await.unwrap());
    }
    let of_pool = |instrument| value(&telemetry, &instrument, Some("admin"));
    assert_eq!(of_pool(metrics::POOL_OPENED), 1.0);
    assert_eq!(of_pool(metrics::POOL_REUSED), 2.0);
    assert_eq!(of_pool(metrics::POOL_DISCARDED), 0.0);
    assert_eq!(of_pool(metrics::POOL_IDLE), 1.0);

    broker.command(Command::Block);
    let blocks = || value(&telemetry, &metrics::BLOCKS, None);
    until("it is blocked", || blocks() == 1.0).await;
    let limit = || value(&telemetry, &metrics::PUBLISH_LIMIT, None);
    assert_eq!(limit(), 0.0, "there is no publisher yet");
    let _publisher = connection.publisher();
    let publishers = connection.snapshot().publishers;
    assert_eq!(limit(), publishers[0].max_messages as f64);
    let bytes = value(&telemetry, &metrics::PUBLISH_LIMIT_BYTES, None);
    assert_eq!(bytes, publishers[0].max_bytes as f64);
}
