//! A publisher's channel while a message is in flight on it.

use std::ops::Deref;

use lapin::Channel;

use crate::pool::ChannelPool;
use crate::state::Epoch;

/// Only a channel whose message was answered goes back. In every other case, a dropped future
/// included, an answer may still come, and it must not meet the next message.
pub(crate) struct Lease<'p> {
    pool: &'p ChannelPool,
    epoch: Epoch,
    channel: Option<Channel>,
}

impl<'p> Lease<'p> {
    pub(crate) fn new(pool: &'p ChannelPool, epoch: Epoch, channel: Channel) -> Self {
        Self {
            pool,
            epoch,
            channel: Some(channel),
        }
    }

    /// The message on it was answered.
    pub(crate) fn give_back(mut self) {
        if let Some(channel) = self.channel.take() {
            self.pool.put_back(self.epoch, channel);
        }
    }
}

impl Deref for Lease<'_> {
    type Target = Channel;

    fn deref(&self) -> &Channel {
        self.channel.as_ref().expect("there until given back")
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(channel) = self.channel.take() {
            self.pool.discard(channel);
        }
    }
}
