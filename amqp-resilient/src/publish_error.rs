//! Why a message was not confirmed.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use lapin::BasicProperties;

use crate::config_error::FieldError;
use crate::error::AmqpError;

/// Why a message was not confirmed. Every variant but [`Ambiguous`](Self::Ambiguous) is a definite
/// answer: the message was not taken, or not sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum PublishError {
    /// No queue took the message: the broker sent it back.
    Returned(Box<ReturnedMessage>),
    /// The broker could not keep the message, or a full queue rejected it. Where the exchange
    /// routes to several queues, another one may have taken it.
    Nacked {
        /// The message's id.
        message_id: String,
    },
    /// The connection was blocked by the broker until the deadline, and the message was not sent.
    Blocked {
        /// The broker's reason.
        reason: String,
        /// How long the connection had been blocked.
        since: Duration,
    },
    /// The publisher has as many messages, or as many bytes, as it may hold, and the message was not sent.
    BufferFull {
        /// Messages that it holds.
        messages: usize,
        /// Bytes that they take.
        bytes: usize,
        /// How long the message waited for room; zero with
        /// [`Backpressure::FailFast`](crate::Backpressure::FailFast).
        waited: Duration,
    },
    /// The deadline passed while the message waited behind others, and it was not sent.
    Deadline {
        /// How long it waited.
        waited: Duration,
    },
    /// The message is larger than the whole buffer of its publisher, and was not sent.
    TooLarge {
        /// What it takes, properties included.
        bytes: usize,
        /// What the buffer holds.
        limit: usize,
    },
    /// The outcome is not known: the message was sent, no answer to it came, and it may be in the
    /// queue. Sending it again may duplicate it.
    Ambiguous {
        /// The message's id; it was the same in every attempt.
        message_id: String,
        /// How often it was sent.
        attempts: u32,
        /// What ended the last attempt; a plain deadline has no error.
        source: Option<Box<Self>>,
    },
    /// The message breaks a rule of the protocol and was not sent.
    Invalid(FieldError),
    /// The broker was not asked, or it closed the channel because of the message.
    Amqp(AmqpError),
}

impl PublishError {
    /// Whether the message may be in the queue nevertheless.
    #[must_use]
    pub fn may_be_delivered(&self) -> bool {
        matches!(self, Self::Ambiguous { .. })
    }

    /// Whether the same message may be taken later without anybody changing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Nacked { .. }
            | Self::Blocked { .. }
            | Self::BufferFull { .. }
            | Self::Deadline { .. }
            | Self::Ambiguous { .. } => true,
            Self::Returned(_) | Self::TooLarge { .. } | Self::Invalid(_) => false,
            Self::Amqp(error) => error.is_retryable(),
        }
    }

    /// Whether only a change of settings, rights or code can help: no queue takes the message, it breaks a
    /// rule, or the connection's error is permanent.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Returned(_) | Self::TooLarge { .. } | Self::Invalid(_) => true,
            Self::Amqp(error) => error.is_permanent(),
            _ => false,
        }
    }

    /// When to try again, if that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Amqp(error) => error.retry_after(),
            _ => None,
        }
    }

    /// A short, stable name of the kind of error, for metrics: `returned`, `nacked`, ...
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Returned(_) => "returned",
            Self::Nacked { .. } => "nacked",
            Self::Blocked { .. } => "blocked",
            Self::BufferFull { .. } => "buffer_full",
            Self::Deadline { .. } => "deadline",
            Self::TooLarge { .. } => "too_large",
            Self::Ambiguous { .. } => "ambiguous",
            Self::Invalid(_) => "invalid",
            Self::Amqp(error) => error.error_type(),
        }
    }
}

