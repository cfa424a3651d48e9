//! The order of messages that are given to the publisher and not waited for: that of each exchange by itself,
//! so that none waits for the answers of another.

use std::collections::HashMap;
use std::sync::Arc;

use lapin::types::ShortString;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

/// The orders of one publisher, by exchange.
#[derive(Default)]
pub(crate) struct Orders(Mutex<ByExchange>);

#[derive(Default)]
struct ByExchange {
    orders: HashMap<ShortString, Arc<Order>>,
    closed: bool,
}

/// The order of the messages to one exchange.
pub(crate) struct Order {
    /// One, for the message that is being handed over.
    pub(super) turns: Semaphore,
    /// [`ALL`] of them: one for each message that was handed over and waits for its answer, all for one that
    /// has a channel to itself. The broker may take up what comes on two channels in any order.
    pub(super) answers: Semaphore,
}

impl Orders {
    /// The order of an exchange; kept as long as there are messages in it, and then as there is room.
    pub(crate) fn of(&self, exchange: &ShortString) -> Arc<Order> {
        let mut held = self.0.lock();
        if let Some(order) = held.orders.get(exchange) {
            return Arc::clone(order);
        }
        let order = Arc::new(Order::new());
        if held.closed {
            order.close();
        }
        if held.orders.len() >= MOST {
            held.orders.retain(|_, order| Arc::strong_count(order) > 1);
        }
        held.orders.insert(exchange.clone(), Arc::clone(&order));
        order
    }

    /// Turns away those who wait for their turn, and those who come.
    pub(crate) fn close(&self) {
        let mut held = self.0.lock();
        held.closed = true;
        for order in held.orders.values() {
            order.close();
        }
    }
}

impl Order {
    fn new() -> Self {
        Self {
            turns: Semaphore::new(1),
            answers: Semaphore::new(ALL as usize),
        }
    }

    fn close(&self) {
        self.turns.close();
        self.answers.close();
    }
}

/// At least as many as may be in flight.
pub(super) const ALL: u32 = u16::MAX as u32;

/// Exchanges that are remembered, if there are no messages to more of them.
const MOST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_kept_while_it_is_in_use() {
        let orders = Orders::default();
        let used = orders.of(&"used".into());
        for number in 0..3 * MOST {
            orders.of(&number.to_string().into());
        }
        assert!(Arc::ptr_eq(&used, &orders.of(&"used".into())));
        assert!(orders.0.lock().orders.len() <= MOST + 1);
    }

    #[test]
    fn a_closed_publisher_has_no_turns() {
        let orders = Orders::default();
        let before = orders.of(&"before".into());
        orders.close();
        assert!(before.turns.try_acquire().is_err());
        assert!(orders.of(&"after".into()).answers.try_acquire().is_err());
    }
}
