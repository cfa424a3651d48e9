//! A message that the broker has.

use crate::state::Epoch;

/// The broker's word that it has the message: routed, and safe as far as the queue makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// The id under which the message was sent.
    pub message_id: String,
    /// How often it was sent, at least once.
    pub attempts: u32,
    /// Whether an earlier attempt of unknown outcome may have been delivered too. Consumers can tell
    /// the copies by their common message id.
    pub possibly_duplicated: bool,
    /// The connection that confirmed it.
    pub epoch: Epoch,
}
