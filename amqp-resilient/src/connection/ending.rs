//! The end of the handle's connections.

use std::time::Duration;

use super::ResilientConnection;
use crate::clock;
use crate::close::CloseReport;

impl ResilientConnection {
    /// Closes both connections for all handles. New checkouts and publishes are refused from now on;
    /// those under way may finish within the grace. Then the broker is told, and the connections are
    /// cut in any case: this returns within the grace and half a second. The report is that of both.
    ///
    /// Closing again waits for the same end and tells the same report. With less grace the end comes sooner.
    ///
    /// # Cancel safety
    /// Dropping the future does not stop the closing.
    pub async fn close(&self, grace: Duration) -> CloseReport {
        self.pair.seal();
        let deadline = clock::after(grace);
        let primary = self.pair.primary();
        primary.begin_to_close(deadline);
        let Some(consuming) = self.pair.other() else {
            return primary.closed(grace).await;
        };
        consuming.begin_to_close(deadline);
        let (one, other) = tokio::join!(primary.closed(grace), consuming.closed(grace));
        one.and(other)
    }
}
