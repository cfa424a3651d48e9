//! The metrics that a watched connection has besides those of its patterns; the README has them as a table.

use steadfast_telemetry::names::{OUTCOME, STATE};
use steadfast_telemetry::{Attribute, Instrument};

/// `amqp_resilient.pool`: a purpose, or a publisher.
pub const POOL: &str = "amqp_resilient.pool";

/// One-hot by [`STATE`].
pub const CONNECTION_STATE: Instrument = Instrument::gauge(
    "amqp_resilient.connection.state",
    "{connection}",
    "1 for the state the connection is in, 0 for the others.",
)
.by(&[Attribute::one_of(
    STATE,
    &[
        "disconnected",
        "connecting",
        "connected",
        "blocked",
        "refused",
        "draining",
        "closed",
    ],
)])
.with_history();
/// Whether the broker asks publishers to pause.
pub const BLOCKED: Instrument = Instrument::gauge(
    "amqp_resilient.blocked",
    "{connection}",
    "1 while the broker blocks the connection, else 0.",
);
/// Connections lost.
pub const LOST: Instrument = Instrument::counter(
    "amqp_resilient.connection.lost",
    "{connection}",
    "Connections that were lost.",
);
/// Times the broker blocked the connection.
pub const BLOCKS: Instrument = Instrument::counter(
    "amqp_resilient.connection.blocks",
    "{block}",
    "Times the broker blocked the connection.",
);
/// When the next attempt to connect is due. Absent unless the connection waits for one.
pub const RETRY_IN: Instrument = Instrument::gauge_f64(
    "amqp_resilient.connection.retry_in",
    "s",
    "In how long the next attempt to connect begins.",
);
/// How long the connection's secret is good for. Absent if it does not run out, and while it is down.
pub const SECRET_EXPIRES_IN: Instrument = Instrument::gauge_f64(
    "amqp_resilient.secret.expires_in",
    "s",
    "How long the secret of the present connection is good for.",
);
/// Attempts to connect by [`OUTCOME`].
pub const RECONNECTS: Instrument = Instrument::counter(
    "amqp_resilient.reconnects",
    "{attempt}",
    "Attempts to connect that ended, the first included, by outcome.",
)
.by(&[Attribute::one_of(
    OUTCOME,
    &["connected", "failed", "refused"],
)]);
/// Secrets replaced by [`OUTCOME`].
pub const SECRET_REFRESHES: Instrument = Instrument::counter(
    "amqp_resilient.secret.refreshes",
    "{secret}",
    "New secrets for the broker before the old ones ran out, by outcome.",
)
.by(&[Attribute::one_of(OUTCOME, &["refreshed", "failed"])]);
/// What the topology lacks by [`OUTCOME`].
pub const TOPOLOGY_FAILED: Instrument = Instrument::gauge(
    "amqp_resilient.topology.failed",
    "{entity}",
    "Entities of the topology that are not as it says, by outcome: failed or skipped.",
)
.by(&[Attribute::one_of(OUTCOME, &["failed", "skipped"])]);
/// Places taken by [`POOL`].
pub const POOL_IN_USE: Instrument = Instrument::up_down_counter(
    "amqp_resilient.channel_pool.in_use",
    "{channel}",
    "Places for channels that are taken, by pool.",
)
.by(&[Attribute::any(POOL)]);
/// Idle channels by [`POOL`].
pub const POOL_IDLE: Instrument = Instrument::up_down_counter(
    "amqp_resilient.channel_pool.idle",
    "{channel}",
    "Open channels that nobody uses, by pool.",
)
.by(&[Attribute::any(POOL)]);
/// Callers in line by [`POOL`].
pub const POOL_WAITING: Instrument = Instrument::up_down_counter(
    "amqp_resilient.channel_pool.waiting",
    "{call}",
    "Callers that wait for a channel, by pool.",
)
.by(&[Attribute::any(POOL)]);
/// Channels opened by [`POOL`].
pub const POOL_OPENED: Instrument = Instrument::counter(
    "amqp_resilient.channel_pool.opened",
    "{channel}",
    "Channels opened, by pool.",
)
.by(&[Attribute::any(POOL)]);
/// Checkouts that needed no new channel, by [`POOL`].
pub const POOL_REUSED: Instrument = Instrument::counter(
    "amqp_resilient.channel_pool.reused",
    "{channel}",
    "Channels given out that were open already, by pool.",
)
.by(&[Attribute::any(POOL)]);
/// Channels gone by [`POOL`].
pub const POOL_DISCARDED: Instrument = Instrument::counter(
    "amqp_resilient.channel_pool.discarded",
    "{channel}",
    "Channels that were let go of, by pool.",
)
.by(&[Attribute::any(POOL)]);
/// Messages in flight.
pub const PUBLISH_IN_FLIGHT: Instrument = Instrument::up_down_counter(
    "amqp_resilient.publish.in_flight",
    "{message}",
    "Messages that are being published.",
)
.with_history();
/// Messages in the buffers.
pub const PUBLISH_BUFFERED: Instrument = Instrument::up_down_counter(
    "amqp_resilient.publish.buffered",
    "{message}",
    "Messages that wait for their turn.",
)
.with_history();
/// Bytes held.
pub const PUBLISH_HELD_BYTES: Instrument = Instrument::up_down_counter(
    "amqp_resilient.publish.held",
    "By",
    "Size of the messages in flight and waiting, rounded up.",
);
/// What the buffers can hold.
pub const PUBLISH_LIMIT: Instrument = Instrument::up_down_counter(
    "amqp_resilient.publish.limit",
    "{message}",
    "Messages that all publishers together may hold, in flight and waiting.",
);
/// Bytes that the buffers can hold.
pub const PUBLISH_LIMIT_BYTES: Instrument = Instrument::up_down_counter(
    "amqp_resilient.publish.held.limit",
    "By",
    "Bytes that all publishers together may hold.",
);
/// Messages confirmed.
pub const PUBLISH_CONFIRMED: Instrument = messages(
    "amqp_resilient.publish.confirmed",
    "Messages that the broker confirmed.",
)
.with_history();
/// Messages returned.
pub const PUBLISH_RETURNED: Instrument = messages(
    "amqp_resilient.publish.returned",
    "Messages that came back, as no queue took them.",
)
.with_history();
/// Messages rejected.
pub const PUBLISH_NACKED: Instrument = messages(
    "amqp_resilient.publish.nacked",
    "Messages that the broker or a full queue rejected.",
)
.with_history();
/// Messages held up by a blocked connection.
pub const PUBLISH_BLOCKED: Instrument = messages(
    "amqp_resilient.publish.blocked",
    "Messages that were not sent, as the connection was blocked.",
);
/// Messages of which nobody knows.
pub const PUBLISH_AMBIGUOUS: Instrument = messages(
    "amqp_resilient.publish.ambiguous",
    "Messages that were sent and not answered until their deadline.",
)
.with_history();
/// Messages that failed otherwise.
pub const PUBLISH_FAILED: Instrument = messages(
    "amqp_resilient.publish.failed",
    "Messages that failed for another reason.",
)
.with_history();
/// Messages nobody waited for.
pub const PUBLISH_ABANDONED: Instrument = messages(
    "amqp_resilient.publish.abandoned",
    "Messages whose publisher did not wait for the outcome.",
);
/// Messages sent again.
pub const PUBLISH_REPUBLISHED: Instrument = messages(
    "amqp_resilient.publish.republished",
    "Times a message was sent again, as its outcome was not known.",
);

