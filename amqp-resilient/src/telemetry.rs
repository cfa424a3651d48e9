//! The connection as a source of metrics and events.

use std::sync::Arc;

use steadfast_telemetry::names::{OUTCOME, STATE};
use steadfast_telemetry::{
    AmqpConnection, AmqpState, EventKind, EventSink, Instrument, Samples, Source, Telemetry, Watch,
};

use crate::connection::ResilientConnection;
use crate::hub::Hub;
use crate::observer::StateChange;
use crate::snapshot::ChannelPoolSnapshot;
use crate::state::ConnectionState;

/// Watches both connections, their circuit breakers and retries, and the bulkheads of all their pools, those
/// included that there are not yet.
#[cfg_attr(docsrs, doc(cfg(feature = "telemetry")))]
impl Watch for ResilientConnection {
    fn watched_by(&self, telemetry: &Telemetry) {
        telemetry.watch(self.pair().primary());
        // One that is made from now on is watched by the primary one's sinks.
        if let Some(other) = self.pair().other() {
            telemetry.watch(&other);
        }
    }
}

impl Source for Hub {
    fn name(&self) -> &str {
        &self.name
    }

    fn instruments(&self) -> &'static [Instrument] {
        INSTRUMENTS
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let (now, totals) = self.read(|link| (link.state().name(), link.totals()));
        for state in STATES {
            let is = u64::from(state == now);
            samples.record(&CONNECTION_STATE, is, &[(STATE, state)]);
        }
        samples.record(&BLOCKED, u64::from(now == "blocked"), &[]);
        samples.record(&LOST, totals.lost, &[]);
        for (outcome, count) in [
            ("refreshed", totals.secrets_refreshed),
            ("failed", totals.refreshes_failed),
        ] {
            samples.record(&SECRET_REFRESHES, count, &[(OUTCOME, outcome)]);
        }
        for (outcome, count) in [
            ("connected", totals.connected),
            ("failed", totals.failed - totals.refused),
            ("refused", totals.refused),
        ] {
            samples.record(&RECONNECTS, count, &[(OUTCOME, outcome)]);
        }
        self.collect_pools(samples);
        self.collect_publishes(samples);
    }

    fn watched(&self, sink: EventSink) {
        let sinks = &self.pools.sinks;
        sinks.add(sink);
        sinks.watch(&self.breaker);
        sinks.watch(&self.retry);
        for pool in self.pools.of_purposes() {
            sinks.watch(pool.bulkhead());
        }
        for publisher in self.pools.publishers() {
            sinks.watch(publisher.bulkhead());
        }
    }
}

impl Hub {
    fn collect_pools(&self, samples: &mut Samples<'_>) {
        let prefix = self.name.len() + "/".len();
        let mut of_pool = |pool: &ChannelPoolSnapshot| {
            let name = pool.bulkhead.name.get(prefix..).unwrap_or_default();
            let attributes = [(POOL, name)];
            samples.record(&POOL_IN_USE, pool.bulkhead.busy as u64, &attributes);
            samples.record(&POOL_IDLE, pool.idle as u64, &attributes);
            samples.record(&POOL_WAITING, pool.bulkhead.waiting as u64, &attributes);
        };
        for pool in self.pools.of_purposes() {
            of_pool(&pool.snapshot());
        }
        let (mut in_flight, mut buffered, mut bytes) = (0, 0, 0);
        for publisher in self.pools.publishers() {
            of_pool(&publisher.lanes.pool().snapshot());
            let busy = publisher.places.snapshot().busy;
            in_flight += busy;
            buffered += publisher.held().saturating_sub(busy);
            bytes += publisher.buffer.held_bytes();
        }
        samples.record(&PUBLISH_IN_FLIGHT, in_flight as u64, &[]);
        samples.record(&PUBLISH_BUFFERED, buffered as u64, &[]);
        samples.record(&PUBLISH_HELD_BYTES, bytes as u64, &[]);
    }

    fn collect_publishes(&self, samples: &mut Samples<'_>) {
        let totals = self.publishes.read();
        for (instrument, count) in [
            (&PUBLISH_CONFIRMED, totals.confirmed),
            (&PUBLISH_RETURNED, totals.returned),
            (&PUBLISH_NACKED, totals.nacked),
            (&PUBLISH_BLOCKED, totals.blocked),
            (&PUBLISH_AMBIGUOUS, totals.ambiguous),
            (&PUBLISH_FAILED, totals.failed),
            (&PUBLISH_ABANDONED, totals.abandoned),
            (&PUBLISH_REPUBLISHED, totals.republished),
        ] {
            samples.record(instrument, count, &[]);
        }
    }
}

