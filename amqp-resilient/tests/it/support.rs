//! Connections for tests: quick in everything.

use std::time::Duration;

use steadfast_amqp::{Builder, ResilientConnection};

use crate::broker::FakeBroker;

pub(crate) fn quick(uri: impl Into<String>) -> Builder {
    ResilientConnection::builder("test")
        .uri(uri)
        .connect_timeout(Duration::from_secs(5))
        .base_backoff(Duration::from_millis(10))
        .max_backoff(Duration::from_millis(50))
        .open_for(Duration::from_millis(50))
}

pub(crate) async fn connected(broker: &FakeBroker) -> ResilientConnection {
    quick(broker.uri()).connect().await.unwrap()
}

#[cfg(target_os = "linux")]
/// Whether this is a process of this one test, where nobody else has threads. If not, runs the test in one.
pub(crate) fn is_alone(test: &str) -> bool {
    const ALONE: &str = "STEADFAST_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    let output = command
        .args(["--exact", test, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{failed}");
    assert!(told.contains("1 passed"), "{test} is no test: {told}");
    false
}

#[cfg(target_os = "linux")]
/// Threads of this process that lapin runs its connections on.
pub(crate) fn lapin_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
        .filter(|name| name.starts_with("lapin-io"))
        .count()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the clock of tests on real sockets"
)]
pub(crate) fn now() -> std::time::Instant {
    std::time::Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the clock of tests in virtual time"
)]
pub(crate) fn paused_now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}
