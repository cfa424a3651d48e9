//! The steps of a shutdown, each by its deadline.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::report::{ShutdownReport, Step};
use crate::supervisor::clock;
use crate::supervisor::contain::contained;

/// A shutdown that is under way.
pub(super) struct Course {
    began: Instant,
    grace: Duration,
    hurry: CancellationToken,
    steps: Vec<Step>,
}

impl Course {
    pub(super) fn new(grace: Duration, hurry: CancellationToken) -> Self {
        Self {
            began: clock::now(),
            grace,
            hurry,
            steps: Vec::new(),
        }
    }

    pub(super) fn grace(&self) -> Duration {
        self.grace
    }

    /// Does one step, which is given the time that is left for it and tells what it did not finish. If it is not
    /// over when that share of the grace is, or if there is a hurry, it is dropped, and `cut` tells.
    pub(super) async fn step<F>(
        &mut self,
        name: &'static str,
        percent: u32,
        work: impl FnOnce(Duration) -> F,
        cut: impl FnOnce() -> Vec<String>,
    ) where
        F: Future<Output = Vec<String>>,
    {
        let began = clock::now();
        let share = (self.grace / 100).saturating_mul(percent);
        let deadline = clock::later(self.began, share);
        let left = deadline.saturating_duration_since(began);
        let hurry = self.hurry.clone();
        let done = tokio::select! {
            biased;
            done = timeout_at(deadline, contained(work(left))) => done.ok(),
            () = hurry.cancelled() => None,
        };
        let unfinished = match done {
            Some(Ok(unfinished)) => unfinished,
            Some(Err(panic)) => vec![format!("panicked: {panic}")],
            None => cut(),
        };
        self.steps.push(Step {
            name,
            took: clock::now().saturating_duration_since(began),
            unfinished,
        });
    }

    pub(super) fn report(self) -> ShutdownReport {
        ShutdownReport {
            grace: self.grace,
            took: clock::now().saturating_duration_since(self.began),
            steps: self.steps,
        }
    }
}

/// Closes a connection by the end of what is left, its own goodbye included.
#[cfg(feature = "amqp")]
pub(super) async fn close_amqp(
    connection: &crate::amqp::ResilientConnection,
    left: Duration,
) -> Vec<String> {
    let grace = left.saturating_sub(GOODBYE.min(left / 2));
    let report = connection.close(grace).await;
    if report.is_clean() {
        Vec::new()
    } else {
        vec![report.to_string()]
    }
}

/// As long as a connection takes beyond its grace at most.
#[cfg(feature = "amqp")]
const GOODBYE: Duration = Duration::from_millis(500);