/// Tells the event handlers of a change of state. They know no refusal, which to them is one of the
/// reasons for being down, and no draining.
pub(crate) fn push(hub: &Hub, change: &StateChange) {
    let state = match change.to {
        ConnectionState::Connecting { .. } => AmqpState::Connecting,
        ConnectionState::Connected { .. } => AmqpState::Connected,
        ConnectionState::Blocked { .. } => AmqpState::Blocked,
        ConnectionState::Disconnected | ConnectionState::Refused { .. } => AmqpState::Disconnected,
        ConnectionState::Draining => return,
        ConnectionState::Closed => AmqpState::Closed,
    };
    hub.pools.sinks.push(EventKind::AmqpConnection, || {
        let event = AmqpConnection::new(Arc::clone(&hub.name), state);
        let event = match hub.read(|link| link.endpoint().cloned()) {
            Some(endpoint) => event.endpoint(format!("{}:{}", endpoint.host(), endpoint.port())),
            None => event,
        };
        match (&change.to, &change.error) {
            (ConnectionState::Blocked { reason, .. }, _) => event.reason(reason.as_str()),
            (_, Some(error)) => event.reason(error.to_string()),
            (_, None) => event,
        }
    });
}

const STATES: [&str; 7] = [
    "disconnected",
    "connecting",
    "connected",
    "blocked",
    "refused",
    "draining",
    "closed",
];

/// The attribute that names a pool: a purpose, or a publisher.
const POOL: &str = "amqp_resilient.pool";

const CONNECTION_STATE: Instrument = Instrument::gauge(
    "amqp_resilient.connection.state",
    "{connection}",
    "1 for the state the connection is in, 0 for the others.",
);
const BLOCKED: Instrument = Instrument::gauge(
    "amqp_resilient.blocked",
    "{connection}",
    "1 while the broker blocks the connection, else 0.",
);
const LOST: Instrument = Instrument::counter(
    "amqp_resilient.connection.lost",
    "{connection}",
    "Connections that were lost.",
);
const RECONNECTS: Instrument = Instrument::counter(
    "amqp_resilient.reconnects",
    "{attempt}",
    "Attempts to connect that ended, the first included, by outcome.",
);
const SECRET_REFRESHES: Instrument = Instrument::counter(
    "amqp_resilient.secret.refreshes",
    "{secret}",
    "New secrets for the broker before the old ones ran out, by outcome.",
);
const POOL_IN_USE: Instrument = Instrument::up_down_counter(
    "amqp_resilient.channel_pool.in_use",
    "{channel}",
    "Places for channels that are taken, by pool.",
);
const POOL_IDLE: Instrument = Instrument::up_down_counter(
    "amqp_resilient.channel_pool.idle",
    "{channel}",
    "Open channels that nobody uses, by pool.",
);
const POOL_WAITING: Instrument = Instrument::up_down_counter(
    "amqp_resilient.channel_pool.waiting",
    "{call}",
    "Callers that wait for a channel, by pool.",
);
const PUBLISH_IN_FLIGHT: Instrument = Instrument::up_down_counter(
    "amqp_resilient.publish.in_flight",
    "{message}",
    "Messages that are being published.",
);
const PUBLISH_BUFFERED: Instrument = Instrument::up_down_counter(
    "amqp_resilient.publish.buffered",
    "{message}",
    "Messages that wait for their turn.",
);
const PUBLISH_HELD_BYTES: Instrument = Instrument::up_down_counter(
    "amqp_resilient.publish.held",
    "By",
    "Size of the messages in flight and waiting, rounded up.",
);
const PUBLISH_CONFIRMED: Instrument = messages(
    "amqp_resilient.publish.confirmed",
    "Messages that the broker confirmed.",
);
const PUBLISH_RETURNED: Instrument = messages(
    "amqp_resilient.publish.returned",
    "Messages that came back, as no queue took them.",
);
const PUBLISH_NACKED: Instrument = messages(
    "amqp_resilient.publish.nacked",
    "Messages that the broker or a full queue rejected.",
);
const PUBLISH_BLOCKED: Instrument = messages(
    "amqp_resilient.publish.blocked",
    "Messages that were not sent, as the connection was blocked.",
);
const PUBLISH_AMBIGUOUS: Instrument = messages(
    "amqp_resilient.publish.ambiguous",
    "Messages that were sent and not answered until their deadline.",
);
const PUBLISH_FAILED: Instrument = messages(
    "amqp_resilient.publish.failed",
    "Messages that failed for another reason.",
);
const PUBLISH_ABANDONED: Instrument = messages(
    "amqp_resilient.publish.abandoned",
    "Messages whose publisher did not wait for the outcome.",
);
const PUBLISH_REPUBLISHED: Instrument = messages(
    "amqp_resilient.publish.republished",
    "Times a message was sent again, as its outcome was not known.",
);

const fn messages(name: &'static str, description: &'static str) -> Instrument {
    Instrument::counter(name, "{message}", description)
}

const INSTRUMENTS: &[Instrument] = &[
    CONNECTION_STATE,
    BLOCKED,
    LOST,
    RECONNECTS,
    SECRET_REFRESHES,
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
