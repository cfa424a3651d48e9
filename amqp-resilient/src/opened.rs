//! A channel as a pool opened it.

use std::ops::Deref;

use lapin::{Channel, ChannelQos};

use crate::state::Epoch;

/// An open channel, and how it was when it was opened and the hook had set it up.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    channel: Channel,
    epoch: Epoch,
    confirm: bool,
    qos: ChannelQos,
}

impl Opened {
    pub(crate) fn new(channel: Channel, epoch: Epoch) -> Self {
        let status = channel.status();
        let (confirm, qos) = (status.confirm(), status.qos());
        Self {
            channel,
            epoch,
            confirm,
            qos,
        }
    }

    /// The connection it belongs to.
    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Whether it is open, and nothing was set on it that the next user would not expect.
    pub(crate) fn is_as_opened(&self) -> bool {
        let status = self.channel.status();
        status.connected() && status.confirm() == self.confirm && status.qos() == self.qos
    }

    pub(crate) fn into_channel(self) -> Channel {
        self.channel
    }
}

impl Deref for Opened {
    type Target = Channel;

    fn deref(&self) -> &Channel {
        &self.channel
    }
}
