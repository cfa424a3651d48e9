//! What tells a task to stop.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Tells a task of [`Tasks`](super::Tasks) when to stop. All clones tell the same.
#[derive(Debug, Clone)]
pub struct Stop {
    token: CancellationToken,
}

impl Stop {
    pub(super) fn new(token: CancellationToken) -> Self {
        Self { token }
    }

    /// Ends when the task is to stop; at once if it is to stop already.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn stopped(&self) {
        self.token.cancelled().await;
    }

    /// Whether the task is to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Sleeps, but not beyond the moment at which the task is to stop.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn sleep(&self, duration: Duration) {
        tokio::select! {
            biased;
            () = self.token.cancelled() => {}
            () = tokio::time::sleep(duration) => {}
        }
    }
}
