//! A connection, read at one moment.

use std::sync::Arc;
use std::time::Duration;

use crate::clock;
use crate::endpoint::Endpoint;
use crate::error::AmqpError;
use crate::hub::Hub;
use crate::publish_totals::PublishTotals;
use crate::publisher::PublisherCore;
use crate::state::{ConnectionState, Epoch};
use crate::topology::TopologyReport;

/// A connection at one moment: plain data.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Snapshot {
    /// The connection's name.
    pub name: Arc<str>,
    /// Where the broker is: the endpoint of the present connection, or of the attempt under way, or else the
    /// last one of either. `None` until a resolver has answered for the first time.
    pub endpoint: Option<Endpoint>,
    /// Why the resolver's last answer could not be used. `None` after one that could.
    pub resolver_error: Option<Arc<AmqpError>>,
    /// The state.
    pub state: ConnectionState,
    /// How long it has been in this state.
    pub in_state_for: Duration,
    /// How long it has been down; zero while it is up.
    pub down_for: Duration,
    /// The epoch, while it is up.
    pub epoch: Option<Epoch>,
    /// When the next attempt to connect is due, while it waits for one.
    pub retry_in: Option<Duration>,
    /// Why it last went down, or why the last attempt to connect failed. Stays after a reconnection.
    pub last_error: Option<Arc<AmqpError>>,
    /// How long the present connection's secret is good for, if it runs out.
    pub secret_expires_in: Option<Duration>,
    /// Why the secret that was to replace it was not had, or not taken. `None` when the last refresh went
    /// well, and while the connection is down.
    pub secret_error: Option<Arc<AmqpError>>,
    /// What came of declaring the topology on the present connection, or on the last one. `None` without
    /// a topology, and before the first connection.
    pub topology: Option<Arc<TopologyReport>>,
    /// What has happened since the connection was built.
    pub totals: Totals,
    /// The circuit breaker in front of connecting.
    pub breaker: steadfast_breaker::Snapshot,
    /// The pools of channels, one per purpose that was asked for, by name.
    pub pools: Vec<ChannelPoolSnapshot>,
    /// The publishers, by name.
    pub publishers: Vec<PublisherSnapshot>,
    /// What became of the messages given to the connection's publishers.
    pub publishes: PublishTotals,
    /// The connection for consuming, once there is one; `None` in the snapshot of that one itself. What is
    /// told beside this is of the primary connection alone.
    pub consuming: Option<Box<Self>>,
    /// Panics of observers, caught.
    pub observer_panics: u64,
}

/// Counts since the connection was built. They only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Attempts to connect that were begun.
    pub attempts: u64,
    /// Attempts that ended with a connection.
    pub connected: u64,
    /// Attempts that failed, refusals included.
    pub failed: u64,
    /// Attempts that the broker refused for good.
    pub refused: u64,
    /// Connections that were lost. One that was [asked to be made anew](crate::ResilientConnection::reconnect)
    /// was not.
    pub lost: u64,
    /// Attempts to connect that were begun because somebody had asked for one.
    pub reconnects_asked: u64,
    /// Times the broker blocked the connection.
    pub blocked: u64,
    /// Times the broker was given a new secret before the old one ran out.
    pub secrets_refreshed: u64,
    /// Times that failed.
    pub refreshes_failed: u64,
}

/// A pool of channels at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelPoolSnapshot {
    /// Open channels that nobody has.
    pub idle: usize,
    /// Channels opened.
    pub opened: u64,
    /// Checkouts that were served with an idle channel.
    pub reused: u64,
    /// Channels let go of.
    pub discarded: u64,
    /// Channels in use, callers in line, and their counts. The pool's name is here.
    pub bulkhead: steadfast_bulkhead::Snapshot,
}

/// A publisher at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublisherSnapshot {
    /// Messages that were taken on and have not come to an end: in flight, or waiting to be sent.
    pub held: usize,
    /// Bytes that they take, rounded up.
    pub held_bytes: usize,
    /// Messages that it may hold.
    pub max_messages: usize,
    /// Bytes that it may hold.
    pub max_bytes: usize,
    /// Messages in flight (busy) and in line for that (waiting), and their counts. The publisher's name is
    /// here.
    pub bulkhead: steadfast_bulkhead::Snapshot,
    /// Its channels: the one that messages share, and those of messages that are sent alone.
    pub channels: ChannelPoolSnapshot,
}

fn of_publisher(publisher: &PublisherCore) -> PublisherSnapshot {
    let (max_messages, max_bytes) = publisher.buffer.limits();
    PublisherSnapshot {
        held: publisher.held(),
        held_bytes: publisher.buffer.held_bytes(),
        max_messages,
        max_bytes,
        bulkhead: publisher.places.snapshot(),
        channels: publisher.lanes.pool().snapshot(),
    }
}

pub(crate) fn take(hub: &Hub) -> Snapshot {
    let pools = hub.pools.of_purposes();
    let mut pools: Vec<_> = pools.iter().map(|it| it.snapshot()).collect();
    let publishers = hub.pools.publishers();
    let mut publishers: Vec<_> = publishers.iter().map(|it| of_publisher(it)).collect();
    publishers.sort_by(|a, b| a.bulkhead.name.cmp(&b.bulkhead.name));
    pools.sort_by(|a: &ChannelPoolSnapshot, b| a.bulkhead.name.cmp(&b.bulkhead.name));
    let now = clock::now();
    let breaker = hub.breaker.snapshot();
    let observer_panics = hub.observers.panics();
    hub.read(|link| Snapshot {
        name: Arc::clone(&hub.name),
        endpoint: link.endpoint().cloned(),
        resolver_error: link.resolver_error().cloned(),
        state: link.state().clone(),
        in_state_for: link.in_state_for(now),
        down_for: link.down_for(now),
        epoch: link.state().epoch(),
        retry_in: link.retry_in(now),
        last_error: link.last_error().cloned(),
        secret_expires_in: link.secret_expires_in(now),
        secret_error: link.secret_error().cloned(),
        topology: link.topology().cloned(),
        totals: link.totals(),
        breaker,
        pools,
        publishers,
        publishes: hub.publishes.read(),
        consuming: None,
        observer_panics,
    })
}