impl From<AmqpError> for PublishError {
    fn from(error: AmqpError) -> Self {
        match error {
            AmqpError::Blocked { reason, since } => Self::Blocked { reason, since },
            error => Self::Amqp(error),
        }
    }
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned(message) => write!(f, "{message}"),
            Self::Nacked { message_id } => write!(f, "broker rejected message {message_id}"),
            Self::Blocked { reason, since } => {
                write!(
                    f,
                    "broker has blocked the connection for {since:.1?}: {reason}"
                )
            }
            Self::BufferFull {
                messages,
                bytes,
                waited,
            } => {
                write!(
                    f,
                    "publisher's buffer is full: {messages} messages of {bytes} bytes"
                )?;
                match *waited {
                    Duration::ZERO => Ok(()),
                    waited => write!(f, ", for {waited:.1?}"),
                }
            }
            Self::Deadline { waited } => {
                write!(
                    f,
                    "message was not sent: its turn did not come within {waited:.1?}"
                )
            }
            Self::TooLarge { bytes, limit } => write!(
                f,
                "message takes {bytes} bytes, and the publisher's whole buffer {limit}"
            ),
            Self::Ambiguous {
                message_id,
                attempts,
                source,
            } => {
                write!(f, "message {message_id} may or may not be delivered: ")?;
                match source {
                    Some(error) => write!(f, "{error}")?,
                    None => f.write_str("no answer")?,
                }
                write!(f, ", after {attempts} attempts")
            }
            Self::Invalid(field) => write!(f, "message cannot be sent: {field}"),
            Self::Amqp(error) => write!(f, "{error}"),
        }
    }
}

impl StdError for PublishError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Ambiguous { source, .. } => source.as_deref().map(|error| error as _),
            // It says what that one says, so it is followed by what follows that one.
            Self::Amqp(error) => error.source(),
            Self::Returned(_)
            | Self::Nacked { .. }
            | Self::Blocked { .. }
            | Self::BufferFull { .. }
            | Self::Deadline { .. }
            | Self::TooLarge { .. }
            | Self::Invalid(_) => None,
        }
    }
}

/// A message that the broker sent back because no queue took it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ReturnedMessage {
    /// The message's id.
    pub message_id: String,
    /// The AMQP reply code: 312 for no route.
    pub reply_code: u16,
    /// The broker's words.
    pub reply_text: String,
    /// The exchange it was sent to.
    pub exchange: String,
    /// Its routing key.
    pub routing_key: String,
    /// Its body, as it came back.
    pub body: Vec<u8>,
    /// Its properties, as they came back.
    pub properties: BasicProperties,
}

impl fmt::Display for ReturnedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "message {} was returned by exchange {:?} for routing key {:?} with {}: {}",
            self.message_id, self.exchange, self.routing_key, self.reply_code, self.reply_text
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Vec<(PublishError, &'static str, bool, bool)> {
        let second = Duration::from_secs(1);
        let returned = ReturnedMessage {
            message_id: "m".into(),
            reply_code: 312,
            reply_text: "NO_ROUTE".into(),
            exchange: String::new(),
            routing_key: "q".into(),
            body: Vec::new(),
            properties: BasicProperties::default(),
        };
        let blocked = PublishError::Blocked {
            reason: "low on memory".into(),
            since: second,
        };
        let open = AmqpError::CircuitOpen {
            retry_after: second,
            last: None,
        };
        vec![
            (
                PublishError::Returned(Box::new(returned)),
                "returned",
                false,
                true,
            ),
            (
                PublishError::Nacked {
                    message_id: "m".into(),
                },
                "nacked",
                true,
                false,
            ),
            (blocked.clone(), "blocked", true, false),
            (
                PublishError::BufferFull {
                    messages: 1,
                    bytes: 2,
                    waited: second,
                },
                "buffer_full",
                true,
                false,
            ),
            (
                PublishError::Deadline { waited: second },
                "deadline",
                true,
                false,
            ),
            (
                PublishError::TooLarge { bytes: 2, limit: 1 },
                "too_large",
                false,
                true,
            ),
            (
                PublishError::Ambiguous {
                    message_id: "m".into(),
                    attempts: 2,
                    source: Some(Box::new(blocked)),
                },
                "ambiguous",
                true,
                false,
            ),
            (
                PublishError::Invalid(FieldError::new("header", &"x", "must be y")),
                "invalid",
                false,
                true,
            ),
            (PublishError::Amqp(open), "circuit_open", true, false),
            (PublishError::Amqp(AmqpError::Closed), "closed", false, true),
        ]
    }

    #[test]
    fn each_error_says_whether_to_try_again_and_whether_it_may_be_there() {
        for (error, name, retryable, permanent) in table() {
            assert_eq!(error.error_type(), name);
            assert_eq!(error.is_retryable(), retryable, "{name}");
            assert_eq!(error.is_permanent(), permanent, "{name}");
            assert_eq!(error.may_be_delivered(), name == "ambiguous", "{name}");
            let retry_after = (name == "circuit_open").then_some(Duration::from_secs(1));
            assert_eq!(error.retry_after(), retry_after, "{name}");
            assert_eq!(error.source().is_some(), name == "ambiguous", "{name}");
            assert!(!error.to_string().contains('\n'));
        }
    }
}
