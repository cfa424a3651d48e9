//! The two connections behind a handle.

use std::sync::Arc;
use std::time::Duration;

use super::ResilientConnection;
use crate::clock;
use crate::error::AmqpError;
use crate::hub::{Hub, Patience};
#[cfg(any(feature = "health", feature = "telemetry"))]
use crate::pair::Pair;
use crate::purpose::Purpose;

impl ResilientConnection {
    /// The connection for consuming, on which the channels for [`Purpose::Consume`] are; made now, if there is
    /// none yet. With [`one_connection`](crate::Builder::one_connection), and once this one has been closed, it
    /// is this same connection.
    ///
    /// RabbitMQ blocks connections that publish while it is short of memory or disk, and with them all that
    /// is on them. Acknowledgements must not wait for that, as they make room; so what is consumed has a
    /// connection that never publishes. It has its own state, epochs, circuit breaker and place among the
    /// endpoints, and is named `<name>/consume` at the broker, in events and in metrics. It declares the
    /// topology as well, whichever connection comes first, and it alone the exclusive and server-named
    /// queues, which only the connection that declared them may use.
    ///
    /// The view is a handle like any other: it keeps both connections open, closes both, and its publishers
    /// and observers are those of both. What else is asked of it is asked of the connection for consuming:
    /// a consumer waits for its epochs.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(
    /// #     connection: steadfast_amqp::ResilientConnection,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use steadfast_amqp::Purpose;
    ///
    /// let consuming = connection.consuming();
    /// let epoch = consuming.wait_connected(Duration::from_secs(30)).await?;
    /// let channel = connection.get_channel(Purpose::Consume).await?;
    /// assert!(channel.epoch() >= epoch);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn consuming(&self) -> Self {
        self.view(self.pair.consuming())
    }

    /// The connection for everything else.
    pub(super) fn primary(&self) -> Self {
        self.view(Arc::clone(self.pair.primary()))
    }

    /// The one on which the channels of a purpose are. A view of the other has its own ones for the rest.
    pub(super) fn serving(&self, purpose: &Purpose) -> Self {
        match purpose {
            Purpose::Consume => self.consuming(),
            _ => self.clone(),
        }
    }

    /// The connection for consuming, if there is one and this is not a view of it.
    pub(crate) fn other(&self) -> Option<Arc<Hub>> {
        let other = self.pair.other();
        other.filter(|other| !Arc::ptr_eq(other, &self.hub))
    }

    /// Waits for the connections that there are.
    pub(crate) async fn wait_all_connected(&self, patience: Duration) -> Result<(), AmqpError> {
        let deadline = clock::after(patience);
        for hub in [Some(Arc::clone(&self.hub)), self.other()]
            .into_iter()
            .flatten()
        {
            hub.session(deadline, Patience::UntilDeadline).await?;
        }
        Ok(())
    }

    #[cfg(any(feature = "health", feature = "telemetry"))]
    pub(crate) fn pair(&self) -> &Arc<Pair> {
        &self.pair
    }

    pub(super) fn view(&self, hub: Arc<Hub>) -> Self {
        Self {
            pair: Arc::clone(&self.pair),
            hub,
        }
    }
}
