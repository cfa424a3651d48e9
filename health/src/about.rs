//! What a service says of itself.

use std::sync::Arc;

/// What a service says of itself in the JSON of its reports; set with the [`Builder`](crate::Builder).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct About {
    /// Identifies the service; the monitor's name if it is not set.
    pub service_id: Option<Arc<str>>,
    /// The public version of the service, of its interface.
    pub version: Option<Arc<str>>,
    /// What was released: changes with every deployment.
    pub release_id: Option<Arc<str>>,
    /// For people.
    pub description: Option<Arc<str>>,
}
