use std::sync::Arc;
use std::time::Duration;

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use steadfast_telemetry::{MessagingPublish, MessagingStart};
use tokio::time::Instant;

use crate::clock;
use crate::endpoint::Endpoint;
use crate::hub::Hub;
use crate::message::Message;
use crate::publish_error::PublishError;

/// The span of a message, if anybody watches. Dropped before it has ended, it is abandoned.
pub(crate) struct PublishSpan(Option<Box<Begun>>);

struct Begun {
    publish: MessagingPublish,
    at: Instant,
}

impl PublishSpan {
    /// Begins the span in the trace of the caller, and puts its context into the message.
    pub(crate) fn begin(hub: &Hub, message: &mut Message) -> Self {
        let sinks = &hub.pools.sinks;
        let publish = sinks.messaging_publish(|| start(hub, message));
        let begun = publish.map(|publish| {
            carry(&publish, &mut message.properties);
            Box::new(Begun {
                publish,
                at: clock::now(),
            })
        });
        Self(begun)
    }

    /// The message was handed to the connection.
    pub(crate) fn sent(&mut self) {
        if let Some(begun) = &mut self.0 {
            begun.publish.sent();
        }
    }

    /// What became of sending it, this time.
    pub(crate) fn answered(&mut self, error_type: Option<&'static str>) {
        if let Some(begun) = &mut self.0 {
            begun.publish.answered(error_type);
        }
    }

    /// The message waits until it is sent again.
    pub(crate) fn waits(&self, wait: Duration) {
        if let Some(begun) = &self.0 {
            begun.publish.waits(wait);
        }
    }

    /// It has come to an end: `None` if it was confirmed.
    pub(crate) fn ended(&mut self, error: Option<&PublishError>) {
        if let Some(begun) = self.0.take() {
            let took = begun.took();
            match error {
                None => begun.publish.confirmed(took),
                Some(error) => begun.publish.failed(error.error_type(), took),
            }
        }
    }
}

impl Drop for PublishSpan {
    fn drop(&mut self) {
        if let Some(begun) = self.0.take() {
            let took = begun.took();
            begun.publish.abandoned(took);
        }
    }
}

impl Begun {
    fn took(&self) -> Duration {
        clock::now().saturating_duration_since(self.at)
    }
}

fn start(hub: &Hub, message: &Message) -> MessagingStart {
    let name = Arc::clone(&hub.name);
    let mut start = MessagingStart::new(name, message.exchange(), message.routing_key());
    let properties = &message.properties;
    let text = |text: &Option<_>| text.as_ref().map(ToString::to_string);
    start.template = message.template.clone();
    start.server = endpoint(hub).map(|at| (at.host().to_owned(), at.port()));
    start.message_id = text(properties.message_id());
    start.conversation_id = text(properties.correlation_id());
    start.body_size = Some(message.body().len());
    let header = |name| properties.headers().as_ref()?.inner().get(name);
    start.creation_context = header("traceparent").map(|traceparent| {
        // One that is no text is the caller's all the same.
        let traceparent = header_text(traceparent).unwrap_or_default();
        (traceparent, header("tracestate").and_then(header_text))
    });
    start
}

/// Puts the context into the headers, beside those of the caller.
fn carry(publish: &MessagingPublish, properties: &mut BasicProperties) {
    let mut headers: FieldTable = properties.headers().clone().unwrap_or_default();
    publish.propagate(|name, value| {
        if !headers.contains_key(name) {
            headers.insert(name.into(), AMQPValue::LongString(value.into()));
        }
    });
    if !headers.inner().is_empty() {
        *properties = std::mem::take(properties).with_headers(headers);
    }
}

/// The broker that the message goes to, as far as that is known when it is published.
fn endpoint(hub: &Hub) -> Option<Endpoint> {
    hub.read(|link| link.endpoint().cloned())
}

/// A header as text. Clients differ in which type of text they send.
fn header_text(value: &AMQPValue) -> Option<String> {
    let bytes = match value {
        AMQPValue::LongString(text) => text.as_bytes(),
        AMQPValue::ShortString(text) => text.as_str().as_bytes(),
        AMQPValue::ByteArray(bytes) => bytes.as_slice(),
        _ => return None,
    };
    String::from_utf8(bytes.to_vec()).ok()
}
