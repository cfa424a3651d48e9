//! The channel pools of one connection, one per purpose.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::builder::Settings;
use crate::pool::{ChannelPool, Limits};
use crate::purpose::Purpose;
use crate::session::ChannelMode;

pub(crate) struct Pools {
    connection: Arc<str>,
    limits: Limits,
    runtime: Handle,
    held: Mutex<Held>,
    #[cfg(feature = "telemetry")]
    pub(crate) sinks: steadfast_telemetry::EventSinks,
}

#[derive(Default)]
struct Held {
    by_purpose: HashMap<Purpose, Arc<ChannelPool>>,
    /// Those of publishers, who own them.
    publishing: Vec<Weak<ChannelPool>>,
    closed: bool,
}

impl Pools {
    pub(crate) fn new(connection: Arc<str>, settings: &Settings, runtime: Handle) -> Self {
        Self {
            connection,
            limits: settings.pool,
            runtime,
            held: Mutex::default(),
            #[cfg(feature = "telemetry")]
            sinks: steadfast_telemetry::EventSinks::new(),
        }
    }

    /// The pool of a purpose, made when it is first asked for.
    pub(crate) fn of(&self, purpose: &Purpose) -> Arc<ChannelPool> {
        let mut held = self.held.lock();
        if let Some(pool) = held.by_purpose.get(purpose) {
            return Arc::clone(pool);
        }
        let name = purpose.to_string();
        let pool = self.new_pool(&name, self.limits, ChannelMode::Plain, purpose.clone());
        if held.closed {
            pool.close();
        }
        held.by_purpose.insert(purpose.clone(), Arc::clone(&pool));
        drop(held);
        self.announce(&pool);
        pool
    }

    /// A pool of channels in confirm mode that belongs to one publisher.
    pub(crate) fn for_publisher(&self, publisher: &str, limits: Limits) -> Arc<ChannelPool> {
        let pool = self.new_pool(publisher, limits, ChannelMode::Confirm, Purpose::Publish);
        let mut held = self.held.lock();
        if held.closed {
            pool.close();
        }
        held.publishing.retain(|pool| pool.strong_count() > 0);
        held.publishing.push(Arc::downgrade(&pool));
        drop(held);
        self.announce(&pool);
        pool
    }

    fn new_pool(
        &self,
        name: &str,
        limits: Limits,
        mode: ChannelMode,
        purpose: Purpose,
    ) -> Arc<ChannelPool> {
        let name = format!("{}/{name}", self.connection);
        let runtime = self.runtime.clone();
        Arc::new(ChannelPool::new(&name, limits, mode, purpose, runtime))
    }

    /// Where channels are closed.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Tells whoever watches the connection about a new pool.
    fn announce(&self, pool: &ChannelPool) {
        #[cfg(feature = "telemetry")]
        self.sinks.watch(pool.bulkhead());
        #[cfg(not(feature = "telemetry"))]
        let _ = pool;
    }

    /// All pools there are, those of publishers included.
    pub(crate) fn all(&self) -> Vec<Arc<ChannelPool>> {
        let held = self.held.lock();
        let publishing = held.publishing.iter().filter_map(Weak::upgrade);
        held.by_purpose
            .values()
            .cloned()
            .chain(publishing)
            .collect()
    }

    /// Lets go of every idle channel: their connection has ended.
    pub(crate) fn forget_idle(&self) {
        for pool in self.all() {
            pool.forget_idle();
        }
    }

    /// Gives out nothing more, and turns away those who wait in line.
    pub(crate) fn close(&self) {
        self.held.lock().closed = true;
        for pool in self.all() {
            pool.close();
        }
    }

    /// Channels checked out, and publishes in flight.
    pub(crate) fn in_use(&self) -> usize {
        self.all().iter().map(|pool| pool.in_use()).sum()
    }
}
