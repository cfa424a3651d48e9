//! Prometheus' own tool on our exposition and on our rules. Needs `promtool` (Debian: `prometheus`) on the path.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on is a test that failed"
)]

mod rules;
#[path = "../it/traffic.rs"]
mod traffic;

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use steadfast_telemetry::{EventSink, EventSinks, HttpStart, MessagingStart, Source, Telemetry};

/// What `promtool check metrics` says, and whether it is content.
fn promtool(text: &str) -> (bool, String) {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is on the path (Debian: apt-get install prometheus)");
    let mut stdin = promtool.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    let said = promtool.wait_with_output().unwrap();
    let words = [said.stdout, said.stderr].concat();
    (said.status.success(), String::from_utf8(words).unwrap())
}

/// A client of a server and of a broker.
#[derive(Default)]
struct Client {
    sinks: EventSinks,
}

impl Source for Client {
    fn name(&self) -> &str {
        "shop"
    }

    fn watched(&self, sink: EventSink) {
        self.sinks.add(sink);
    }
}

impl Client {
    fn work(&self) {
        let took = Duration::from_millis(20);
        let start = || HttpStart::new("shop", "GET", "http://pay.example/", "pay.example");
        let call = self.sinks.http_call(start).unwrap();
        call.attempt(0).failed("connect", took);
        let start = || MessagingStart::new("shop", "or\"ders", "").server("broker.example", 5672);
        let mut publish = self.sinks.messaging_publish(start).unwrap();
        publish.sent();
        publish.answered(None);
        publish.confirmed(took);
        let refused = self
            .sinks
            .messaging_publish(|| start().template("orders:{id}"));
        refused.unwrap().failed("buffer_full", took);
    }
}

#[tokio::test]
async fn the_exposition_of_everything_is_clean() {
    let telemetry = Telemetry::new();
    let _traffic = traffic::drive(&telemetry).await;
    // The text has only what was recorded since it was first asked for.
    let _nothing_recorded = telemetry.export_prometheus_metrics();
    let client = Arc::new(Client::default());
    telemetry.watch(&client);
    client.work();
    let text = telemetry.export_prometheus_metrics();
    for series in [
        "resilience_bulkhead_queue_time_seconds_total",
        "http_client_request_duration_seconds_bucket",
        "messaging_client_operation_duration_seconds_bucket",
        "messaging_client_sent_messages_total",
    ] {
        assert!(text.contains(series), "{series}");
    }
    let (content, words) = promtool(&text);
    assert!(content && words.is_empty(), "{words}\n{text}");
}

#[test]
fn promtool_would_object() {
    let (content, words) = promtool("# TYPE calls counter\ncalls 1\n");
    assert!(!content);
    assert!(words.contains("no help text"), "{words}");
}
