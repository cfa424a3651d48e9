//! Of many authorities the first and busiest have series of their own, and the rest is told together.

use std::collections::BTreeMap;

use steadfast_http::Client;
use steadfast_telemetry::{ComponentId, Number, Telemetry, names};
use steadfast_testkit::{Exposed, HttpUpstream, Reply, exposition};

use crate::support::{long, once};

/// How many requests each of them gets: the first two are the busiest by far, so that nobody takes their
/// place.
const REQUESTS: [usize; 5] = [8, 6, 1, 1, 1];

/// A client that has met five authorities, two of which may have series of their own.
struct Bench {
    upstreams: Vec<HttpUpstream>,
    client: Client,
    telemetry: Telemetry,
}

impl Bench {
    async fn new() -> Self {
        let mut upstreams = Vec::new();
        for _ in REQUESTS {
            upstreams.push(HttpUpstream::start().await);
        }
        let client = once().failure_threshold(1).max_concurrent(7).build();
        let telemetry = Telemetry::builder().own_series(2).build().unwrap();
        let bench = Self {
            upstreams,
            client: client.unwrap(),
            telemetry,
        };
        bench.telemetry.watch(&bench.client);
        bench
    }

    async fn round(&self) {
        for (upstream, requests) in self.upstreams.iter().zip(REQUESTS) {
            for _ in 0..requests {
                let answer = self.client.get(upstream.url("/")).send().await.unwrap();
                answer.bytes().await.unwrap();
            }
        }
    }

    /// The values of a metric, by the component's name.
    fn exported(&self, metric: &str, label: Option<(&str, &str)>) -> BTreeMap<String, f64> {
        let text = self.telemetry.export_prometheus_metrics();
        let is_meant = |one: &Exposed| {
            let has = |(key, value): (&str, &str)| one.labels[key] == value;
            one.name == metric && label.is_none_or(has)
        };
        let series = exposition(&text).into_iter().filter(is_meant);
        series
            .map(|one| (one.labels["resilience_name"].clone(), one.value))
            .collect()
    }

    fn name(&self, upstream: usize) -> String {
        format!("test/{}", self.upstreams[upstream].addr())
    }

    /// The first two by themselves, and the rest.
    fn expected(&self, first: f64, second: f64, rest: f64) -> BTreeMap<String, f64> {
        let others = "test/other".to_owned();
        [
            (self.name(0), first),
            (self.name(1), second),
            (others, rest),
        ]
        .into()
    }
}

#[tokio::test]
async fn two_have_series_of_their_own_and_the_rest_is_their_sum() {
    let bench = Bench::new().await;
    for round in [1.0, 2.0, 3.0] {
        bench.round().await;
        let expected = bench.expected(8.0 * round, 6.0 * round, 3.0 * round);
        let success = Some(("resilience_outcome", "success"));
        let calls = bench.exported("resilience_circuit_breaker_calls_total", success);
        assert_eq!(calls, expected);
        let at_once = Some(("resilience_outcome", "at_once"));
        let acquired = bench.exported("resilience_bulkhead_acquired_total", at_once);
        assert_eq!(acquired, expected);
    }
    let limit = bench.exported("resilience_bulkhead_limit", None);
    assert_eq!(limit, bench.expected(7.0, 7.0, 21.0));
}

#[tokio::test]
async fn states_and_places_of_the_rest_are_counted_together() {
    let bench = Bench::new().await;
    bench.round().await;
    let get = |upstream: usize| bench.client.get(bench.upstreams[upstream].url("/")).send();
    bench.upstreams[4].script([Reply::status(500)]);
    drop(get(4).await.unwrap());
    let mut held = Vec::new();
    for upstream in [0, 2, 3] {
        bench.upstreams[upstream].script([long()]);
        held.push(get(upstream).await.unwrap());
    }

    let state = |state| {
        let label = Some(("resilience_state", state));
        bench.exported("resilience_circuit_breaker_state", label)
    };
    assert_eq!(state("closed"), bench.expected(1.0, 1.0, 2.0));
    assert_eq!(state("open"), bench.expected(0.0, 0.0, 1.0));
    let in_flight = bench.exported("resilience_bulkhead_in_flight", None);
    assert_eq!(in_flight, bench.expected(1.0, 0.0, 2.0));
    drop(held);
}

#[tokio::test]
async fn a_snapshot_tells_of_each_by_itself_and_which_group_it_is_in() {
    let bench = Bench::new().await;
    bench.round().await;
    let snapshot = bench.telemetry.snapshot();
    let client: Vec<_> = snapshot.of_kind("http_client").collect();
    assert_eq!(client.len(), 1);
    assert_eq!(client[0].id, ComponentId::new("http_client", "test"));
    assert_eq!(client[0].group, None);
    for kind in ["circuit_breaker", "bulkhead"] {
        let members: BTreeMap<_, _> = snapshot
            .of_kind(kind)
            .map(|member| (member.id.name.clone(), member.group.as_deref()))
            .collect();
        let named = |upstream| (bench.name(upstream), Some("test"));
        assert_eq!(members, (0..5).map(named).collect(), "{kind}");
    }
    for (upstream, requests) in REQUESTS.into_iter().enumerate() {
        let mut breakers = snapshot.of_kind("circuit_breaker");
        let name = bench.name(upstream);
        let breaker = breakers.find(|one| one.id.name == name).unwrap();
        let success = [(names::OUTCOME, "success")];
        let told = breaker.value(names::BREAKER_CALLS.name(), &success);
        assert_eq!(told, Some(Number::Integer(requests as u64)));
    }
}
