//! The servers that keep their own address in metrics. A client may meet any number of them, and
//! OpenTelemetry cannot take a series back.

use std::collections::HashSet;
use std::fmt;

use opentelemetry::KeyValue;
use parking_lot::RwLock;

use crate::names;

/// Where a server is, as its series say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
}

impl Server {
    /// All those together that do not keep their own address.
    pub(crate) fn others() -> Self {
        Self {
            host: names::OTHER_SERVERS.to_owned(),
            port: None,
        }
    }

    /// Sorted by key.
    pub(crate) fn into_attributes(self) -> impl Iterator<Item = KeyValue> {
        let port = self.port.map(i64::from);
        let port = port.map(|port| KeyValue::new(names::SERVER_PORT, port));
        [KeyValue::new(names::SERVER_ADDRESS, self.host)]
            .into_iter()
            .chain(port)
    }
}

/// The first so many servers that were met.
pub(crate) struct Servers {
    limit: usize,
    own: RwLock<HashSet<Server>>,
}

impl Servers {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            own: RwLock::default(),
        }
    }

    /// Whether it keeps its own address; if there is room, from now on. A read lock and a look-up, but
    /// for the first calls.
    pub(crate) fn keeps(&self, server: &Server) -> bool {
        {
            let own = self.own.read();
            if own.contains(server) {
                return true;
            }
            if own.len() >= self.limit {
                return false;
            }
        }
        let mut own = self.own.write();
        own.contains(server) || (own.len() < self.limit && own.insert(server.clone()))
    }
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Servers")
            .field("limit", &self.limit)
            .field("own", &self.own.read().len())
            .finish()
    }
}
