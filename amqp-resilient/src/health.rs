//! A ready-made health check.

use std::sync::Arc;
use std::time::Duration;

use steadfast_health::{Check, Outcome};

use crate::condition::{self, Condition};
use crate::connection::ResilientConnection;
use crate::snapshot::{self, Snapshot};

impl ResilientConnection {
    /// A check named `amqp/<name>`: connected is healthy, blocked is degraded, down is unhealthy,
    /// and a connection that this program closed or dropped is unknown. Connected with a topology of which
    /// something was refused is degraded, and each such entity is named; so is connected with a secret that
    /// runs out and could not be refreshed. Required; looks every 5 s.
    ///
    /// It is about both connections, once there is one for consuming: the worse of them decides, and the
    /// message names it. The check of the [view](Self::consuming) is about that one alone.
    ///
    /// It reads a snapshot: it asks nothing of the broker, never connects, and does not keep the
    /// connection open. A connection that comes back within a moment is unhealthy for that moment;
    /// [`Check::unhealthy_after`] damps that.
    #[cfg_attr(docsrs, doc(cfg(feature = "health")))]
    pub fn health_check(&self) -> Check {
        let pair = Arc::downgrade(self.pair());
        let hub = Arc::downgrade(self.hub());
        Check::new(format!("amqp/{}", self.name()), move || {
            let snapshots = hub.upgrade().map(|hub| {
                let other = pair.upgrade().and_then(|pair| pair.other());
                let other = other.filter(|other| !Arc::ptr_eq(other, &hub));
                (snapshot::take(&hub), other.map(|hub| snapshot::take(&hub)))
            });
            async {
                match snapshots {
                    None => Outcome::unknown("connection was dropped"),
                    Some((one, other)) => outcome(&one, other.as_ref()),
                }
            }
        })
        .interval(INTERVAL)
    }
}

fn outcome(one: &Snapshot, other: Option<&Snapshot>) -> Outcome {
    let (condition, message) = condition::both(one, other);
    let message = message.unwrap_or_default();
    let outcome = match condition {
        Condition::Healthy => Outcome::healthy(),
        Condition::Degraded => Outcome::degraded(message),
        Condition::Closed => Outcome::unknown(message),
        Condition::Unhealthy => Outcome::unhealthy(message),
    };
    let outcome = with_details(outcome, "", one);
    match other {
        Some(other) => with_details(outcome, "consuming.", other),
        None => outcome,
    }
}

/// Adds what is to be seen of a connection, under its prefix.
fn with_details(mut outcome: Outcome, prefix: &str, snapshot: &Snapshot) -> Outcome {
    if let Some(report) = &snapshot.topology {
        outcome = outcome.detail(format!("{prefix}topology"), report);
    }
    if let Some(endpoint) = &snapshot.endpoint {
        outcome = outcome.detail(format!("{prefix}endpoint"), endpoint);
    }
    outcome
        .detail(format!("{prefix}state"), &snapshot.state)
        .detail(format!("{prefix}lost"), snapshot.totals.lost)
}

/// As the other ready-made checks have it.
const INTERVAL: Duration = Duration::from_secs(5);
