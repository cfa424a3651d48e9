//! The names of messaging clients: those of OpenTelemetry's messaging conventions 1.44 for RabbitMQ.

use super::{ERROR_TYPE, SERVER_ADDRESS, SERVER_PORT};
use crate::attribute::Attribute;
use crate::instrument::Instrument;

/// `messaging.system`: `rabbitmq`.
pub const MESSAGING_SYSTEM: &str = "messaging.system";
/// `messaging.operation.name`: `publish`.
pub const MESSAGING_OPERATION_NAME: &str = "messaging.operation.name";
/// `messaging.operation.type`: `send`.
pub const MESSAGING_OPERATION_TYPE: &str = "messaging.operation.type";
/// `messaging.destination.name`: of spans the exchange and the routing key, of metrics the exchange.
pub const MESSAGING_DESTINATION_NAME: &str = "messaging.destination.name";
/// `messaging.destination.template`: the destination with placeholders, if the caller gave it.
pub const MESSAGING_DESTINATION_TEMPLATE: &str = "messaging.destination.template";
/// `messaging.rabbitmq.destination.routing_key`: unless it is empty.
pub const MESSAGING_RABBITMQ_DESTINATION_ROUTING_KEY: &str =
    "messaging.rabbitmq.destination.routing_key";
/// `messaging.message.id`: the same each time the message is sent.
pub const MESSAGING_MESSAGE_ID: &str = "messaging.message.id";
/// `messaging.message.conversation_id`: AMQP's correlation id.
pub const MESSAGING_MESSAGE_CONVERSATION_ID: &str = "messaging.message.conversation_id";
/// `messaging.message.body.size`: in bytes, if
/// [`message_body_size`](crate::Builder::message_body_size) asks for it.
pub const MESSAGING_MESSAGE_BODY_SIZE: &str = "messaging.message.body.size";

/// The span event of a message that is handed to the broker, the first time or again, with
/// [`ATTEMPTS`](super::ATTEMPTS).
pub const SENT_EVENT: &str = "resilience.sent";

/// Operations as their callers see them, waits and re-sends included: what their spans take.
pub const MESSAGING_CLIENT_OPERATION_DURATION: Instrument = Instrument::duration(
    "messaging.client.operation.duration",
    "Duration of messaging operations, from the call to the answer, re-sends included.",
)
.by(&[
    Attribute::any(MESSAGING_SYSTEM),
    Attribute::any(MESSAGING_OPERATION_NAME),
    Attribute::any(MESSAGING_OPERATION_TYPE),
    Attribute::any(MESSAGING_DESTINATION_NAME).optional(),
    Attribute::any(MESSAGING_DESTINATION_TEMPLATE).optional(),
    Attribute::any(SERVER_ADDRESS).optional(),
    Attribute::any(SERVER_PORT).optional(),
    Attribute::any(ERROR_TYPE).optional(),
]);
/// Attempts: a message that was sent again counts again, under what became of each.
pub const MESSAGING_CLIENT_SENT_MESSAGES: Instrument = Instrument::counter(
    "messaging.client.sent.messages",
    "{message}",
    "Messages handed to the broker, each time they were.",
)
.by(&[
    Attribute::any(MESSAGING_SYSTEM),
    Attribute::any(MESSAGING_OPERATION_NAME),
    Attribute::any(MESSAGING_DESTINATION_NAME).optional(),
    Attribute::any(MESSAGING_DESTINATION_TEMPLATE).optional(),
    Attribute::any(SERVER_ADDRESS).optional(),
    Attribute::any(SERVER_PORT).optional(),
    Attribute::any(ERROR_TYPE).optional(),
]);

/// The metrics of the messaging conventions.
pub const MESSAGING: &[Instrument] = &[
    MESSAGING_CLIENT_OPERATION_DURATION,
    MESSAGING_CLIENT_SENT_MESSAGES,
];