/// Panics of observers.
pub const OBSERVER_PANICS: Instrument = Instrument::counter(
    "amqp_resilient.observer_panics",
    "{panic}",
    "Observers of the connection that panicked.",
);

const fn messages(name: &'static str, description: &'static str) -> Instrument {
    Instrument::counter(name, "{message}", description)
}

/// All of them.
pub const ALL: &[Instrument] = &[
    CONNECTION_STATE,
    BLOCKED,
    LOST,
    BLOCKS,
    RETRY_IN,
    RECONNECTS,
    SECRET_REFRESHES,
    SECRET_EXPIRES_IN,
    TOPOLOGY_FAILED,
    POOL_IN_USE,
    POOL_IDLE,
    POOL_WAITING,
    POOL_OPENED,
    POOL_REUSED,
    POOL_DISCARDED,
    PUBLISH_IN_FLIGHT,
    PUBLISH_BUFFERED,
    PUBLISH_HELD_BYTES,
    PUBLISH_LIMIT,
    PUBLISH_LIMIT_BYTES,
    PUBLISH_CONFIRMED,
    PUBLISH_RETURNED,
    PUBLISH_NACKED,
    PUBLISH_BLOCKED,
    PUBLISH_AMBIGUOUS,
    PUBLISH_FAILED,
    PUBLISH_ABANDONED,
    PUBLISH_REPUBLISHED,
    OBSERVER_PANICS,
];
