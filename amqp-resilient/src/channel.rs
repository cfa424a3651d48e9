//! A channel while it is checked out.

use std::fmt;
use std::ops::Deref;

use lapin::Channel;
use steadfast_bulkhead::Checkout;

use crate::connection::ResilientConnection;
use crate::error::AmqpError;
use crate::opened::Opened;
use crate::purpose::Purpose;
use crate::state::Epoch;

/// A channel from a pool, which it goes back to when dropped; made by
/// [`get_channel`](ResilientConnection::get_channel). It is a [`lapin::Channel`] in every other
/// respect.
///
/// It does not go back, but is closed, when it is broken, of an earlier connection, or not as it
/// was when it was opened and [`on_channel`](crate::Builder::on_channel) had set it up: put into confirm
/// mode since, or given another prefetch count. Do not keep a clone of the channel
/// beyond the checkout: the next user gets the same one.
///
/// Commands on a channel have no deadline of their own. They fail within moments when the
/// connection is lost, but on a connection that the broker has blocked they hang until the alarm
/// is over: put a timeout around them. A checked out channel keeps the connection open.
pub struct PooledChannel {
    /// There until the channel has gone, one way or another.
    checkout: Option<Checkout<Opened, AmqpError>>,
    purpose: Purpose,
    connection: ResilientConnection,
}

impl PooledChannel {
    pub(crate) fn new(
        checkout: Checkout<Opened, AmqpError>,
        purpose: Purpose,
        connection: ResilientConnection,
    ) -> Self {
        Self {
            checkout: Some(checkout),
            purpose,
            connection,
        }
    }

    fn opened(&self) -> &Opened {
        self.checkout.as_ref().expect("it goes only when dropped")
    }

    /// The connection that the channel belongs to.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.opened().epoch()
    }

    /// What it was checked out for.
    #[must_use]
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// Whether the channel is open, on the connection that there is now.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.status().connected() && self.connection.epoch() == Some(self.epoch())
    }

    /// Takes the channel out of the pool for good, and gives its place back. The channel lives as
    /// long as its clones, or until the connection ends; it does not keep the connection open.
    #[must_use]
    pub fn into_inner(mut self) -> Channel {
        let channel = Channel::clone(&self);
        if let Some(checkout) = self.checkout.take() {
            checkout.into_inner().let_go();
        }
        channel
    }

    /// Closes the channel instead of giving it back.
    pub fn discard(mut self) {
        if let Some(checkout) = self.checkout.take() {
            checkout.discard();
        }
    }
}

impl Deref for PooledChannel {
    type Target = Channel;

    fn deref(&self) -> &Channel {
        self.opened()
    }
}

impl Drop for PooledChannel {
    fn drop(&mut self) {
        let Some(checkout) = self.checkout.take() else {
            return;
        };
        match self.purpose {
            // A consumer may have outlived it.
            Purpose::Consume => checkout.into_inner().let_go_when_settled(),
            _ if checkout.is_as_opened() => drop(checkout),
            _ => checkout.discard(),
        }
    }
}

impl fmt::Debug for PooledChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PooledChannel")
            .field("id", &self.id())
            .field("purpose", &self.purpose)
            .field("epoch", &self.epoch())
            .field("current", &self.is_current())
            .finish()
    }
}
