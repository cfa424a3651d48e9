//! What runs the checks in the background, as one object that owns all of it.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash as _, Hasher as _};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::sleep;

use crate::clock;
use crate::component::Component;
use crate::contain::Panicked;
use crate::monitor::Shared;
use crate::pace::Pace;

/// Runs the checks of a [`Monitor`](crate::Monitor) until it is dropped or stopped, and keeps the
/// monitor alive meanwhile. Made by [`Monitor::start`](crate::Monitor::start).
///
/// Dropping it ends every task of it without waiting: a check that is being run is dropped at its
/// next `await`. [`stop`](Self::stop) waits until that has happened.
#[must_use = "the checks stop when the runner is dropped"]
pub struct Runner {
    name: Arc<str>,
    /// Never sent through: dropping it is what ends the tasks.
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Runner {
    pub(crate) fn start(shared: Arc<Shared>) -> Self {
        // Without a timer this panics here, where somebody sees it, and not in the task.
        drop(sleep(Duration::ZERO));
        let name = Arc::clone(shared.name());
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(supervise(shared, stopped));
        Self { name, stop, task }
    }

    /// Ends every task and waits until all have ended, those in the middle of a check included. Only
    /// an async check that blocks its thread can make this wait. It does not wait for the closure of a
    /// [blocking](crate::Check::blocking) check, which nobody can end.
    ///
    /// # Cancel safety
    /// Dropping the future is dropping the runner: the tasks end all the same, nobody waits.
    pub async fn stop(self) {
        drop(self.stop);
        // An error here says that the runtime is shutting down, which ends the tasks as well.
        let _ = self.task.await;
    }

    /// Whether its tasks are still there: `false` after the runtime they were on has shut down.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.task.is_finished()
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("monitor", &self.name)
            .field("is_running", &self.is_running())
            .finish_non_exhaustive()
    }
}

/// Keeps one task for each registered check, and an eye on results that go stale. The tasks are
/// in the set, so they end when this future is dropped.
async fn supervise(shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    let _seat = tokio::select! {
        _ = &mut stopped => return,
        seat = shared.seat.lock() => seat,
    };
    let mut tasks = JoinSet::new();
    let mut tended: HashMap<usize, Weak<Component>> = HashMap::new();
    loop {
        tended.retain(|_, component| component.strong_count() > 0);
        for component in shared.components() {
            tended
                .entry(Arc::as_ptr(&component).addr())
                .or_insert_with(|| {
                    tasks.spawn(tend(Arc::clone(&shared), Arc::clone(&component)));
                    Arc::downgrade(&component)
                });
        }
        let look_again = shared.refresh().unwrap_or(Duration::MAX);
        tokio::select! {
            biased;
            _ = &mut stopped => break,
            () = shared.registered.notified() => {}
            Some(deregistered) = tasks.join_next() => bury(deregistered),
            () = sleep(look_again) => {}
        }
    }
    tasks.abort_all();
    while let Some(ended) = tasks.join_next().await {
        bury(ended);
    }
}

/// A task can only panic where it drops what a check owned, and that can panic a second time.
fn bury(ended: Result<(), JoinError>) {
    if let Some(payload) = ended.err().and_then(|error| error.try_into_panic().ok()) {
        drop(Panicked::new(payload));
    }
}

/// Runs one check until it is deregistered: on its interval, and as soon as what it waited for is
/// back.
async fn tend(shared: Arc<Shared>, component: Arc<Component>) {
    let settings = &shared.settings;
    let seed = settings
        .jitter_seed
        .map(|seed| seed_of(seed, &component.name));
    let mut pace = Pace::new(seed);
    let mut cleared = component.cleared();
    let mut repaced = component.repaced();
    let run_for_ever = async {
        loop {
            let started = clock::now();
            shared.check(&component).await;
            let since = || clock::now().saturating_duration_since(started);
            let ran = since();
            loop {
                let due = pace.due(&component, ran);
                tokio::select! {
                    biased;
                    Ok(()) = cleared.changed() => break,
                    // The next one is due by the new interval.
                    Ok(()) = repaced.changed() => {}
                    () = sleep(due.saturating_sub(since())) => break,
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = component.removed() => {}
        () = run_for_ever => {}
    }
}

/// One seed for each check, so that checks of one interval do not move in step.
fn seed_of(seed: u64, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seed, name).hash(&mut hasher);
    hasher.finish()
}
