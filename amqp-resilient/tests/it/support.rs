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
