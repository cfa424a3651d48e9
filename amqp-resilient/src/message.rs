//! A message on its way out.

use std::borrow::Cow;
use std::time::Duration;

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};

use crate::config_error::FieldError;
use crate::wire;

/// A message to be published.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use steadfast_amqp::Message;
///
/// let message = Message::new("orders", "order.created", br#"{"order":17}"#)
///     .content_type("application/json")
///     .message_id("order-17-created")
///     .deadline(Duration::from_secs(5));
/// assert_eq!(message.routing_key(), "order.created");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a message is published with `Publisher::publish`"]
pub struct Message {
    exchange: String,
    routing_key: String,
    body: Vec<u8>,
    pub(crate) properties: BasicProperties,
    mandatory: bool,
    deadline: Option<Duration>,
    pub(crate) template: Option<Cow<'static, str>>,
    /// What a setter was given and the protocol cannot carry.
    invalid: Vec<FieldError>,
}

impl Message {
    /// A persistent, mandatory message to an exchange; the default exchange is `""`, which routes
    /// to the queue named by the routing key.
    pub fn new(
        exchange: impl Into<String>,
        routing_key: impl Into<String>,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            exchange: exchange.into(),
            routing_key: routing_key.into(),
            body: body.into(),
            properties: BasicProperties::default().with_delivery_mode(PERSISTENT),
            mandatory: true,
            deadline: None,
            template: None,
            invalid: Vec::new(),
        }
    }

    /// Whether a message that no queue takes comes back as
    /// [`Returned`](crate::PublishError::Returned). Default true: otherwise the broker confirms
    /// such a message and throws it away. Set it to false for an exchange that may have no
    /// listeners.
    pub fn mandatory(mut self, mandatory: bool) -> Self {
        self.mandatory = mandatory;
        self
    }

    /// Whether the broker writes the message to disk, in a durable queue, before it confirms it.
    /// Default true: otherwise a confirmed message is lost with the broker.
    pub fn persistent(mut self, persistent: bool) -> Self {
        let mode = if persistent { PERSISTENT } else { TRANSIENT };
        self.properties = self.properties.with_delivery_mode(mode);
        self
    }

    /// The id under which the message is sent, each time it is sent; at most 255 bytes. Without
    /// one the publisher makes one. Consumers that remember ids can tell duplicates by it.
    pub fn message_id(mut self, id: impl Into<String>) -> Self {
        if let Some(id) = self.short("message_id", id.into()) {
            self.properties = self.properties.with_message_id(id);
        }
        self
    }

    /// The content type, such as `application/json`; at most 255 bytes.
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        if let Some(content_type) = self.short("content_type", content_type.into()) {
            self.properties = self.properties.with_content_type(content_type);
        }
        self
    }

    /// The id of the conversation that the message belongs to; at most 255 bytes.
    pub fn correlation_id(mut self, id: impl Into<String>) -> Self {
        if let Some(id) = self.short("correlation_id", id.into()) {
            self.properties = self.properties.with_correlation_id(id);
        }
        self
    }

    /// Sets a header; the name may have at most 255 bytes.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<AMQPValue>) -> Self {
        if let Some(name) = self.short("header", name.into()) {
            let mut headers: FieldTable = self.properties.headers().clone().unwrap_or_default();
            headers.insert(name, value.into());
            self.properties = self.properties.with_headers(headers);
        }
        self
    }

    /// Replaces all properties. Without a delivery mode among them the message stays persistent.
    pub fn properties(mut self, properties: BasicProperties) -> Self {
        self.properties = match properties.delivery_mode() {
            Some(_) => properties,
            None => properties.with_delivery_mode(PERSISTENT),
        };
        self
    }

    /// How long publishing may take, re-sending included, instead of what the publisher says.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The destination with placeholders, such as `orders:{customer}`: a name that all messages of this
    /// sort share, in the names of spans and in metrics (`messaging.destination.template`). Default: none,
    /// so that spans name exchange and routing key, and metrics only the exchange. Never put in what differs
    /// from message to message: each template is a series of metrics.
    ///
    /// Only with feature `telemetry` does anybody see it.
    ///
    /// # Examples
    /// ```
    /// use steadfast_amqp::Message;
    ///
    /// let customer = 17;
    /// let message = Message::new("orders", format!("customer.{customer}.created"), "2 chairs")
    ///     .destination_template("orders:customer.{id}.created");
    /// # assert_eq!(message.routing_key(), "customer.17.created");
    /// ```
    pub fn destination_template(mut self, template: impl Into<Cow<'static, str>>) -> Self {
        self.template = Some(template.into());
        self
    }

    /// The exchange it goes to.
    #[must_use]
    pub fn exchange(&self) -> &str {
        &self.exchange
    }

    /// The routing key.
    #[must_use]
    pub fn routing_key(&self) -> &str {
        &self.routing_key
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    pub(crate) fn own_deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// Gives it an id, if it has none.
    pub(crate) fn identify(&mut self, new_id: impl FnOnce() -> ShortString) {
        if self.properties.message_id().is_none() {
            let properties = std::mem::take(&mut self.properties);
            self.properties = properties.with_message_id(new_id());
        }
    }

    /// The form in which it goes to lapin, once it has an id; or what is wrong with it.
    pub(crate) fn prepare(mut self) -> Result<Outgoing, FieldError> {
        let exchange = std::mem::take(&mut self.exchange);
        let exchange = self.short("exchange", exchange);
        let routing_key = std::mem::take(&mut self.routing_key);
        let routing_key = self.short("routing_key", routing_key);
        if let Some(invalid) = self.invalid.pop() {
            return Err(invalid);
        }
        if let Some(name) = self.properties.headers().as_ref().and_then(unreadable) {
            let rule = "must hold no ShortString: RabbitMQ takes it for a number, and closes the connection \
                        over what follows";
            return Err(FieldError::new("headers", &name, rule));
        }
        let id = self.properties.message_id().clone().unwrap_or_default();
        Ok(Outgoing {
            exchange: exchange.unwrap_or_default(),
            routing_key: routing_key.unwrap_or_default(),
            body: self.body,
            properties: self.properties,
            mandatory: self.mandatory,
            id,
        })
    }

    fn short(&mut self, field: &'static str, text: String) -> Option<ShortString> {
        // lapin's own conversion panics.
        let length = text.len();
        let short = ShortString::try_new(text).ok();
        if short.is_none() {
            let value = format_args!("{length} bytes");
            let rule = "must be at most 255 bytes";
            self.invalid.push(FieldError::new(field, &value, rule));
        }
        short
    }
}

