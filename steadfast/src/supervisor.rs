//! Everything of a configuration: built, kept running, read again and brought to an end.

mod clock;
mod contain;
mod metrics;
mod tasks;

pub use tasks::{Restarts, SpawnError, Stop, TaskSnapshot, TaskState, Tasks, TasksReport};
