//! The channel pools of one connection, one per purpose, and its publishers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::builder::Settings;
use crate::hub::Hub;
use crate::pool::{ChannelPool, Limits};
use crate::publisher::PublisherCore;
use crate::purpose::Purpose;
use crate::session::ChannelMode;

pub(crate) struct Pools {
    limits: Limits,
    runtime: Handle,
    held: Mutex<Held>,
    /// Topologies that are being declared by hand. A count that orders nothing, hence relaxed.
    declaring: AtomicUsize,
    #[cfg(feature = "telemetry")]
    pub(crate) sinks: steadfast_telemetry::EventSinks,
}

#[derive(Default)]
struct Held {
    by_purpose: HashMap<Purpose, Arc<ChannelPool>>,
    publishers: Vec<Weak<PublisherCore>>,
    closed: bool,
}

impl Pools {
    pub(crate) fn new(settings: &Settings, runtime: Handle) -> Self {
        Self {
            limits: settings.pool,
            runtime,
            held: Mutex::default(),
            declaring: AtomicUsize::new(0),
            #[cfg(feature = "telemetry")]
            sinks: steadfast_telemetry::EventSinks::new(),
        }
    }

    /// The pool of a purpose, made when it is first asked for.
    pub(crate) fn of(&self, hub: &Arc<Hub>, purpose: &Purpose) -> Arc<ChannelPool> {
        let mut held = self.held.lock();
        if let Some(pool) = held.by_purpose.get(purpose) {
            return Arc::clone(pool);
        }
        let pool = Arc::new(ChannelPool::new(
            &format!("{}/{purpose}", hub.name),
            self.limits,
            ChannelMode::Plain,
            purpose.clone(),
            Arc::downgrade(hub),
        ));
        if held.closed {
            pool.close();
        }
        held.by_purpose.insert(purpose.clone(), Arc::clone(&pool));
        drop(held);
        #[cfg(feature = "telemetry")]
        self.sinks.watch(pool.bulkhead());
        pool
    }

    /// Takes a new publisher in.
    pub(crate) fn add_publisher(&self, publisher: &Arc<PublisherCore>) {
        let mut held = self.held.lock();
        if held.closed {
            publisher.close();
            publisher.end();
        }
        held.publishers.retain(|held| held.strong_count() > 0);
        held.publishers.push(Arc::downgrade(publisher));
        drop(held);
        #[cfg(feature = "telemetry")]
        self.sinks.watch(publisher.bulkhead());
    }

    /// Where channels are closed.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Those of the purposes that were asked for.
    pub(crate) fn of_purposes(&self) -> Vec<Arc<ChannelPool>> {
        self.held.lock().by_purpose.values().cloned().collect()
    }

    pub(crate) fn publishers(&self) -> Vec<Arc<PublisherCore>> {
        let held = self.held.lock();
        held.publishers.iter().filter_map(Weak::upgrade).collect()
    }

    /// Lets go of every channel that nobody uses: their connection has ended.
    pub(crate) fn forget_idle(&self) {
        for pool in self.of_purposes() {
            pool.forget_idle();
        }
        for publisher in self.publishers() {
            publisher.forget_idle();
        }
    }

    /// Gives out nothing more, and takes no more messages.
    pub(crate) fn close(&self) {
        self.held.lock().closed = true;
        for pool in self.of_purposes() {
            pool.close();
        }
        for publisher in self.publishers() {
            publisher.close();
        }
    }

    /// Gives up what waits for a channel or for its turn: there will be no connection any more.
    pub(crate) fn end(&self) {
        self.close();
        for publisher in self.publishers() {
            publisher.end();
        }
    }

    /// Has closing wait for a declaration, as far as the grace goes.
    pub(crate) fn begin_to_declare(&self) -> UnderWay<'_> {
        self.declaring.fetch_add(1, Ordering::Relaxed);
        UnderWay(&self.declaring)
    }

    /// Channels checked out, declarations under way, and messages that have not come to an end.
    pub(crate) fn in_use(&self) -> usize {
        let channels: usize = self.of_purposes().iter().map(|pool| pool.in_use()).sum();
        let messages: usize = self.publishers().iter().map(|it| it.held()).sum();
        channels + messages + self.declaring.load(Ordering::Relaxed)
    }
}

/// Something that is under way until this is dropped.
pub(crate) struct UnderWay<'p>(&'p AtomicUsize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
