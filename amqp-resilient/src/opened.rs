//! A channel as a pool opened it.

use std::ops::Deref;
use std::sync::Arc;

use lapin::{Channel, ChannelQos};
use tokio::runtime::Handle;

use crate::session::{ChannelMode, Session, close_when_settled, drop_when_settled};
use crate::state::Epoch;
use crate::wiretap::{Listening, Returned};

/// An open channel, and how it was when it was opened and the hook had set it up. Dropped, it is closed in
/// the background, unless it was let go of.
#[derive(Debug)]
pub(crate) struct Opened {
    channel: Channel,
    session: Arc<Session>,
    /// What comes back on a channel in confirm mode.
    returns: Option<Listening>,
    confirm: bool,
    qos: ChannelQos,
    closes: bool,
    /// Where it is closed; it may be dropped outside any runtime.
    runtime: Handle,
}

impl Opened {
    /// Takes charge of a channel that was just opened.
    pub(crate) fn new(
        channel: Channel,
        session: Arc<Session>,
        mode: ChannelMode,
        runtime: Handle,
    ) -> Self {
        let returns = (mode == ChannelMode::Confirm).then(|| session.listen_to_returns(&channel));
        let status = channel.status();
        let (confirm, qos) = (status.confirm(), status.qos());
        Self {
            channel,
            session,
            returns,
            confirm,
            qos,
            closes: true,
            runtime,
        }
    }

    /// Takes it for the normal state, as it is now: the hook has set it up.
    pub(crate) fn settle(&mut self) {
        let status = self.channel.status();
        (self.confirm, self.qos) = (status.confirm(), status.qos());
    }

    /// The connection it belongs to.
    pub(crate) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// The number of the connection it belongs to.
    pub(crate) fn epoch(&self) -> Epoch {
        self.session.epoch()
    }

    /// Whether it is open, on a connection that is up.
    pub(crate) fn is_open(&self) -> bool {
        self.session.is_up() && self.channel.status().connected()
    }

    /// Whether it is open, and nothing was set on it that the next user would not expect.
    pub(crate) fn is_as_opened(&self) -> bool {
        let status = self.channel.status();
        self.session.is_up()
            && status.connected()
            && status.confirm() == self.confirm
            && status.qos() == self.qos
    }

    /// The return of a message that was confirmed on this channel, if it was returned.
    pub(crate) fn take_return(
        &self,
        message_id: &str,
        exchange: &str,
        routing_key: &str,
    ) -> Option<Returned> {
        let returns = self.returns.as_ref()?;
        returns.take(message_id, exchange, routing_key)
    }

    /// Leaves the channel to its clones and to the consumers on it: it is closed when they are gone.
    pub(crate) fn let_go(mut self) {
        self.closes = false;
    }

    /// The same, once the broker has dealt with everything that was sent on it.
    pub(crate) fn let_go_when_settled(self) {
        if self.is_open() {
            let channel = self.channel.clone();
            self.runtime.spawn(drop_when_settled(channel));
        }
        self.let_go();
    }
}

impl Deref for Opened {
    type Target = Channel;

    fn deref(&self) -> &Channel {
        &self.channel
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if self.closes && self.is_open() {
            self.runtime.spawn(close_when_settled(self.channel.clone()));
        }
    }
}
