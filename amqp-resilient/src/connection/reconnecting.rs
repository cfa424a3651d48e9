//! Making the connection anew.

use std::sync::Arc;

use super::ResilientConnection;

impl ResilientConnection {
    /// Makes the connection anew: closes the present one in an orderly way, within half a second, and connects
    /// again at once; while it is down and waits for the next attempt, tries now, and the waits begin anew
    /// from the shortest. This returns at once. Of the primary connection, unless this handle is the view of
    /// the one for [consuming](Self::consuming).
    ///
    /// Returns whether it is due to this call: not if an attempt is under way or asked for already, if the
    /// connection is being closed, or if its breaker was forced open.
    ///
    /// # What becomes of what is in flight
    ///
    /// As when a connection is lost: messages that are not confirmed may have arrived, and are published
    /// again, or are [ambiguous](crate::PublishError::Ambiguous) at their deadline; channels that are
    /// checked out die with the connection; callers who come meanwhile wait for the next one. It is not
    /// counted as lost, and the breaker takes no notice. An attempt that is asked for does not wait for a
    /// breaker that is open either, and if it succeeds, closes it.
    ///
    /// Observers are told by [`Observer::reconnecting`](crate::Observer::reconnecting), and by the change of
    /// state, whose error is [`AmqpError::Reconnect`](crate::AmqpError::Reconnect) with the reason. It is
    /// counted as [`reconnects_asked`](crate::Totals::reconnects_asked).
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(connection: steadfast_amqp::ResilientConnection) {
    /// connection.reconnect("the broker's nodes have moved");
    /// # }
    /// ```
    pub fn reconnect(&self, reason: impl Into<Arc<str>>) -> bool {
        self.hub().ask_to_reconnect(reason.into())
    }
}
