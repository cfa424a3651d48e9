//! Background tasks that are restarted when they fall over, and joined when the program ends.

mod error;
mod keeper;
mod record;
mod restarts;
mod snapshot;
mod stop;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use steadfast_telemetry::{Telemetry, Watch, WeakTelemetry};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

pub use error::SpawnError;
use record::Record;
pub use restarts::Restarts;
pub use snapshot::{TaskSnapshot, TaskState, TasksReport};
pub use stop::Stop;

use super::clock;

/// Background tasks, each under a name.
///
/// A task is a function that makes a future. One that panics, or that ends although nobody asked it to, is
/// made anew after a wait: drawn evenly from zero to a ceiling that doubles with each fall up to a cap, and
/// never shorter than the first ceiling, so that a task that falls at once every time does not spin. After a
/// run that was long enough the waits begin anew. See [`Restarts`].
///
/// ```text
///          ┌───────────── wait ◀─────────────┐
///          ▼                                 │ panicked, or ended
///  spawn ─▶ running ─────────────────────────┘
///             │ asked to stop
///             ▼
///          stopped            late: aborted
/// ```
///
/// Each fall is an event ([`EventKind::Notice`](steadfast_telemetry::EventKind::Notice), topic `task`) of every
/// telemetry object that watches the tasks, and is seen in the [snapshot](Self::snapshot).
///
/// A handle: cloning it is cheap, and all clones are the same tasks. With the last one the tasks are aborted.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use steadfast::supervisor::{Restarts, Tasks};
///
/// let tasks = Tasks::new(Restarts::default());
/// tasks.spawn("reports", |stop| async move {
///     while !stop.is_stopping() {
///         // ... send one ...
///         stop.sleep(Duration::from_secs(60)).await;
///     }
/// })?;
///
/// let report = tasks.stop(Duration::from_secs(5)).await;
/// assert!(report.late.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Tasks {
    shared: Arc<Shared>,
}

struct Shared {
    restarts: Restarts,
    kept: Mutex<Kept>,
    /// Who watches the tasks that are yet to come.
    watching: Mutex<Vec<WeakTelemetry>>,
}

#[derive(Default)]
struct Kept {
    closed: bool,
    /// In the order in which they were spawned.
    tasks: Vec<Entry>,
}

/// One task. Dropped, it is aborted.
struct Entry {
    record: Arc<Record>,
    stop: CancellationToken,
    handle: JoinHandle<()>,
}

impl Tasks {
    /// No tasks yet. All are restarted in the same way.
    #[must_use]
    pub fn new(restarts: Restarts) -> Self {
        Self {
            shared: Arc::new(Shared {
                restarts,
                kept: Mutex::default(),
                watching: Mutex::default(),
            }),
        }
    }

