//! What tells the series of attempts apart.

use std::borrow::Cow;
use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Histogram;

use super::HttpHead;
use crate::bound::Handles;
use crate::names;
use crate::servers::Server;

/// What is known of an attempt before it begins.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// One that the conventions know, or what they call the others.
    pub(super) method: &'static str,
    pub(super) server: Server,
    pub(super) template: Option<Arc<str>>,
}

/// What it ended in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Head {
        status: u16,
        version: Option<&'static str>,
    },
    /// There is no response.
    Failure(&'static str),
}

/// The series of the attempts of one key.
#[derive(Debug)]
pub(crate) struct Series {
    /// Sorted by key, as are all attributes of a record, so that the SDK finds a series at the first
    /// look-up.
    attributes: Vec<KeyValue>,
    pub(super) handles: Handles<Outcome, Histogram<f64>>,
}

impl Key {
    /// The same for a server that does not keep its own address.
    pub(super) fn at_others(&self) -> Self {
        Self {
            method: self.method,
            server: Server::others(),
            template: self.template.clone(),
        }
    }

    /// Sorted by key.
    pub(super) fn into_attributes(self) -> Vec<KeyValue> {
        let method = KeyValue::new(names::HTTP_REQUEST_METHOD, self.method);
        let template = |template| KeyValue::new(names::URL_TEMPLATE, template);
        [method]
            .into_iter()
            .chain(self.server.into_attributes())
            .chain(self.template.map(template))
            .collect()
    }
}

impl Series {
    pub(super) fn new(key: Key, is_kept: bool) -> Self {
        Self {
            attributes: key.into_attributes(),
            handles: Handles::new(is_kept),
        }
    }

    pub(super) fn attributes(&self, outcome: Outcome) -> Vec<KeyValue> {
        let (status, version, error_type) = match outcome {
            Outcome::Head { status, version } => {
                let error_type = HttpHead::new(status).error_type().map(Cow::Owned);
                (Some(status), version, error_type)
            }
            Outcome::Failure(error_type) => (None, None, Some(Cow::Borrowed(error_type))),
        };
        let status = status.map(i64::from);
        let (method, server) = self.attributes.split_at(1);
        let error_type = error_type.map(|error_type| KeyValue::new(names::ERROR_TYPE, error_type));
        let mut attributes = Vec::with_capacity(self.attributes.len() + 3);
        attributes.extend(error_type);
        attributes.extend_from_slice(method);
        attributes.extend(status.map(|code| KeyValue::new(names::HTTP_RESPONSE_STATUS_CODE, code)));
        attributes.extend(version.map(|it| KeyValue::new(names::NETWORK_PROTOCOL_VERSION, it)));
        attributes.extend_from_slice(server);
        attributes
    }
}
