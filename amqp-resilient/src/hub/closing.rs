//! Closing a connection, as its handles see it.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::{Hub, Intent};
use crate::close::CloseReport;
use crate::session::GOODBYE;

impl Hub {
    /// Takes on nothing new, and tells the supervisor to close; what is in flight may finish until then.
    pub(crate) fn begin_to_close(&self, deadline: Instant) {
        self.pools.close();
        self.intend(Intent::Drain(deadline));
    }

    /// Waits until it is closed.
    pub(crate) async fn closed(&self, grace: Duration) -> CloseReport {
        let mut link = self.watch_link();
        // The supervisor keeps to the grace by itself, unless its runtime has gone away.
        let longest = grace.saturating_add(GOODBYE * 2);
        let closed = timeout(longest, link.wait_for(|link| link.report().is_some())).await;
        match closed {
            Ok(Ok(link)) => link.report(),
            _ => None,
        }
        .unwrap_or_else(|| CloseReport::new(false, self.pools.in_use()))
    }
}
