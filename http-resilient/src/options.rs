//! What one request wants otherwise than its client, and what reqwest's request has no place for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Body;

use crate::propagation::Adopted;

/// In a box, and only if there is anything in it: most requests want nothing special.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) idempotent: Option<bool>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) max_response_bytes: Option<u64>,
    /// The path with placeholders.
    pub(crate) template: Option<Arc<str>>,
    pub(crate) adopted: Adopted,
    pub(crate) no_propagation: bool,
    /// Makes the body anew for each attempt.
    pub(crate) body: Option<Arc<dyn Fn() -> Body + Send + Sync>>,
}

/// None at all, to read from where there is no box.
pub(crate) static NONE: Options = Options {
    idempotent: None,
    attempt_timeout: None,
    read_timeout: None,
    deadline: None,
    max_attempts: None,
    max_response_bytes: None,
    template: None,
    adopted: Adopted::NOTHING,
    no_propagation: false,
    body: None,
};

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("idempotent", &self.idempotent)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("read_timeout", &self.read_timeout)
            .field("deadline", &self.deadline)
            .field("max_attempts", &self.max_attempts)
            .field("max_response_bytes", &self.max_response_bytes)
            .field("template", &self.template)
            .field("adopted", &self.adopted)
            .field("no_propagation", &self.no_propagation)
            .field("body_factory", &self.body.is_some())
            .finish()
    }
}
