//! A publisher's channel while a message is in flight on it.

use std::ops::Deref;

use lapin::Channel;

use crate::opened::Opened;
use crate::pool::ChannelPool;

/// Only a channel whose message was answered goes back. In every other case, a dropped future
/// included, an answer may still come, and it must not meet the next message.
pub(crate) struct Lease<'p> {
    pool: &'p ChannelPool,
    channel: Opened,
    answered: bool,
}

impl<'p> Lease<'p> {
    pub(crate) fn new(pool: &'p ChannelPool, channel: Opened) -> Self {
        Self {
            pool,
            channel,
            answered: false,
        }
    }

    /// The message on it was answered.
    pub(crate) fn give_back(mut self) {
        self.answered = true;
    }
}

impl Deref for Lease<'_> {
    type Target = Channel;

    fn deref(&self) -> &Channel {
        &self.channel
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let channel = self.channel.clone();
        if self.answered {
            self.pool.put_back(channel);
        } else {
            self.pool.discard(channel.into_channel());
        }
    }
}
