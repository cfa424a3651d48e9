//! What there is to be once the connection is up: channels, and the topology.

use std::time::Duration;

use super::Builder;
use crate::hook::{ChannelHook, HookFuture};
use crate::purpose::Purpose;
use crate::topology::Topology;

impl Builder {
    /// Channels that may be checked out at a time, per purpose; at least 1. Default 20.
    pub fn max_channels(mut self, channels: usize) -> Self {
        self.pool.max_concurrent = channels;
        self
    }

    /// Callers that may wait for a channel, per purpose; 0 means none. Default 100.
    pub fn max_waiting(mut self, callers: usize) -> Self {
        self.pool.max_waiting = callers;
        self
    }

    /// How long [`get_channel`](crate::ResilientConnection::get_channel) may take altogether: the wait in
    /// line, for the connection, for the broker to open the channel, and for
    /// [`on_channel`](Self::on_channel) to set it up. Longer than zero.
    /// Default 5 s.
    pub fn checkout_timeout(mut self, timeout: Duration) -> Self {
        self.pool.checkout_timeout = timeout;
        self
    }

    /// How long it may take to open one channel, then for [`on_channel`](Self::on_channel) to set it up,
    /// how long to declare one entity of a topology, and to give the broker a new secret; longer than zero.
    /// Default 5 s.
    pub fn channel_timeout(mut self, timeout: Duration) -> Self {
        self.channel_timeout = timeout;
        self
    }

    /// What there should be at the broker, declared after every connect and before the connection is
    /// announced: whoever finds it [`Connected`](crate::ConnectionState::Connected) finds its queues, too.
    /// Called again, it replaces the topology before. Default: nothing.
    ///
    /// What the broker refuses does not keep the connection from being used: it is reported by
    /// [`topology`](crate::ResilientConnection::topology), to observers and by the health check, and tried again
    /// with the next connection. A connection that is lost meanwhile counts as an attempt that failed,
    /// with one exception: an entity over which the broker closes the connection, instead of a channel,
    /// has failed, and the attempts that follow leave it out.
    pub fn topology(mut self, topology: Topology) -> Self {
        self.topology = topology;
        self
    }

    /// How long declaring the topology may take altogether, after each connect; longer than zero. What is
    /// left then is skipped and reported, and the connection is used. Default 10 s: one entity may stay
    /// without an answer, and there is time for the others.
    pub fn topology_timeout(mut self, timeout: Duration) -> Self {
        self.topology_timeout = timeout;
        self
    }

    /// Code that sets up every channel that a pool opens, before anybody gets it: to set a prefetch count,
    /// for instance, or to declare something. Called again, it replaces the code before. Default: none.
    ///
    /// It gets the channel and what it is for; the channels of publishers are for
    /// [`Purpose::Publish`], and in confirm mode. It may take as long as
    /// [`channel_timeout`](Self::channel_timeout) allows. When it fails, panics or takes longer, the
    /// channel is closed and the caller who was to have it gets
    /// [`AmqpError::ChannelHook`](crate::AmqpError::ChannelHook). It is dropped when that caller goes away.
    ///
    /// # Examples
    /// ```
    /// use steadfast_amqp::lapin::options::BasicQosOptions;
    /// use steadfast_amqp::{Purpose, ResilientConnection};
    ///
    /// let builder = ResilientConnection::builder("orders").on_channel(|channel, purpose| {
    ///     Box::pin(async move {
    ///         if *purpose == Purpose::Consume {
    ///             channel.basic_qos(50, BasicQosOptions::default()).await?;
    ///         }
    ///         Ok(())
    ///     })
    /// });
    /// # drop(builder);
    /// ```
    pub fn on_channel<F>(mut self, hook: F) -> Self
    where
        F: for<'a> Fn(&'a lapin::Channel, &'a Purpose) -> HookFuture<'a> + Send + Sync + 'static,
    {
        self.on_channel = Some(ChannelHook::new(hook));
        self
    }
}
