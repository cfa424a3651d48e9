//! The connection as a source of metrics and events.

use std::sync::Arc;

use steadfast_telemetry::names::{OUTCOME, STATE};
use steadfast_telemetry::{
    AmqpConnection, AmqpState, EventKind, EventSink, Instrument, Notes, Samples, Source, Telemetry,
    Watch,
};

use crate::clock;
use crate::connection::ResilientConnection;
use crate::hub::Hub;
use crate::metrics::*;
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

    fn kind(&self) -> &'static str {
        "amqp_connection"
    }

    fn instruments(&self) -> &'static [Instrument] {
        ALL
    }

    fn describe(&self, notes: &mut Notes) {
        let now = clock::now();
        let (state, endpoint, error) = self.read(|link| {
            notes.seconds("in_state_for_seconds", link.in_state_for(now));
            notes.seconds("retry_in_seconds", link.retry_in(now));
            let (endpoint, error) = (link.endpoint().cloned(), link.last_error().cloned());
            (link.state().clone(), endpoint, error)
        });
        notes.text("state", state.name());
        if let Some(endpoint) = endpoint {
            let address = format!("{}:{}", endpoint.host(), endpoint.port());
            notes.text("endpoint", address);
        }
        if let Some(error) = error {
            notes.text("last_error", error);
        }
        if let ConnectionState::Blocked { reason, .. } = state {
            notes.text("blocked_reason", reason);
        }
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let at = clock::now();
        let (now, totals, waits, secret) = self.read(|link| {
            let (waits, secret) = (link.retry_in(at), link.secret_expires_in(at));
            (link.state().name(), link.totals(), waits, secret)
        });
        for state in STATES {
            let is = u64::from(state == now);
            samples.record(&CONNECTION_STATE, is, &[(STATE, state)]);
        }
        samples.record(&BLOCKED, u64::from(now == "blocked"), &[]);
        samples.record(&LOST, totals.lost, &[]);
        samples.record(&BLOCKS, totals.blocked, &[]);
        for (instrument, time) in [(&RETRY_IN, waits), (&SECRET_EXPIRES_IN, secret)] {
            if let Some(time) = time {
                samples.record_f64(instrument, time.as_secs_f64(), &[]);
            }
        }
        samples.record(&OBSERVER_PANICS, self.observers.panics(), &[]);
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
        self.collect_topology(samples);
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
    fn collect_topology(&self, samples: &mut Samples<'_>) {
        let report = self.read(|link| link.topology().cloned());
        let counts = report.map(|report| (report.failed.len(), report.skipped.len()));
        let (failed, skipped) = counts.unwrap_or_default();
        for (outcome, count) in [("failed", failed), ("skipped", skipped)] {
            samples.record(&TOPOLOGY_FAILED, count as u64, &[(OUTCOME, outcome)]);
        }
    }

    fn collect_pools(&self, samples: &mut Samples<'_>) {
        let prefix = self.name.len() + "/".len();
        let mut of_pool = |pool: &ChannelPoolSnapshot| {
            let name = pool.bulkhead.name.get(prefix..).unwrap_or_default();
            let attributes = [(POOL, name)];
            samples.record(&POOL_IN_USE, pool.bulkhead.busy as u64, &attributes);
            samples.record(&POOL_IDLE, pool.idle as u64, &attributes);
            samples.record(&POOL_OPENED, pool.opened, &attributes);
            samples.record(&POOL_REUSED, pool.reused, &attributes);
            samples.record(&POOL_DISCARDED, pool.discarded, &attributes);
            samples.record(&POOL_WAITING, pool.bulkhead.waiting as u64, &attributes);
        };
        for pool in self.pools.of_purposes() {
            of_pool(&pool.snapshot());
        }
        let (mut in_flight, mut buffered, mut bytes) = (0, 0, 0);
        let (mut most, mut most_bytes) = (0_u64, 0_u64);
        for publisher in self.pools.publishers() {
            of_pool(&publisher.lanes.pool().snapshot());
            let busy = publisher.places.snapshot().busy;
            in_flight += busy;
            buffered += publisher.held().saturating_sub(busy);
            bytes += publisher.buffer.held_bytes();
            let (messages, bytes) = publisher.buffer.limits();
            // A limit may be as good as none.
            most = most.saturating_add(messages as u64);
            most_bytes = most_bytes.saturating_add(bytes as u64);
        }
        samples.record(&PUBLISH_IN_FLIGHT, in_flight as u64, &[]);
        samples.record(&PUBLISH_BUFFERED, buffered as u64, &[]);
        samples.record(&PUBLISH_HELD_BYTES, bytes as u64, &[]);
        samples.record(&PUBLISH_LIMIT, most, &[]);
        samples.record(&PUBLISH_LIMIT_BYTES, most_bytes, &[]);
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
