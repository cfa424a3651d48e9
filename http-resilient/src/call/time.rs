//! How long a request may go on, and when it may not.

use std::time::{Duration, Instant};

use reqwest::Request;

use super::Call;
use crate::attempt::Failure;
use crate::clock;
use crate::error::Phase;
use crate::options::Options;
use crate::settings::Settings;

/// When a request must be over that has begun at `started`.
pub(crate) fn deadline(
    settings: &Settings,
    request: &Request,
    options: &Options,
    started: Instant,
) -> Option<Instant> {
    let total = request.timeout().copied();
    // `None` where the sum is beyond what a clock can tell: no limit.
    let deadline = started.checked_add(total.unwrap_or(settings.total_timeout));
    let deadlines = [deadline, options.deadline, options.adopted.deadline];
    deadlines.into_iter().flatten().min()
}

impl Call<'_> {
    /// The server has asked not to be sent this request again for `wait`.
    pub(crate) fn keep_quiet(&self, wait: Duration) {
        *self.quiet_until.lock() = clock::now().checked_add(wait);
    }

    /// For how long the server does not want this request again, or any.
    pub(crate) fn quiet(&self) -> Option<Duration> {
        let until = *self.quiet_until.lock();
        let left = until.map(|until| until.saturating_duration_since(clock::now()));
        left.filter(|left| !left.is_zero())
            .max(self.authority.throttle.left())
    }

    pub(crate) fn is_over(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| clock::now() >= deadline)
    }

    /// What is left until the deadline; a failure if that is nothing.
    pub(crate) fn left(&self, phase: Phase) -> Result<Duration, Failure> {
        self.left_at(clock::now(), phase)
    }

    /// What is left until the deadline at `now`.
    pub(crate) fn left_at(&self, now: Instant, phase: Phase) -> Result<Duration, Failure> {
        let Some(deadline) = self.deadline else {
            return Ok(Duration::MAX);
        };
        let left = deadline.saturating_duration_since(now);
        if left.is_zero() {
            return Err(Failure::Deadline(phase));
        }
        Ok(left)
    }
}
