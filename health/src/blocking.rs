//! A check that blocks its thread: it runs on tokio's pool for such work, once at a time, however
//! long it hangs.

use std::future::Future;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::clock;
use crate::outcome::Outcome;

pub(crate) struct Blocking {
    look: Arc<dyn Fn() -> Outcome + Send + Sync>,
    /// Held by the one closure that is on a thread or in line for one. It outlives a run that gave
    /// up on its closure.
    turn: Arc<AsyncMutex<()>>,
    /// Since when that closure has been on its thread.
    since: Arc<Mutex<Option<Instant>>>,
}

/// The right to be on a thread.
struct Turn {
    since: Arc<Mutex<Option<Instant>>>,
    _only_one: OwnedMutexGuard<()>,
}

impl Blocking {
    pub(crate) fn new(look: impl Fn() -> Outcome + Send + Sync + 'static) -> Self {
        Self {
            look: Arc::new(look),
            turn: Arc::default(),
            since: Arc::default(),
        }
    }

    /// Waits until the closure of an earlier run is off its thread, then runs it once.
    pub(crate) fn begin(&self) -> impl Future<Output = Outcome> + Send + use<> {
        let look = Arc::clone(&self.look);
        let since = Arc::clone(&self.since);
        let turn = Arc::clone(&self.turn).lock_owned();
        async move {
            let turn = Turn {
                since,
                _only_one: turn.await,
            };
            let mut thread = OutOfLine(spawn_blocking(move || {
                *turn.since.lock() = Some(clock::now());
                look()
            }));
            match (&mut thread.0).await {
                Ok(outcome) => outcome,
                Err(error) => match error.try_into_panic() {
                    Ok(payload) => resume_unwind(payload),
                    Err(_cancelled) => Outcome::unknown("the runtime is shutting down"),
                },
            }
        }
    }

    /// Why there was no answer to a run that began then and had so long.
    pub(crate) fn too_late(&self, limit: Duration, began: Instant) -> String {
        let since = *self.since.lock();
        match since {
            Some(earlier) if earlier < began => format!(
                "check has been blocking its thread for {:?}, and is not run again before it returns",
                clock::now().saturating_duration_since(earlier)
            ),
            Some(_own) => format!("check timed out after {limit:?} and still blocks its thread"),
            None if self.turn.try_lock().is_err() => {
                format!("check timed out after {limit:?}: the runtime had no thread for it")
            }
            None => format!("check timed out after {limit:?}"),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.since.lock() = None;
    }
}

/// Takes a closure that still waits for a thread out of the line when nobody waits for it any more.
struct OutOfLine(JoinHandle<Outcome>);

impl Drop for OutOfLine {
    fn drop(&mut self) {
        self.0.abort();
    }
}
