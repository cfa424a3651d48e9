//! What one request wants otherwise than its client, and what reqwest's request has no place for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Body;
use steadfast_retry::Hedge;

use crate::fallback::Fallback;

use crate::propagation::Adopted;

/// In a box, and only if there is anything in it: most requests want nothing special.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) idempotent: Option<bool>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) max_attempts: Option<u32>,
    pub(crate) base_backoff: Option<Duration>,
    pub(crate) max_backoff: Option<Duration>,
    pub(crate) max_retry_after: Option<Duration>,
    /// `Some(None)`: not hedged, whatever the client does.
    pub(crate) hedge: Option<Option<Hedge>>,
    pub(crate) fallback: Option<Fallback>,
    pub(crate) coalesce: Option<bool>,
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
    base_backoff: None,
    max_backoff: None,
    max_retry_after: None,
    hedge: None,
    fallback: None,
    coalesce: None,
    max_response_bytes: None,
    template: None,
    adopted: Adopted::NOTHING,
    no_propagation: false,
    body: None,
};

impl Options {
    /// Whether the request is sent as the client sends all, but for its deadline.
    pub(crate) fn is_as_the_client(&self) -> bool {
        // Every field is named, so that a new one is not forgotten.
        let Self {
            idempotent,
            attempt_timeout,
            read_timeout,
            deadline: _,
            max_attempts,
            template,
            adopted,
            no_propagation,
            base_backoff,
            max_backoff,
            max_retry_after,
            hedge,
            fallback,
            coalesce: _,
            max_response_bytes,
            body,
        } = self;
        idempotent.is_none()
            && attempt_timeout.is_none()
            && read_timeout.is_none()
            && max_attempts.is_none()
            && base_backoff.is_none()
            && max_backoff.is_none()
            && max_retry_after.is_none()
            && hedge.is_none()
            && fallback.is_none()
            && max_response_bytes.is_none()
            && body.is_none()
            && template.is_none()
            && adopted.is_first()
            && !no_propagation
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("idempotent", &self.idempotent)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("read_timeout", &self.read_timeout)
            .field("deadline", &self.deadline)
            .field("max_attempts", &self.max_attempts)
            .field("base_backoff", &self.base_backoff)
            .field("max_backoff", &self.max_backoff)
            .field("max_retry_after", &self.max_retry_after)
            .field("hedge", &self.hedge)
            .field("fallback", &self.fallback)
            .field("coalesce", &self.coalesce)
            .field("max_response_bytes", &self.max_response_bytes)
            .field("template", &self.template)
            .field("adopted", &self.adopted)
            .field("no_propagation", &self.no_propagation)
            .field("body_factory", &self.body.is_some())
            .finish()
    }
}
