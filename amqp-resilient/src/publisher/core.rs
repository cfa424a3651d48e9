//! What the handles of one publisher share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lapin::types::ShortString;
use steadfast_bulkhead::Bulkhead;
use tokio::sync::Semaphore;

use crate::buffer::{Backpressure, Buffer};
use crate::hub::Hub;
use crate::lanes::Lanes;
use crate::publish::Orders;

/// It does not keep the connection open.
pub(crate) struct PublisherCore {
    pub(crate) buffer: Arc<Buffer>,
    /// Those of the messages in flight.
    pub(crate) places: Bulkhead,
    pub(crate) lanes: Lanes,
    /// Of the messages that are not waited for.
    pub(crate) orders: Orders,
    /// One, for a message that may be the death of its connection.
    pub(crate) suspects: Semaphore,
    pub(crate) backpressure: Backpressure,
    pub(crate) deadline: Duration,
    pub(crate) confirm_timeout: Duration,
    pub(crate) ids: MessageIds,
}

/// The settings of a publisher, checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) deadline: Duration,
    pub(super) confirm_timeout: Duration,
    pub(super) max_in_flight: usize,
    pub(super) max_messages: usize,
    pub(super) max_bytes: usize,
    pub(super) backpressure: Backpressure,
}

impl PublisherCore {
    pub(super) fn new(hub: &Arc<Hub>, name: &str, settings: Settings) -> Arc<Self> {
        let name = format!("{}/{name}", hub.name);
        let places = Bulkhead::builder(name.as_str())
            .max_concurrent(settings.max_in_flight)
            // The buffer bounds them, and their deadlines their wait.
            .max_waiting(settings.max_messages)
            .checkout_timeout(Duration::MAX)
            .build()
            .expect("the settings are checked");
        let core = Arc::new(Self {
            buffer: Arc::new(Buffer::new(settings.max_messages, settings.max_bytes)),
            places,
            lanes: Lanes::new(&name, Arc::downgrade(hub)),
            orders: Orders::default(),
            suspects: Semaphore::new(1),
            backpressure: settings.backpressure,
            deadline: settings.deadline,
            confirm_timeout: settings.confirm_timeout,
            ids: MessageIds::new(),
        });
        hub.pools.add_publisher(&core);
        core
    }

    pub(crate) fn bulkhead(&self) -> &Bulkhead {
        &self.places
    }

    /// Messages that were taken on and have not come to an end.
    pub(crate) fn held(&self) -> usize {
        self.buffer.held()
    }

    /// Takes no more messages. Those that it has go on.
    pub(crate) fn close(&self) {
        self.buffer.close();
    }

    /// Gives up the messages that it has and that are not in flight.
    pub(crate) fn end(&self) {
        self.places.close();
        self.orders.close();
        self.suspects.close();
        self.lanes.close();
    }

    /// Lets go of the channels that have nothing in flight: their connection has ended.
    pub(crate) fn forget_idle(&self) {
        self.lanes.forget_idle();
    }
}

/// Makes message ids: a random part for the publisher, and a number.
pub(crate) struct MessageIds {
    publisher: u128,
    next: AtomicU64,
}

impl MessageIds {
    fn new() -> Self {
        Self {
            publisher: rand::random(),
            next: AtomicU64::new(1),
        }
    }

    pub(crate) fn next(&self) -> ShortString {
        // Only uniqueness matters, hence relaxed.
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{:032x}-{number}", self.publisher).into()
    }
}
