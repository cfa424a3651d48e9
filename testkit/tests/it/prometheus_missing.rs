//! A machine without Prometheus.

use std::{env, process::Command};

use steadfast_testkit::Prometheus;

#[test]
fn says_what_to_install_where_there_is_no_prometheus() {
    // The same test binary once more, with a PATH on which there is nothing.
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--ignored", "prometheus_missing::starts_nothing"])
        .env("PATH", "/nonexistent")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{output}");
    assert!(output.contains("1 passed"), "{output}");
}

#[tokio::test]
#[ignore = "needs a PATH without Prometheus: the test above runs it"]
async fn starts_nothing() {
    let missing = Prometheus::start(&[], &[]).await.unwrap_err();
    let line = missing.to_string();
    assert!(line.contains("apt-get install") && line.contains("prometheus"));
    assert_eq!(line.lines().count(), 1);
}
