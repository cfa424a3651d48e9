//! What spans and series say of a message.

use std::borrow::Cow;

use opentelemetry::KeyValue;

use super::MessagingStart;
use crate::names;

/// The span's name.
pub(super) fn span_name(start: &MessagingStart) -> String {
    let destination = match &start.template {
        Some(template) => Cow::Borrowed(&**template),
        None => start.destination(),
    };
    format!("{PUBLISH} {destination}")
}

/// What the span says from its start, so that samplers see it.
pub(super) fn of_span(start: MessagingStart, tells_body_size: bool) -> Vec<KeyValue> {
    let destination = start.destination();
    let mut attributes = vec![
        KeyValue::new(names::MESSAGING_SYSTEM, RABBITMQ),
        KeyValue::new(names::MESSAGING_OPERATION_NAME, PUBLISH),
        KeyValue::new(names::MESSAGING_OPERATION_TYPE, SEND),
        KeyValue::new(names::MESSAGING_DESTINATION_NAME, destination),
        KeyValue::new(names::NAME, start.name),
    ];
    let mut add = |key: &'static str, text: Option<Cow<'static, str>>| {
        attributes.extend(text.map(|text| KeyValue::new(key, text)));
    };
    let routing_key = Some(start.routing_key).filter(|key| !key.is_empty());
    add(names::MESSAGING_DESTINATION_TEMPLATE, start.template);
    add(
        names::MESSAGING_RABBITMQ_DESTINATION_ROUTING_KEY,
        routing_key.map(Cow::Owned),
    );
    add(
        names::MESSAGING_MESSAGE_ID,
        start.message_id.map(Cow::Owned),
    );
    add(
        names::MESSAGING_MESSAGE_CONVERSATION_ID,
        start.conversation_id.map(Cow::Owned),
    );
    if let Some(size) = start.body_size.filter(|_| tells_body_size) {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        attributes.push(KeyValue::new(names::MESSAGING_MESSAGE_BODY_SIZE, size));
    }
    attributes.extend(start.server.into_iter().flat_map(server));
    attributes
}

/// What tells its series apart. A template is there to do so; a routing key is not, as there may be as
/// many as there are orders, so without a template it is the exchange.
///
/// Sorted by key, so that the SDK finds a series at the first look-up.
pub(super) fn of_series(start: &MessagingStart) -> Vec<KeyValue> {
    let destination = match &start.template {
        Some(template) => KeyValue::new(names::MESSAGING_DESTINATION_TEMPLATE, template.clone()),
        None => KeyValue::new(names::MESSAGING_DESTINATION_NAME, start.exchange_name()),
    };
    let server = start.server.clone().into_iter().flat_map(server);
    [
        destination,
        KeyValue::new(names::MESSAGING_OPERATION_NAME, PUBLISH),
        KeyValue::new(names::MESSAGING_OPERATION_TYPE, SEND),
        KeyValue::new(names::MESSAGING_SYSTEM, RABBITMQ),
    ]
    .into_iter()
    .chain(server)
    .collect()
}

fn server((host, port): (String, u16)) -> [KeyValue; 2] {
    [
        KeyValue::new(names::SERVER_ADDRESS, host),
        KeyValue::new(names::SERVER_PORT, i64::from(port)),
    ]
}

const RABBITMQ: &str = "rabbitmq";
const PUBLISH: &str = "publish";
const SEND: &str = "send";
