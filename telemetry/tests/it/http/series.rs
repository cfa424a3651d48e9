//! Which series there are. They are the same whether the feature `bound` keeps their handles, has no
//! more room for them, or is off: CI runs these tests both ways.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use steadfast_telemetry::opentelemetry::trace::SpanKind;
use steadfast_telemetry::{HttpCall, HttpHead, HttpStart};

use super::{Bench, attributes};

const DURATION: &str = "http.client.request.duration";

/// So that a sum of seconds is a count.
const ONE: Duration = Duration::from_secs(1);

impl Bench {
    fn call_to(&self, host: &str, port: u16) -> HttpCall {
        let start = || HttpStart::new("billing", "GET", format!("http://{host}/"), host).port(port);
        self.client.sinks.http_call(start).unwrap()
    }
}

#[test]
fn a_thousand_servers_are_fifty_one_sets_of_series_and_spans_tell_them_all() {
    let bench = Bench::new();
    for _ in 0..2 {
        for number in 0..1000 {
            let call = bench.call_to(&format!("host-{number}"), 443);
            call.attempt(0).failed("connect", ONE);
        }
    }
    let export = bench.metrics.export();
    let series = export.of(DURATION);
    assert_eq!(series.len(), 51);
    for number in 0..50 {
        let own = [
            ("error.type", "connect"),
            ("http.request.method", "GET"),
            ("server.address", &*format!("host-{number}")),
            ("server.port", "443"),
        ];
        assert_eq!(export.value(DURATION, &own), 2.0);
    }
    let others = [
        ("error.type", "connect"),
        ("http.request.method", "GET"),
        ("server.address", "other"),
    ];
    assert_eq!(export.value(DURATION, &others), 1900.0);
    for kind in [SpanKind::Client, SpanKind::Internal] {
        let spans = bench.spans();
        let spans = spans.iter().filter(|span| span.span_kind == kind);
        let told: Vec<_> = spans.map(attributes).collect();
        assert_eq!(told.len(), 2000);
        let hosts: BTreeSet<_> = told.iter().map(|one| &one["server.address"]).collect();
        assert_eq!(hosts.len(), 1000);
        assert!(told.iter().all(|one| one["server.port"] == "443"));
    }
}

#[test]
fn a_server_is_a_host_with_a_port_and_keeps_its_address() {
    let bench = Bench::with(|builder| builder.own_series(2));
    for (host, port) in [("a", 80), ("a", 81), ("b", 80), ("a", 80), ("other", 80)] {
        let call = bench.call_to(host, port);
        call.attempt(0).failed("connect", ONE);
    }
    let export = bench.metrics.export();
    let told: BTreeMap<_, _> = export
        .of(DURATION)
        .into_iter()
        .map(|series| {
            let port = series.attributes.get("server.port").map(|port| &**port);
            ((&*series.attributes["server.address"], port), series.value)
        })
        .collect();
    let expected = [
        (("a", Some("80")), 2.0),
        (("a", Some("81")), 1.0),
        (("other", None), 2.0),
    ];
    assert_eq!(told, expected.into());
}

#[test]
fn without_own_series_all_servers_are_one() {
    let bench = Bench::with(|builder| builder.own_series(0));
    for number in 0..10 {
        let call = bench.call_to(&format!("host-{number}"), 80);
        call.attempt(0).failed("connect", ONE);
    }
    let export = bench.metrics.export();
    assert_eq!(export.of(DURATION).len(), 1);
    assert_eq!(export.of(DURATION)[0].attributes["server.address"], "other");
}

/// What an attempt may end in: more than a series keeps handles of.
fn outcomes() -> Vec<Result<HttpHead, &'static str>> {
    let statuses = [200, 201, 204, 304, 404, 429, 500, 502, 503];
    let heads = statuses.map(|status| Ok(HttpHead::new(status)));
    let versions = ["1.1", "2"].map(|version| Ok(HttpHead::new(200).version(version)));
    let failures = ["connect", "timeout", "200"].map(Err);
    heads.into_iter().chain(versions).chain(failures).collect()
}

fn end(call: &HttpCall, outcome: Result<HttpHead, &'static str>) {
    let mut attempt = call.attempt(0);
    match outcome {
        Ok(head) => attempt.answered(&head, ONE),
        Err(error_type) => attempt.failed(error_type, ONE),
    }
}

