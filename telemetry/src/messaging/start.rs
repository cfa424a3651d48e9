//! Where a message goes, and what it is.

use std::borrow::Cow;
use std::sync::Arc;

/// What is known of a messaging operation when it begins: of one message, at RabbitMQ.
///
/// # Examples
/// ```
/// use steadfast_telemetry::MessagingStart;
///
/// let start = MessagingStart::new("shop", "orders", "order.created")
///     .server("broker.internal", 5672)
///     .message_id("order-17-created");
/// assert_eq!(start.destination(), "orders:order.created");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessagingStart {
    /// The connection's name.
    pub name: Arc<str>,
    /// The exchange; the default exchange is empty.
    pub exchange: String,
    /// The routing key.
    pub routing_key: String,
    /// The destination with placeholders, such as `orders:{customer}`, if the caller said so: a name that
    /// all messages of this sort share.
    pub template: Option<Cow<'static, str>>,
    /// The broker's host and port, if they are known.
    pub server: Option<(String, u16)>,
    /// The message's id.
    pub message_id: Option<String>,
    /// The id of the conversation that it belongs to.
    pub conversation_id: Option<String>,
    /// The size of its body, in bytes.
    pub body_size: Option<usize>,
    /// The W3C `traceparent` and `tracestate` that the caller put into the message, if so.
    pub creation_context: Option<(String, Option<String>)>,
}

impl MessagingStart {
    /// A message to an exchange, for now without anything else.
    #[must_use]
    pub fn new(
        name: impl Into<Arc<str>>,
        exchange: impl Into<String>,
        routing_key: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            exchange: exchange.into(),
            routing_key: routing_key.into(),
            template: None,
            server: None,
            message_id: None,
            conversation_id: None,
            body_size: None,
            creation_context: None,
        }
    }

    /// Sets the destination with placeholders.
    #[must_use]
    pub fn template(mut self, template: impl Into<Cow<'static, str>>) -> Self {
        self.template = Some(template.into());
        self
    }

    /// Sets the broker's host and port.
    #[must_use]
    pub fn server(mut self, host: impl Into<String>, port: u16) -> Self {
        self.server = Some((host.into(), port));
        self
    }

    /// Sets the message's id.
    #[must_use]
    pub fn message_id(mut self, id: impl Into<String>) -> Self {
        self.message_id = Some(id.into());
        self
    }

    /// Sets the id of the conversation.
    #[must_use]
    pub fn conversation_id(mut self, id: impl Into<String>) -> Self {
        self.conversation_id = Some(id.into());
        self
    }

    /// Sets the size of the body. It is told only if
    /// [`message_body_size`](crate::Builder::message_body_size) asks for it.
    #[must_use]
    pub fn body_size(mut self, bytes: usize) -> Self {
        self.body_size = Some(bytes);
        self
    }

    /// Says that the message carries a context of the caller's.
    #[must_use]
    pub fn creation_context(
        mut self,
        traceparent: impl Into<String>,
        tracestate: Option<String>,
    ) -> Self {
        self.creation_context = Some((traceparent.into(), tracestate));
        self
    }

    /// `{exchange}:{routing key}`, of which only one where the other is empty; `amq.default` where both
    /// are.
    #[must_use]
    pub fn destination(&self) -> Cow<'static, str> {
        match (&*self.exchange, &*self.routing_key) {
            ("", "") => Cow::Borrowed(DEFAULT_EXCHANGE),
            (exchange, "") => Cow::Owned(exchange.to_owned()),
            ("", routing_key) => Cow::Owned(routing_key.to_owned()),
            (exchange, routing_key) => Cow::Owned(format!("{exchange}:{routing_key}")),
        }
    }

    /// What an exchange is called in metrics.
    pub(super) fn exchange_name(exchange: String) -> Cow<'static, str> {
        if exchange.is_empty() {
            Cow::Borrowed(DEFAULT_EXCHANGE)
        } else {
            Cow::Owned(exchange)
        }
    }
}

/// What the conventions call the default exchange.
const DEFAULT_EXCHANGE: &str = "amq.default";
