//! Tasks as plain data.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What one task is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskSnapshot {
    /// Its name.
    pub name: Arc<str>,
    /// What it is doing now.
    pub state: TaskState,
    /// For how long.
    pub in_state_for: Duration,
    /// How often it was started again.
    pub restarts: u64,
    /// How often it has panicked.
    pub panics: u64,
    /// How often it has ended although nobody had asked it to.
    pub ended: u64,
    /// What it panicked with last, in one line.
    pub last_panic: Option<Arc<str>>,
}

/// What a task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskState {
    /// It runs.
    Running,
    /// It fell over, and is started again.
    #[non_exhaustive]
    Waiting {
        /// In how long.
        restart_in: Duration,
    },
    /// It has stopped for good.
    Stopped,
}

impl TaskState {
    /// The state in one word, for metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting { .. } => "waiting",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How tasks were stopped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TasksReport {
    /// How many stopped by themselves.
    pub stopped: usize,
    /// Those that did not, in the order in which they were told to.
    pub late: Vec<Arc<str>>,
}

impl fmt::Display for TasksReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tasks stopped", self.stopped)?;
        if !self.late.is_empty() {
            write!(f, "; late and aborted: {}", self.late.join(", "))?;
        }
        Ok(())
    }
}
