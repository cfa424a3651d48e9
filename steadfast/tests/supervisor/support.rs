//! What several tests need.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use steadfast::config::{Config, Loader};
use steadfast::supervisor::Supervisor;

/// Far more than anything takes; only a test that fails waits so long.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// The configuration that a file would come to.
pub(crate) fn config(text: &str) -> Config {
    let loaded = Loader::new().text("test.toml", text).load();
    loaded
        .unwrap_or_else(|errors| panic!("{errors}"))
        .into_config()
}

pub(crate) async fn started(text: &str) -> Supervisor {
    Supervisor::start(config(text)).await.unwrap()
}

/// How many tasks of this runtime are not over.
pub(crate) fn alive() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

/// Waits until `done`, in real or in virtual time.
pub(crate) async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let step = Duration::from_millis(5);
    for _ in 0..LONG.as_millis() / step.as_millis() {
        if done() {
            return;
        }
        tokio::time::sleep(step).await;
    }
    panic!("not in time: {what}");
}

/// Waits until no more than so many tasks are left.
pub(crate) async fn only(tasks: usize) {
    until("all tasks but those are over", || alive() <= tasks).await;
}

/// A directory that is removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("steadfast-supervisor-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        write(&path, text);
        path
    }
}

pub(crate) fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