/// The first header that a broker would misread. A short string in a table has the mark `s`, which RabbitMQ,
/// and lapin itself, read as a number of 16 bits.
fn unreadable(headers: &FieldTable) -> Option<ShortString> {
    fn is_unreadable(value: &AMQPValue) -> bool {
        match value {
            AMQPValue::ShortString(_) => true,
            AMQPValue::FieldArray(values) => values.as_slice().iter().any(is_unreadable),
            AMQPValue::FieldTable(table) => table.inner().values().any(is_unreadable),
            _ => false,
        }
    }
    let mut entries = headers.inner().iter();
    let found = entries.find(|(_, value)| is_unreadable(value));
    found.map(|(name, _)| name.clone())
}

/// A message that can be handed to lapin, and always with the same id.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) exchange: ShortString,
    pub(crate) routing_key: ShortString,
    pub(crate) body: Vec<u8>,
    pub(crate) properties: BasicProperties,
    pub(crate) mandatory: bool,
    pub(crate) id: ShortString,
}

impl Outgoing {
    /// What the message takes: its body, its properties, and where it goes.
    pub(crate) fn size(&self) -> usize {
        let address = self.exchange.as_str().len() + self.routing_key.as_str().len();
        self.body.len() + address + wire::header_frame_len(&self.properties)
    }
}

const TRANSIENT: u8 = 1;
const PERSISTENT: u8 = 2;