/// The series that an outcome belongs to.
fn expected(
    method: &str,
    template: Option<&str>,
    outcome: Result<HttpHead, &'static str>,
) -> BTreeMap<String, String> {
    let status = outcome.ok().map(|head| head.status);
    let failed = status.filter(|status| *status >= 400);
    let error_type = outcome.err().map(str::to_owned);
    let all = [
        ("http.request.method", Some(method.to_owned())),
        ("server.address", Some("pay.example".to_owned())),
        ("server.port", Some("8080".to_owned())),
        ("url.template", template.map(str::to_owned)),
        (
            "http.response.status_code",
            status.map(|status| status.to_string()),
        ),
        (
            "network.protocol.version",
            outcome
                .ok()
                .and_then(|head| head.version)
                .map(str::to_owned),
        ),
        (
            "error.type",
            error_type.or(failed.map(|status| status.to_string())),
        ),
    ];
    all.into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect()
}

/// More templates and outcomes than there is room for handles.
#[test]
fn every_attempt_is_in_the_series_of_what_it_was_and_ended_in() {
    let bench = Bench::new();
    let mut count = BTreeMap::new();
    let templates: Vec<_> = (0..300).map(|number| format!("/{number}/{{id}}")).collect();
    let mut attempt = |method: &'static str, template: Option<&str>, outcome| {
        let call = bench.client.sinks.http_call(|| {
            let start = HttpStart::new("billing", method, "http://pay.example/", "pay.example");
            match template {
                Some(template) => start.port(8080).template(template),
                None => start.port(8080),
            }
        });
        end(&call.unwrap(), outcome);
        let method = if method == "PURGE" { "_OTHER" } else { method };
        *count
            .entry(expected(method, template, outcome))
            .or_default() += 1.0;
    };
    for round in 0..3 {
        for outcome in outcomes() {
            for method in ["GET", "PUT", "PURGE"] {
                for template in [None, Some(""), Some("/orders/{id}")] {
                    attempt(method, template, outcome);
                }
            }
        }
        for template in &templates[round * 50..] {
            attempt("GET", Some(template), Ok(HttpHead::new(200)));
            attempt("GET", Some(template), Err("timeout"));
        }
    }
    let export = bench.metrics.export();
    let told: BTreeMap<_, f64> = export
        .of(DURATION)
        .into_iter()
        .map(|series| (series.attributes.clone(), series.value))
        .collect();
    assert_eq!(told, count);
}

#[test]
fn threads_that_meet_a_series_at_once_lose_nothing() {
    let bench = Bench::new();
    let outcomes = outcomes();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (bench, outcomes) = (&bench, &outcomes);
            scope.spawn(move || {
                for round in 0..200 {
                    let call = bench.call_to("pay.example", 8080);
                    let at = (round + thread) % outcomes.len();
                    end(&call, outcomes[at]);
                }
            });
        }
    });
    let export = bench.metrics.export();
    let series = export.of(DURATION);
    assert_eq!(series.len(), outcomes.len());
    let all: f64 = series.iter().map(|series| series.value).sum();
    assert_eq!(all, 800.0);
}

/// Its meter is there from the first time on: what was bound before does not know it.
#[cfg(feature = "prometheus")]
#[test]
fn the_prometheus_text_has_the_attempts_of_calls_that_began_before_it_was_asked_for() {
    let bench = Bench::new();
    let in_flight = bench.client.call();
    let done = in_flight.attempt(0);
    done.failed("connect", ONE);
    let _nothing_yet = bench.telemetry.export_prometheus_metrics();
    in_flight.attempt(1).failed("connect", ONE);
    bench.client.call().attempt(0).failed("connect", ONE);

    let text = bench.telemetry.export_prometheus_metrics();
    let count = text
        .lines()
        .find(|line| line.starts_with("http_client_request_duration_seconds_count"));
    assert!(count.unwrap().ends_with(" 2"), "{count:?}");
    let export = bench.metrics.export();
    let own = [
        ("error.type", "connect"),
        ("http.request.method", "GET"),
        ("server.address", "pay.example"),
        ("server.port", "8080"),
    ];
    assert_eq!(export.value(DURATION, &own), 3.0);
}
