//! How a connection is, in a word and a sentence.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::connection::ResilientConnection;
use crate::error::AmqpError;
use crate::snapshot::{self, Snapshot};
use crate::state::{ConnectionState, Epoch};

/// How a connection is, in a word. Those that compare as greater are worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Condition {
    /// Up, with everything that there should be at the broker.
    Healthy,
    /// Up, and blocked by the broker, or without some of the topology, or with a secret that runs out and could
    /// not be refreshed.
    Degraded,
    /// Closed by this program.
    Closed,
    /// Down.
    Unhealthy,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Closed => "closed",
            Self::Unhealthy => "unhealthy",
        })
    }
}

/// How a connection is at one moment, as told by [`ResilientConnection::health`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Health {
    /// In a word: that of the worse one, once there is a connection for consuming too.
    pub condition: Condition,
    /// In a sentence, unless it is healthy: what is wrong, with which of the two, and for how long.
    pub message: Option<String>,
    /// The state.
    pub state: ConnectionState,
    /// How long it has been in this state.
    pub since: Duration,
    /// The epoch, while it is up.
    pub epoch: Option<Epoch>,
    /// Why it last went down, or why the last attempt to connect failed. Stays after a reconnection.
    pub last_error: Option<Arc<AmqpError>>,
}

impl ResilientConnection {
    /// How the connection is, and since when. It reads what is known: it asks nothing of the broker, waits for
    /// nothing and makes no connection, so it may be called as often as is convenient. To ask the broker, there
    /// is [`probe`](Self::probe).
    ///
    /// State, epoch and last error are those of this connection; the condition is about the connection for
    /// consuming as well, once there is one.
    ///
    /// # Examples
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use steadfast_amqp::{Condition, ResilientConnection};
    ///
    /// let connection = ResilientConnection::builder("orders").connect_lazy()?;
    /// let health = connection.health();
    /// assert_eq!(health.condition, Condition::Unhealthy);
    /// assert!(health.message.unwrap().starts_with("not connected for"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn health(&self) -> Health {
        let one = snapshot::take(self.hub());
        let other = self.other().map(|hub| snapshot::take(&hub));
        let (condition, message) = both(&one, other.as_ref());
        Health {
            condition,
            message,
            state: one.state,
            since: one.in_state_for,
            epoch: one.epoch,
            last_error: one.last_error,
        }
    }
}

/// The condition of two connections: that of the worse one, and what each has to say under its name.
pub(crate) fn both(one: &Snapshot, other: Option<&Snapshot>) -> (Condition, Option<String>) {
    let (first, said) = of(one);
    let Some(other) = other else {
        return (first, said);
    };
    let (second, also_said) = of(other);
    let said: Vec<_> = [(&one.name, said), (&other.name, also_said)]
        .into_iter()
        .filter_map(|(name, said)| Some(format!("{name}: {}", said?)))
        .collect();
    (
        first.max(second),
        (!said.is_empty()).then(|| said.join("; ")),
    )
}

fn of(snapshot: &Snapshot) -> (Condition, Option<String>) {
    let (condition, message) = match &snapshot.state {
        ConnectionState::Connected { .. } => match (&snapshot.secret_error, &snapshot.topology) {
            (Some(error), _) => {
                let message = format!("secret was not refreshed: {error}");
                (Condition::Degraded, message)
            }
            (None, Some(report)) if !report.is_complete() => {
                let message = format!("topology is incomplete, {report}");
                (Condition::Degraded, message)
            }
            _ => return (Condition::Healthy, None),
        },
        ConnectionState::Blocked { reason, .. } => {
            let message = format!("broker has blocked the connection: {reason}");
            (Condition::Degraded, message)
        }
        ConnectionState::Draining | ConnectionState::Closed => {
            (Condition::Closed, "connection was closed".to_owned())
        }
        ConnectionState::Disconnected
        | ConnectionState::Connecting { .. }
        | ConnectionState::Refused { .. } => {
            let mut message = format!("not connected for {:.1?}", snapshot.down_for);
            if let Some(error) = &snapshot.last_error {
                message.push_str(&format!(": {error}"));
            }
            (Condition::Unhealthy, message)
        }
    };
    (condition, Some(message))
}
