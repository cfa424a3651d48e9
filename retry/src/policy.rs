//! The settings of a retry, validated, and the decision they lead to.

use std::time::Duration;

use crate::backoff::{Curve, Jitter};
use crate::error::Reason;

#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) max_attempts: u32,
    pub(crate) curve: Curve,
    pub(crate) jitter: Jitter,
    pub(crate) seed: u64,
    pub(crate) max_elapsed: Option<Duration>,
    pub(crate) max_retry_after: Duration,
}

impl Policy {
    /// How long to wait after attempt number `attempt`, or why there is no other.
    ///
    /// `hint` takes the place of `backoff`. Backoff and time are asked for only if they matter.
    pub(crate) fn decide(
        &self,
        attempt: u32,
        hint: Option<Duration>,
        backoff: impl FnOnce() -> Duration,
        elapsed: impl FnOnce() -> Duration,
    ) -> Result<Duration, Reason> {
        if attempt >= self.max_attempts {
            return Err(Reason::Attempts);
        }
        let wait = match hint {
            Some(hint) if hint > self.max_retry_after => return Err(Reason::RetryAfterTooLong),
            Some(hint) => hint,
            None => backoff(),
        };
        match self.max_elapsed {
            Some(limit) if elapsed().saturating_add(wait) > limit => Err(Reason::Deadline),
            _ => Ok(wait),
        }
    }
}
