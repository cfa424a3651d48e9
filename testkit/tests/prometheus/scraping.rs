//! The server's own view of what it scrapes and evaluates.

use std::time::Duration;

use serde_json::Value;
use steadfast_telemetry::{Filter, Telemetry};
use steadfast_testkit::Prometheus;
use tokio::net::TcpListener;

use crate::example::{self, Shop};
use crate::family::Family;
use crate::{metadata, panels, rules};

/// Two programs, and the server that scrapes them.
struct Bench {
    shop: Shop,
    family: Family,
    prometheus: Prometheus,
}

impl Bench {
    async fn start() -> Self {
        let telemetry = Telemetry::new();
        telemetry.attach("log", Filter::all(), |_| ()).unwrap();
        let shop = Shop::open(&telemetry).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let example = listener.local_addr().unwrap();
        tokio::spawn(example::serve(listener, telemetry));

        // Of the two servers of its HTTP client one has series of its own, and the other is the rest.
        let family = Family::gather(1).await;
        let telemetry = family.telemetry().clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let everything = listener.local_addr().unwrap();
        tokio::spawn(example::serve(listener, telemetry));

        let jobs = [("example", example), ("everything", everything)];
        let rules = ["alerts.yml", "recording.yml"].map(rules::ops);
        let rules = [&*rules[0], &*rules[1]];
        let prometheus = Prometheus::start(&jobs, &rules).await.unwrap();
        Self {
            shop,
            family,
            prometheus,
        }
    }

    async fn ask(&self, path: &str) -> Value {
        let (status, json) = self.prometheus.get(path).await.unwrap();
        assert_eq!(status, 200, "{path}: {json}");
        let mut answer: Value = serde_json::from_str(&json).unwrap();
        answer["data"].take()
    }

    /// The values of a query, by all that tells them apart.
    async fn query(&self, query: &str) -> Vec<f64> {
        let path = format!("/api/v1/query?query={}", escaped(query));
        let data = self.ask(&path).await;
        let series = data["result"].as_array().unwrap().iter();
        series
            .map(|one| one["value"][1].as_str().unwrap().parse().unwrap())
            .collect()
    }

    /// Works and looks until it is so, for at most a minute.
    async fn until(&self, what: &str, mut so: impl AsyncFnMut() -> Result<(), String>) {
        let mut missing = String::new();
        for _ in 0..240 {
            match so().await {
                Ok(()) => return,
                Err(error) => missing = error,
            }
            self.shop.serve_customers().await;
            self.family.work().await;
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        panic!("{what}: {missing}\n{}", self.prometheus.log());
    }
}

/// For the query of a URL.
fn escaped(text: &str) -> String {
    let bytes = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    bytes.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_prometheus_scrapes_the_example_and_evaluates_the_rules() {
    let bench = Bench::start().await;
    for (name, state) in [("payments", "closed"), ("inventory", "open")] {
        let is = |state: &str| {
            format!(
                "resilience_circuit_breaker_state{{job=\"example\",resilience_name=\"{name}\",resilience_state=\"{state}\"}}"
            )
        };
        bench
            .until("the state is there", async || {
                let values = bench.query(&is(state)).await;
                if values == [1.0] {
                    Ok(())
                } else {
                    Err(format!("{name} {values:?}"))
                }
            })
            .await;
        assert_eq!(bench.query(&is("half_open")).await, [0.0]);
    }
    bench
        .until("every recording rule has a value", async || {
            for rule in rules::read("recording.yml") {
                let values = bench.query(&rule.name).await;
                if values.is_empty() || values.iter().any(|value| value.is_nan()) {
                    return Err(format!("{}: {values:?}", rule.name));
                }
            }
            Ok(())
        })
        .await;
    bench
        .until("every panel has something to show", async || {
            let mut empty = Vec::new();
            for (title, query) in panels::queries() {
                if bench.query(&query).await.is_empty() {
                    empty.push(format!("{title}: {query}"));
                }
            }
            if empty.is_empty() {
                return Ok(());
            }
            Err(format!("{empty:#?}"))
        })
        .await;
    every_target_is_up(&bench).await;
    every_rule_is_healthy(&bench).await;
    alerts_are_worded(&bench).await;
    metadata::is_that_of_names(&bench.ask("/api/v1/metadata").await);

    let dir = bench.prometheus.dir().to_owned();
    drop(bench);
    assert!(!dir.exists());
}

async fn every_target_is_up(bench: &Bench) {
    let targets = bench.ask("/api/v1/targets").await;
    let targets = targets["activeTargets"].as_array().unwrap();
    assert_eq!(targets.len(), 2);
    for target in targets {
        assert_eq!(target["health"], "up", "{target}");
        assert_eq!(target["lastError"], "", "{target}");
    }
    assert_eq!(bench.query("min_over_time(up[10m])").await, [1.0, 1.0]);
}

async fn every_rule_is_healthy(bench: &Bench) {
    let rules = bench.ask("/api/v1/rules").await;
    let groups = rules["groups"].as_array().unwrap().iter();
    let rules: Vec<_> = groups
        .flat_map(|group| group["rules"].as_array().unwrap())
        .collect();
    let shipped = rules::read("alerts.yml").len() + rules::read("recording.yml").len();
    assert_eq!(rules.len(), shipped);
    for rule in rules {
        assert_eq!(rule["health"], "ok", "{rule}");
    }
}

/// Those of the shop's bad day are pending, and their templates came to an end.
async fn alerts_are_worded(bench: &Bench) {
    let alerts = bench.ask("/api/v1/alerts").await;
    let alerts = alerts["alerts"].as_array().unwrap();
    let of = |name: &str| {
        let mut of_name = alerts.iter();
        let alert = of_name.find(|alert| alert["labels"]["alertname"] == name);
        alert.unwrap_or_else(|| panic!("no {name} in {alerts:#?}"))
    };
    for alert in alerts {
        for text in alert["annotations"].as_object().unwrap().values() {
            let text = text.as_str().unwrap();
            assert!(
                !text.contains("error expanding") && !text.contains("%!"),
                "{text}"
            );
            assert!(!text.contains("<no value>"), "{text}");
        }
    }
    of("SteadfastCircuitBreakerOpen");
    of("SteadfastAmqpDisconnected");
    of("SteadfastRetryBudgetExhausted");
    let unhealthy = of("SteadfastHealthUnhealthy")["annotations"]["description"].as_str();
    assert!(
        unhealthy
            .unwrap()
            .ends_with("Unhealthy checks:  inventory;"),
        "{unhealthy:?}"
    );
}
