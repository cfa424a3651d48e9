//! The way out to lapin.

use std::sync::Arc;

use super::ResilientConnection;

impl ResilientConnection {
    /// Lends lapin's connection, the present one, for what has no method here. `None` while there is none.
    ///
    /// It is **unprotected**: what is awaited on it has no deadline and may hang while the broker has blocked
    /// the connection, its channels are in no pool, and closing it is a loss like any other, after which it
    /// is made again. The next call may lend another connection: see [`epoch`](Self::epoch).
    ///
    /// The closure cannot await; a future that it returns must not borrow from the connection, as that of
    /// [`create_channel`](lapin::Connection::create_channel) does. For a channel there is
    /// [`get_channel`](Self::get_channel) with [`into_inner`](crate::PooledChannel::into_inner).
    ///
    /// # Examples
    /// ```no_run
    /// # fn example(connection: steadfast_amqp::ResilientConnection) {
    /// let most = connection.with_connection(|lapin| lapin.configuration().channel_max());
    /// println!("channels that the broker allows: {most:?}");
    /// # }
    /// ```
    pub fn with_connection<R>(&self, look: impl FnOnce(&lapin::Connection) -> R) -> Option<R> {
        // Not under the lock: it is somebody else's code.
        let session = self.hub().read(|link| link.session().map(Arc::clone));
        session.map(|session| look(session.connection()))
    }
}
