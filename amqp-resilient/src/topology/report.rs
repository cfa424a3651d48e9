//! What came of declaring a topology.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::entity::Entity;
use crate::error::AmqpError;
use crate::state::Epoch;

/// What came of declaring a topology on one connection. Each entity is in exactly one of the lists.
///
/// # Examples
/// ```no_run
/// # fn example(connection: steadfast_amqp::ResilientConnection) {
/// if let Some(report) = connection.topology() {
///     for failed in &report.failed {
///         // "queue "invoices" was refused with 406: PRECONDITION_FAILED - inequivalent arg ..."
///         eprintln!("{failed}");
///     }
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TopologyReport {
    /// The connection's name.
    pub name: Arc<str>,
    /// The connection on which it was declared.
    pub epoch: Epoch,
    /// What the broker has as the topology says.
    pub declared: Vec<Entity>,
    /// What the broker refused, or did not answer for.
    pub failed: Vec<FailedEntity>,
    /// What was not tried.
    pub skipped: Vec<SkippedEntity>,
    /// The names of the server-named queues among those declared, by label.
    pub queue_names: BTreeMap<String, String>,
}

impl TopologyReport {
    /// Whether everything was declared.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty()
    }
}

/// `3 declared, 1 failed, 1 skipped`, and then each one that was not declared, with the reason.
impl fmt::Display for TopologyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (declared, failed) = (self.declared.len(), self.failed.len());
        let skipped = self.skipped.len();
        write!(f, "{declared} declared, {failed} failed, {skipped} skipped")?;
        let mut separator = ": ";
        for failed in &self.failed {
            write!(f, "{separator}{failed}")?;
            separator = "; ";
        }
        for skipped in &self.skipped {
            write!(f, "{separator}{skipped}")?;
            separator = "; ";
        }
        Ok(())
    }
}

/// An entity that could not be declared.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FailedEntity {
    /// Which one.
    pub entity: Entity,
    /// Why: mostly [`ChannelClosed`](AmqpError::ChannelClosed), which has the broker's words.
    pub error: AmqpError,
}

impl FailedEntity {
    /// The AMQP reply code, such as 406, if it was the broker who said no.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        self.error.reply().map(|(code, _)| code)
    }

    /// The broker's words, if it was the broker who said no.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.error.reply().map(|(_, text)| text)
    }
}

impl fmt::Display for FailedEntity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entity, error } = self;
        match error.reply() {
            Some((code, text)) => write!(f, "{entity} was refused with {code}: {text}"),
            None => write!(f, "{entity} failed: {error}"),
        }
    }
}

/// An entity that was not tried.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedEntity {
    /// Which one.
    pub entity: Entity,
    /// Why.
    pub reason: SkipReason,
}

impl fmt::Display for SkippedEntity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was skipped, {}", self.entity, self.reason)
    }
}

/// Why an entity was not tried.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SkipReason {
    /// This one was not declared, and it cannot be without it.
    Needs(Entity),
    /// The [`topology_timeout`](crate::Builder::topology_timeout) was over.
    OutOfTime,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Needs(entity) => write!(f, "as it needs {entity}"),
            Self::OutOfTime => f.write_str("as there was no time left"),
        }
    }
}
