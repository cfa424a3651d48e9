//! Errors in words.

use std::fmt;

use super::AmqpError;

impl fmt::Display for AmqpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => write!(f, "{error}"),
            Self::CircuitOpen { retry_after, last } => {
                f.write_str("connection is down and its circuit breaker is open")?;
                because(f, last.as_deref())?;
                write!(f, "; next attempt in {retry_after:.1?}")
            }
            Self::PoolFull {
                concurrent,
                waiting,
            } => write!(
                f,
                "channel pool is full: {concurrent} channels in use, {waiting} callers waiting"
            ),
            Self::CheckoutTimeout { waited } => {
                write!(f, "no channel became free within {waited:.1?}")
            }
            Self::Disconnected { since, last } => {
                write!(f, "not connected for {since:.1?}")?;
                because(f, last.as_deref())
            }
            Self::ConnectTimeout {
                endpoint,
                step,
                others,
            } => {
                write!(f, "timed out connecting to {endpoint}: {step}")?;
                so_did(f, others)
            }
            Self::Connect {
                endpoint,
                source,
                others,
            } => {
                write!(f, "cannot reach {endpoint}: {source}")?;
                so_did(f, others)
            }
            Self::Refused {
                endpoint,
                kind,
                source,
                others,
            } => {
                write!(f, "{kind} ({endpoint}): {source}")?;
                so_did(f, others)
            }
            Self::Resolver { failure } => write!(f, "resolver of endpoints {failure}"),
            Self::Credentials { failure } => write!(f, "credentials provider {failure}"),
            Self::SecretTimeout { waited } => {
                write!(f, "broker did not take a new secret within {waited:.1?}")
            }
            Self::ChannelClosed { code, text } => {
                write!(f, "broker closed the channel with {code}: {text}")
            }
            Self::ChannelTimeout { waited } => {
                write!(f, "broker did not open a channel within {waited:.1?}")
            }
            Self::ChannelHook { purpose, failure } => {
                write!(f, "hook for new channels ({purpose}) {failure}")
            }
            Self::ChannelLimit => {
                f.write_str("connection has as many channels as the broker allows")
            }
            Self::DeclareTimeout { waited } => {
                write!(f, "broker did not answer within {waited:.1?}")
            }
            Self::Topology(report) => write!(f, "topology is incomplete, {report}"),
            Self::Blocked { reason, since } => {
                write!(
                    f,
                    "broker has blocked the connection for {since:.1?}: {reason}"
                )
            }
            Self::Reconnect { reason } => write!(f, "made anew as asked: {reason}"),
            Self::Closed => f.write_str("connection is closed"),
            Self::Lapin(error) => write!(f, "{error}"),
        }
    }
}

fn because(f: &mut fmt::Formatter<'_>, last: Option<&AmqpError>) -> fmt::Result {
    last.map_or(Ok(()), |last| write!(f, ", {last}"))
}

fn so_did(f: &mut fmt::Formatter<'_>, others: &[AmqpError]) -> fmt::Result {
    match others.len() {
        0 => Ok(()),
        1 => f.write_str("; 1 other endpoint failed too"),
        count => write!(f, "; {count} other endpoints failed too"),
    }
}