    /// Starts a task, and starts it again whenever it falls over. `make` is given what tells it to stop; a
    /// future that ends after that has ended well.
    ///
    /// # Errors
    /// [`SpawnError`] if there is a task of that name, the name is empty, or the tasks have been stopped.
    ///
    /// # Panics
    /// Outside a tokio runtime with a timer.
    pub fn spawn<F, Fut>(&self, name: impl Into<Arc<str>>, make: F) -> Result<(), SpawnError>
    where
        F: FnMut(Stop) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let name = name.into();
        if name.is_empty() {
            return Err(SpawnError::EmptyName);
        }
        let record = Arc::new(Record::new(name));
        // Before it is watched, so that a name that is taken is not told of.
        self.shared.kept.lock().has_room_for(&record)?;
        let watching = self.shared.watching.lock().clone();
        for telemetry in watching.iter().filter_map(WeakTelemetry::upgrade) {
            telemetry.watch(&record);
        }
        let mut kept = self.shared.kept.lock();
        kept.has_room_for(&record)?;
        let stop = CancellationToken::new();
        let keeping = keeper::keep(
            Arc::clone(&record),
            Stop::new(stop.clone()),
            self.shared.restarts,
            make,
        );
        kept.tasks.push(Entry {
            record,
            stop,
            handle: tokio::spawn(keeping),
        });
        Ok(())
    }

    /// Tells all tasks to stop, the last one spawned first, and waits for each. Each has an even share of what
    /// is then left of the time; one that is late is aborted, and named in the report. Nothing can be spawned
    /// any more.
    ///
    /// # Cancel safety
    /// Dropping the future aborts the tasks that have not ended.
    pub async fn stop(&self, within: Duration) -> TasksReport {
        let mut left = {
            let mut kept = self.shared.kept.lock();
            kept.closed = true;
            std::mem::take(&mut kept.tasks)
        };
        let deadline = clock::after(within);
        let mut report = TasksReport::default();
        while let Some(mut entry) = left.pop() {
            let share = deadline.saturating_duration_since(clock::now()) / shares(left.len());
            if entry.stop_by(clock::after(share)).await {
                report.stopped += 1;
            } else {
                report.late.push(Arc::clone(entry.record.name()));
            }
        }
        report
    }

    /// Tells one task to stop and waits for it; aborts it if it takes longer. `None` if there is no such task,
    /// `Some(false)` if it was late.
    ///
    /// # Cancel safety
    /// Dropping the future aborts the task.
    pub async fn stop_one(&self, name: &str, within: Duration) -> Option<bool> {
        let mut entry = {
            let mut kept = self.shared.kept.lock();
            let mut tasks = kept.tasks.iter();
            let place = tasks.position(|entry| **entry.record.name() == *name)?;
            kept.tasks.remove(place)
        };
        Some(entry.stop_by(clock::after(within)).await)
    }

    /// Aborts all tasks, without a word. Nothing can be spawned any more.
    pub fn abort(&self) {
        let mut kept = self.shared.kept.lock();
        kept.closed = true;
        let tasks = std::mem::take(&mut kept.tasks);
        drop(kept);
        drop(tasks);
    }

    /// What each task is doing, in the order in which they were spawned.
    #[must_use]
    pub fn snapshot(&self) -> Vec<TaskSnapshot> {
        let now = clock::now();
        let kept = self.shared.kept.lock();
        let records = kept.tasks.iter().map(|entry| Arc::clone(&entry.record));
        let records: Vec<_> = records.collect();
        drop(kept);
        records.iter().map(|record| record.snapshot(now)).collect()
    }
}

impl Kept {
    fn has_room_for(&self, record: &Record) -> Result<(), SpawnError> {
        if self.closed {
            return Err(SpawnError::Stopped);
        }
        match self.tasks.iter().any(|entry| entry.record.is(record)) {
            true => Err(SpawnError::NameTaken(Arc::clone(record.name()))),
            false => Ok(()),
        }
    }
}

/// How many tasks share what is left: this one and those behind it.
fn shares(behind: usize) -> u32 {
    u32::try_from(behind).map_or(u32::MAX, |behind| behind.saturating_add(1))
}

impl Entry {
    /// Whether it ended by itself. If not, it is aborted.
    async fn stop_by(&mut self, deadline: Instant) -> bool {
        self.stop.cancel();
        match timeout_at(deadline, &mut self.handle).await {
            Ok(_) => true,
            Err(_) => {
                self.handle.abort();
                false
            }
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.stop.cancel();
        self.handle.abort();
    }
}

/// Watches each task, those included that are yet to be spawned.
impl Watch for Tasks {
    fn watched_by(&self, telemetry: &Telemetry) {
        let mut watching = self.shared.watching.lock();
        watching.retain(|one| one.upgrade().is_some());
        watching.push(telemetry.downgrade());
        drop(watching);
        let kept = self.shared.kept.lock();
        let records = kept.tasks.iter().map(|entry| Arc::clone(&entry.record));
        let records: Vec<_> = records.collect();
        drop(kept);
        for record in records {
            telemetry.watch(&record);
        }
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.snapshot()).finish()
    }
}
