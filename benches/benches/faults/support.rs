//! What the scenarios share.

use std::time::Duration;

use steadfast_benches::clock;
use steadfast_benches::footprint::Footprint;
use tokio::time::sleep;

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Waits until something holds, and tells how long that took; `None` if it did not happen in time.
pub(crate) async fn until(at_most: Duration, holds: impl Fn() -> bool) -> Option<Duration> {
    let began = clock::now();
    while !holds() {
        if began.elapsed() > at_most {
            return None;
        }
        sleep(millis(2)).await;
    }
    Some(began.elapsed())
}

/// The same, as a failure of the whole scenario.
pub(crate) async fn must(
    what: &str,
    at_most: Duration,
    holds: impl Fn() -> bool,
) -> Result<Duration, String> {
    let waited = until(at_most, holds).await;
    waited.ok_or_else(|| format!("waited for {at_most:?} until {what}"))
}

/// The footprint once the threads that steered the broker have ended.
pub(crate) async fn settled() -> Footprint {
    sleep(millis(300)).await;
    Footprint::now()
}

/// A duration for the table, or that there was none.
pub(crate) fn shown(duration: Option<Duration>) -> String {
    duration.map_or_else(|| "never".to_owned(), in_words)
}

pub(crate) fn in_words(duration: Duration) -> String {
    match duration.as_secs_f64() {
        secs if secs < 0.01 => format!("{:.1} ms", secs * 1_000.0),
        secs => format!("{secs:.2} s"),
    }
}

/// Threads that lapin runs its connections on.
pub(crate) fn lapin_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task");
    tasks.map_or(0, |tasks| {
        tasks
            .flatten()
            .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok())
            .filter(|name| name.starts_with("lapin-io"))
            .count()
    })
}
