//! Where the settings come from, and what notices that they have changed.
//!
//! The file is read every so often and compared by what is in it, rather than watched by the operating system:
//! that sees a file that an editor has renamed over the old one, a link that was turned to another
//! directory, as Kubernetes does with its `ConfigMap`s, and a file on a network share alike; it costs one small
//! read a second. What is found must be found twice in a row before it is loaded, so a file that is just
//! being written is left alone; one that is half-written for longer is most likely wrong, and changes nothing.

use std::collections::hash_map::DefaultHasher;
use std::error::Error as StdError;
use std::fmt;
use std::fs::File;
use std::hash::Hasher as _;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use super::Shared;
use super::tasks::Stop;
use crate::config::Config;

pub(super) type LoadError = Box<dyn StdError + Send + Sync>;

/// Whoever has it is the only one to load.
pub(super) type Turn = tokio::sync::OwnedMutexGuard<()>;

/// Where the settings come from.
#[derive(Clone)]
pub(super) struct Origin {
    load: Arc<dyn Fn() -> Result<Config, LoadError> + Send + Sync>,
    /// Whoever loads has it, to the end: also when nobody waits for the outcome any more.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// The files that are looked at, if any.
    pub(super) files: Arc<[PathBuf]>,
}

impl Origin {
    pub(super) fn new(
        files: impl IntoIterator<Item = PathBuf>,
        load: impl Fn() -> Result<Config, LoadError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            load: Arc::new(load),
            turn: Arc::default(),
            files: files.into_iter().collect(),
        }
    }

    /// Reads the settings, on a thread that may block. Until the turn is dropped, nobody else does.
    pub(super) async fn load(&self) -> Result<(Config, Turn), LoadError> {
        let load = Arc::clone(&self.load);
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let loading = move || load().map(|config| (config, turn));
        match tokio::task::spawn_blocking(loading).await {
            Ok(loaded) => loaded,
            Err(error) => Err(format!("loading failed: {error}").into()),
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

/// What is in the files, as far as it matters for noticing a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contents(Vec<Result<u64, io::ErrorKind>>);

impl Contents {
    /// Reads the files, on a thread that may block.
    pub(super) async fn of(files: &Arc<[PathBuf]>) -> Self {
        let files = Arc::clone(files);
        let read = move || files.iter().map(|file| hash(file)).collect();
        // Only a runtime that is ending does not run it.
        Self(tokio::task::spawn_blocking(read).await.unwrap_or_default())
    }
}

/// A number for what is in a file.
fn hash(path: &Path) -> Result<u64, io::ErrorKind> {
    let read = || -> io::Result<u64> {
        // A pipe would have no end.
        if !path.metadata()?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut content = Vec::new();
        File::open(path)?.take(MOST).read_to_end(&mut content)?;
        let mut hasher = DefaultHasher::new();
        hasher.write(&content);
        Ok(hasher.finish())
    };
    read().map_err(|error| error.kind())
}

/// A file that is larger is refused when it is loaded.
const MOST: u64 = (1 << 20) + 1;

/// Has the settings loaded again whenever there is something else in the files. `loaded` is what was in them
/// when they were loaded last.
pub(super) async fn watch(
    shared: Weak<Shared>,
    files: Arc<[PathBuf]>,
    loaded: Arc<Mutex<Contents>>,
    every: Duration,
    stop: Stop,
) {
    let mut before = loaded.lock().clone();
    loop {
        stop.sleep(every).await;
        if stop.is_stopping() {
            return;
        }
        let now = Contents::of(&files).await;
        let settled = now == before;
        before = now.clone();
        if !settled || *loaded.lock() == now {
            continue;
        }
        // Before it is loaded: what is wrong is told once, and not again and again.
        *loaded.lock() = now;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        // It tells by itself how it has ended.
        let _ = shared.reload().await;
    }
}
