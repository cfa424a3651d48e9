//! A ready-made health check.

use std::sync::Arc;
use std::time::Duration;

use steadfast_health::{Check, Outcome, Status};

use crate::connection::ResilientConnection;
use crate::snapshot::{self, Snapshot};
use crate::state::ConnectionState;

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
                    None => gone(),
                    Some((one, None)) => judge(&one),
                    Some((one, Some(other))) => worse(&one, &other),
                }
            }
        })
        .interval(INTERVAL)
    }
}

/// The outcome of two connections: the status of the worse one, and what each has to say under its name.
fn worse(one: &Snapshot, other: &Snapshot) -> Outcome {
    let (first, second) = (judge(one), judge(other));
    let said = [(&one.name, &first), (&other.name, &second)]
        .into_iter()
        .filter_map(|(name, outcome)| Some(format!("{name}: {}", outcome.message()?)))
        .collect::<Vec<_>>()
        .join("; ");
    let outcome = match [first.status(), second.status()]
        .into_iter()
        .max_by_key(badness)
    {
        None | Some(Status::Healthy) => Outcome::healthy(),
        Some(Status::Degraded) => Outcome::degraded(said),
        Some(Status::Unknown) => Outcome::unknown(said),
        Some(Status::Unhealthy) => Outcome::unhealthy(said),
    };
    let details = first.details().iter().map(|(key, it)| (key.clone(), it));
    let others = second.details().iter();
    let others = others.map(|(key, it)| (format!("consuming.{key}"), it));
    let add = |outcome: Outcome, (key, it)| outcome.detail(key, it);
    details.chain(others).fold(outcome, add)
}

fn badness(status: &Status) -> u8 {
    match status {
        Status::Healthy => 0,
        Status::Degraded => 1,
        Status::Unknown => 2,
        Status::Unhealthy => 3,
    }
}

fn gone() -> Outcome {
    Outcome::unknown("connection was dropped")
}

fn judge(snapshot: &Snapshot) -> Outcome {
    let outcome = match &snapshot.state {
        ConnectionState::Connected { .. } => match (&snapshot.secret_error, &snapshot.topology) {
            (Some(error), _) => Outcome::degraded(format!("secret was not refreshed: {error}")),
            (None, Some(report)) if !report.is_complete() => {
                Outcome::degraded(format!("topology is incomplete, {report}"))
            }
            _ => Outcome::healthy(),
        },
        ConnectionState::Blocked { reason, .. } => {
            Outcome::degraded(format!("broker has blocked the connection: {reason}"))
        }
        ConnectionState::Draining | ConnectionState::Closed => {
            return Outcome::unknown("connection was closed");
        }
        ConnectionState::Disconnected
        | ConnectionState::Connecting { .. }
        | ConnectionState::Refused { .. } => {
            let down_for = snapshot.down_for;
            Outcome::unhealthy(match &snapshot.last_error {
                Some(error) => format!("not connected for {down_for:.1?}: {error}"),
                None => format!("not connected for {down_for:.1?}"),
            })
        }
    };
    let outcome = match &snapshot.topology {
        Some(report) => outcome.detail("topology", report),
        None => outcome,
    };
    let outcome = match &snapshot.endpoint {
        Some(endpoint) => outcome.detail("endpoint", endpoint),
        None => outcome,
    };
    outcome
        .detail("state", &snapshot.state)
        .detail("lost", snapshot.totals.lost)
}

/// As the other ready-made checks have it.
const INTERVAL: Duration = Duration::from_secs(5);
