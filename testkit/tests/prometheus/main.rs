//! A real Prometheus, Debian's, scrapes telemetry's example and a program with one component of every kind,
//! with the shipped rules loaded.

#![expect(clippy::unwrap_used, reason = "a test binary: helpers fail like tests")]

#[expect(dead_code, reason = "an example has a main")]
#[path = "../../../telemetry/examples/prometheus.rs"]
mod example;
#[path = "../ops/family.rs"]
mod family;
mod metadata;
mod panels;
#[expect(dead_code, reason = "shared with tests/ops, which reads more of them")]
#[path = "../ops/rules.rs"]
mod rules;
mod scraping;
#[path = "../../../telemetry/tests/it/traffic.rs"]
mod traffic;

use std::io::Write;
use std::process::{Command, Stdio};

#[tokio::test]
async fn promtool_finds_nothing_wrong_with_what_everything_exports() {
    let text = family::exposition().await;
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
    let words = String::from_utf8([said.stdout, said.stderr].concat()).unwrap();
    assert!(said.status.success() && words.is_empty(), "{words}\n{text}");
}
