//! What a board takes: a reading.

use std::sync::Arc;

use steadfast_health::Report;
use steadfast_telemetry::ComponentSnapshot;
use tokio::time::Instant;

use super::tally::MOST;

/// When a reading was begun.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun {
    /// Higher than that of every reading that was begun before. Readings may come in out of order: what an older one
    /// says of a component is not taken.
    pub(crate) ticket: u64,
    pub(crate) now: Instant,
    /// In milliseconds since 1970.
    pub(crate) at: u64,
}

/// What was read, outside of any lock.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) begun: Begun,
    pub(crate) components: Vec<Component>,
    pub(crate) report: Option<Report>,
    /// What may be done to each health check.
    pub(crate) check_actions: Vec<&'static str>,
    /// Whether these are all components there are: those that are missing are gone.
    pub(crate) all: bool,
    /// Events that nobody heard of so far.
    pub(crate) dropped: u64,
}

/// A component as it was read, and what the controls know of it.
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) snapshot: ComponentSnapshot,
    pub(crate) actions: Vec<&'static str>,
    /// Who has set its mode.
    pub(crate) by: Option<Arc<str>>,
    /// How much its counters grew in the seconds before, if it was not read in them.
    pub(crate) grew: Vec<[f64; MOST]>,
}
