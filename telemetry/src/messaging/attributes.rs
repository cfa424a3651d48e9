//! What spans say of a message.

use std::borrow::Cow;

use opentelemetry::KeyValue;

use super::MessagingStart;
use crate::names;
use crate::servers::Server;

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
    let server = start.server.map(|(host, port)| Server {
        host,
        port: Some(port),
    });
    attributes.extend(server.into_iter().flat_map(Server::into_attributes));
    attributes
}

pub(super) const RABBITMQ: &str = "rabbitmq";
pub(super) const PUBLISH: &str = "publish";
pub(super) const SEND: &str = "send";
