//! Prometheus' own linter on our exposition. Needs `promtool` (Debian: `prometheus`) on the path.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on is a test that failed"
)]

#[path = "../it/traffic.rs"]
mod traffic;

use std::io::Write;
use std::process::{Command, Stdio};

use steadfast_telemetry::Telemetry;

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

#[tokio::test]
async fn the_exposition_of_everything_is_clean() {
    let telemetry = Telemetry::new();
    let _traffic = traffic::drive(&telemetry).await;
    let text = telemetry.prometheus();
    assert!(text.contains("resilience_bulkhead_queue_time_seconds_total"));
    let (content, words) = promtool(&text);
    assert!(content && words.is_empty(), "{words}\n{text}");
}

#[test]
fn promtool_would_object() {
    let (content, words) = promtool("# TYPE calls counter\ncalls 1\n");
    assert!(!content);
    assert!(words.contains("no help text"), "{words}");
}
