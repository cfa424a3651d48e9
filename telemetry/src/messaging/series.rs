//! What tells the series of messages apart.

use std::borrow::Cow;
use std::mem;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram};

use super::MessagingStart;
use super::attributes::{PUBLISH, RABBITMQ, SEND};
use crate::bound::Handles;
use crate::names;
use crate::servers::Server;

/// What is known of a message before it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    destination: Destination,
    pub(super) server: Option<Server>,
}

/// A template is there to tell series apart. A routing key is not, as there may be as many as there are
/// orders, so without a template it is the exchange.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Destination {
    Template(Cow<'static, str>),
    Exchange(String),
}

/// What became of it: `None` if it was confirmed.
pub(super) type Outcome = Option<&'static str>;

/// The series of the messages of one key.
#[derive(Debug)]
pub(crate) struct Series {
    /// Sorted by key, as are all attributes of a record, so that the SDK finds a series at the first
    /// look-up.
    attributes: Vec<KeyValue>,
    pub(super) operations: Handles<Outcome, Histogram<f64>>,
    pub(super) sent: Handles<Outcome, Counter<u64>>,
}

impl Key {
    /// Lends what the start says to `look_up`, so that no text is copied for it.
    pub(super) fn lent<T>(start: &mut MessagingStart, look_up: impl FnOnce(&Self) -> T) -> T {
        let destination = match start.template.take() {
            Some(template) => Destination::Template(template),
            None => Destination::Exchange(mem::take(&mut start.exchange)),
        };
        let server = start.server.take().map(|(host, port)| Server {
            host,
            port: Some(port),
        });
        let key = Self {
            destination,
            server,
        };
        let found = look_up(&key);
        match key.destination {
            Destination::Template(template) => start.template = Some(template),
            Destination::Exchange(exchange) => start.exchange = exchange,
        }
        start.server = key
            .server
            .and_then(|server| Some((server.host, server.port?)));
        found
    }

    /// The same for a broker that does not keep its own address.
    pub(super) fn at_others(&self) -> Self {
        Self {
            destination: self.destination.clone(),
            server: Some(Server::others()),
        }
    }

    /// Sorted by key.
    fn into_attributes(self) -> Vec<KeyValue> {
        let destination = match self.destination {
            Destination::Template(template) => {
                KeyValue::new(names::MESSAGING_DESTINATION_TEMPLATE, template)
            }
            Destination::Exchange(exchange) => {
                let exchange = MessagingStart::exchange_name(exchange);
                KeyValue::new(names::MESSAGING_DESTINATION_NAME, exchange)
            }
        };
        let mut attributes = Vec::with_capacity(6);
        attributes.extend([
            destination,
            KeyValue::new(names::MESSAGING_OPERATION_NAME, PUBLISH),
            KeyValue::new(names::MESSAGING_OPERATION_TYPE, SEND),
            KeyValue::new(names::MESSAGING_SYSTEM, RABBITMQ),
        ]);
        attributes.extend(self.server.into_iter().flat_map(Server::into_attributes));
        attributes
    }
}

impl Series {
    pub(super) fn new(key: Key, is_kept: bool) -> Self {
        Self {
            attributes: key.into_attributes(),
            operations: Handles::new(is_kept),
            sent: Handles::new(is_kept),
        }
    }

    /// Those of an operation.
    pub(super) fn attributes(&self, outcome: Outcome) -> Vec<KeyValue> {
        self.chosen(outcome, |_| true)
    }

    /// Those of a message each time it is sent.
    pub(super) fn of_sent(&self, outcome: Outcome) -> Vec<KeyValue> {
        self.chosen(outcome, |one| {
            one.key.as_str() != names::MESSAGING_OPERATION_TYPE
        })
    }

    fn chosen(&self, outcome: Outcome, is_chosen: fn(&KeyValue) -> bool) -> Vec<KeyValue> {
        let error_type = outcome.map(|error_type| KeyValue::new(names::ERROR_TYPE, error_type));
        let mut attributes = Vec::with_capacity(self.attributes.len() + 1);
        attributes.extend(error_type);
        let own = self.attributes.iter();
        attributes.extend(own.filter(|one| is_chosen(one)).cloned());
        attributes
    }
}
