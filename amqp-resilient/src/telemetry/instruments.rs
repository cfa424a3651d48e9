//! The metrics of a connection.

use steadfast_telemetry::Instrument;

/// The attribute that names a pool: a purpose, or a publisher.
pub(super) const POOL: &str = "amqp_resilient.pool";

pub(super) const CONNECTION_STATE: Instrument = Instrument::gauge(
    "amqp_resilient.connection.state",
    "{connection}",
    "1 for the state the connection is in, 0 for the others.",
);
pub(super) const BLOCKED: Instrument = Instrument::gauge(
    "amqp_resilient.blocked",
    "{connection}",
    "1 while the broker blocks the connection, else 0.",
);
pub(super) const LOST: Instrument = Instrument::counter(
    "amqp_resilient.connection.lost",
    "{connection}",
    "Connections that were lost.",
);
pub(super) const RECONNECTS: Instrument = Instrument::counter(
    "amqp_resilient.reconnects",
    "{attempt}",
    "Attempts to connect that ended, the first included, by outcome.",
);
pub(super) const SECRET_REFRESHES: Instrument = Instrument::counter(
    "amqp_resilient.secret.refreshes",
    "{secret}",
    "New secrets for the broker before the old ones ran out, by outcome.",
);
pub(super) const TOPOLOGY_FAILED: Instrument = Instrument::gauge(
    "amqp_resilient.topology.failed",
    "{entity}",
    "Entities of the topology that are not as it says, by outcome: failed or skipped.",
);
pub(super) const POOL_IN_USE: Instrument = Instrument::up_down_counter(
    "amqp_resilient.channel_pool.in_use",
    "{channel}",
    "Places for channels that are taken, by pool.",
);
pub(super) const POOL_IDLE: Instrument = Instrument::up_down_counter(
    "amqp_resilient.channel_pool.idle",
    "{channel}",
    "Open channels that nobody uses, by pool.",
);
pub(super) const POOL_WAITING: Instrument = Instrument::up_down_counter(
    "amqp_resilient.channel_pool.waiting",
    "{call}",
    "Callers that wait for a channel, by pool.",
);
pub(super) const PUBLISH_IN_FLIGHT: Instrument = Instrument::up_down_counter(
    "amqp_resilient.publish.in_flight",
    "{message}",
    "Messages that are being published.",
);
pub(super) const PUBLISH_BUFFERED: Instrument = Instrument::up_down_counter(
    "amqp_resilient.publish.buffered",
    "{message}",
    "Messages that wait for their turn.",
);
pub(super) const PUBLISH_HELD_BYTES: Instrument = Instrument::up_down_counter(
    "amqp_resilient.publish.held",
    "By",
    "Size of the messages in flight and waiting, rounded up.",
);
pub(super) const PUBLISH_CONFIRMED: Instrument = messages(
    "amqp_resilient.publish.confirmed",
    "Messages that the broker confirmed.",
);
pub(super) const PUBLISH_RETURNED: Instrument = messages(
    "amqp_resilient.publish.returned",
    "Messages that came back, as no queue took them.",
);
pub(super) const PUBLISH_NACKED: Instrument = messages(
    "amqp_resilient.publish.nacked",
    "Messages that the broker or a full queue rejected.",
);
pub(super) const PUBLISH_BLOCKED: Instrument = messages(
    "amqp_resilient.publish.blocked",
    "Messages that were not sent, as the connection was blocked.",
);
pub(super) const PUBLISH_AMBIGUOUS: Instrument = messages(
    "amqp_resilient.publish.ambiguous",
    "Messages that were sent and not answered until their deadline.",
);
pub(super) const PUBLISH_FAILED: Instrument = messages(
    "amqp_resilient.publish.failed",
    "Messages that failed for another reason.",
);
pub(super) const PUBLISH_ABANDONED: Instrument = messages(
    "amqp_resilient.publish.abandoned",
    "Messages whose publisher did not wait for the outcome.",
);
pub(super) const PUBLISH_REPUBLISHED: Instrument = messages(
    "amqp_resilient.publish.republished",
    "Times a message was sent again, as its outcome was not known.",
);

const fn messages(name: &'static str, description: &'static str) -> Instrument {
    Instrument::counter(name, "{message}", description)
}

pub(super) const INSTRUMENTS: &[Instrument] = &[
    CONNECTION_STATE,
    BLOCKED,
    LOST,
    RECONNECTS,
    SECRET_REFRESHES,
    TOPOLOGY_FAILED,
    POOL_IN_USE,
    POOL_IDLE,
    POOL_WAITING,
    PUBLISH_IN_FLIGHT,
    PUBLISH_BUFFERED,
    PUBLISH_HELD_BYTES,
    PUBLISH_CONFIRMED,
    PUBLISH_RETURNED,
    PUBLISH_NACKED,
    PUBLISH_BLOCKED,
    PUBLISH_AMBIGUOUS,
    PUBLISH_FAILED,
    PUBLISH_ABANDONED,
    PUBLISH_REPUBLISHED,
];
