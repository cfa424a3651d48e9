//! Why there is no node, and why a node did not do what it was asked.

use std::{error, fmt, time::Duration};

/// Why a private RabbitMQ node could not be started.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unavailable {
    /// There is no RabbitMQ on this machine.
    NotInstalled,
    /// RabbitMQ is there, but its processes, ports or directory could not be set up.
    Setup {
        /// What was tried, and what the system said.
        reason: String,
    },
    /// The node's process ended while it was starting.
    Died {
        /// The end of what it printed and logged.
        log: String,
    },
    /// The node did not answer an AMQP handshake in time.
    NotReady {
        /// How long it was given.
        within: Duration,
        /// The end of what it printed and logged.
        log: String,
    },
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInstalled => f.write_str(
                "rabbitmq is not on this machine; on Debian: apt-get install --no-install-recommends rabbitmq-server",
            ),
            Self::Setup { reason } => write!(f, "rabbitmq node cannot be set up: {reason}"),
            Self::Died { log } => {
                write!(f, "rabbitmq node ended while starting: {}", first_line(log.lines().rev()))
            }
            Self::NotReady { within, log } => write!(
                f,
                "rabbitmq node was not ready within {within:?}: {}",
                first_line(log.lines().rev())
            ),
        }
    }
}

impl error::Error for Unavailable {}

/// Why a running node's answer is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeError {
    asked: String,
    reason: String,
}

impl NodeError {
    pub(crate) fn new(asked: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            asked: asked.into(),
            reason: reason.into(),
        }
    }

    /// All that the node, or the command sent to it, said. `Display` shows the first line of it.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "rabbitmq node, asked for {}: {}",
            self.asked, self.reason
        )
    }
}

impl error::Error for NodeError {}

fn first_line<'a>(lines: impl Iterator<Item = &'a str>) -> &'a str {
    let mut lines = lines.map(str::trim);
    lines
        .find(|line| !line.is_empty())
        .unwrap_or("it said nothing")
}
