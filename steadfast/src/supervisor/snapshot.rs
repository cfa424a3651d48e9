//! Everything at one moment.

use std::sync::Arc;
use std::time::SystemTime;

use super::tasks::TaskSnapshot;
use super::{Shared, clock};

/// Everything that a supervisor knows at one moment, as plain data.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Snapshot {
    /// When it was taken.
    pub at: SystemTime,
    /// What is watched: every component, and what it has counted.
    pub telemetry: steadfast_telemetry::Snapshot,
    /// What is checked.
    pub health: steadfast_health::Report,
    /// The tasks: the supervisor's own, then those of the program.
    pub tasks: Vec<TaskSnapshot>,
    /// What the kill switches have switched off: `circuit_breakers`, `bulkheads`, `retry`.
    pub switched_off: Vec<&'static str>,
    /// The keys of settings that have changed in the file and wait for a restart.
    pub needs_restart: Vec<String>,
    /// The keys of components that are gone from the file and in use all the same.
    pub retired: Vec<String>,
    /// Whether it is shutting down, or has shut down.
    pub stopping: bool,
}

impl Shared {
    pub(super) fn snapshot(&self) -> Snapshot {
        let mut tasks = self.own.snapshot();
        tasks.extend(self.tasks.snapshot());
        Snapshot {
            at: clock::wall(),
            telemetry: self.telemetry.snapshot(),
            health: self.monitor.get_health(),
            tasks,
            switched_off: self.about.switches().off(),
            needs_restart: self.about.needs_restart(),
            retired: self.about.retired(),
            stopping: self.is_stopping(),
        }
    }

    /// Takes a snapshot and gives it to all who listen.
    pub(super) fn report(&self) -> Arc<Snapshot> {
        let snapshot = Arc::new(self.snapshot());
        self.snapshots.send_replace(Arc::clone(&snapshot));
        snapshot
    }
}
