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
            Self::Nacked { .. } | Self::Blocked { .. } | Self::Ambiguous { .. } => true,
            Self::Returned(_) | Self::Invalid(_) => false,
            Self::Amqp(error) => error.is_retryable(),
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
            Self::Amqp(error) => Some(error),
            Self::Returned(_) | Self::Nacked { .. } | Self::Blocked { .. } | Self::Invalid(_) => {
                None
            }
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
