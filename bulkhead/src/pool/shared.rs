//! What all handles to a pool share. Nothing of the user's (`create`, the hooks, the drop of a
//! resource, a waker) runs while the stock is locked.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::time::error::Elapsed;

use crate::{
    bulkhead::Bulkhead,
    clock,
    pool::{
        discards::Cause,
        error::PoolError,
        hooks::Hooks,
        shelf::{Counts, Item, Shelf},
        snapshot::PoolSnapshot,
        stock::Stock,
    },
};

pub(crate) struct Shared<T, E> {
    pub(crate) bulkhead: Bulkhead,
    pub(crate) hooks: Hooks<T, E>,
    pub(crate) min_idle: usize,
    /// Whether resources expire at all; the clock is not read otherwise.
    ages: bool,
    pub(crate) stock: Mutex<Stock<T, E>>,
}

impl<T, E> Shared<T, E> {
    pub(crate) fn new(
        bulkhead: Bulkhead,
        hooks: Hooks<T, E>,
        min_idle: usize,
        max_age: Option<Duration>,
        max_idle: Option<Duration>,
    ) -> Arc<Self> {
        Arc::new(Self {
            bulkhead,
            hooks,
            min_idle,
            ages: max_age.or(max_idle).is_some(),
            stock: Mutex::new(Stock::new(Shelf::new(max_age, max_idle))),
        })
    }

    /// Counts how a making ended, and gives the resource its birthday.
    pub(crate) fn made(
        &self,
        made: Result<Result<T, E>, Elapsed>,
    ) -> Result<Item<T>, PoolError<E>> {
        match made {
            Ok(Ok(resource)) => Ok(Item {
                resource,
                created_at: clock::now(),
                used: false,
            }),
            Ok(Err(error)) => {
                self.count(|counts| counts.create_failures += 1);
                Err(PoolError::Create(error))
            }
            Err(_elapsed) => {
                self.count(|counts| counts.create_timeouts += 1);
                Err(PoolError::CreateTimeout {
                    name: self.bulkhead.name().into(),
                    after: self.hooks.create_timeout,
                })
            }
        }
    }

    /// Takes a resource back, or returns it with the reason why it may not be lent again. Also
    /// returns what has expired, for the caller to drop.
    pub(crate) fn put(&self, item: Item<T>) -> (Option<(Item<T>, Cause)>, Vec<T>) {
        let now = self.now();
        let mut stock = self.stock.lock();
        let expired = now.map(|now| stock.shelf.expire(now));
        let refused = stock.shelf.put(item, now).err();
        (refused, expired.unwrap_or_default())
    }

    /// Drops what has expired.
    pub(crate) fn expire(&self) {
        if let Some(now) = self.now() {
            let expired = self.stock.lock().shelf.expire(now);
            drop(expired);
        }
    }

    /// Drops what has expired and what is more than there are places.
    pub(crate) fn tidy(&self) {
        let (now, places) = (self.now(), self.places());
        let gone = self.stock.lock().tidy(now, places);
        drop(gone);
    }

    pub(crate) fn clear_idle(&self) {
        let cleared = self.stock.lock().shelf.clear();
        drop(cleared);
    }

    pub(crate) fn close_shelf(&self) {
        let cleared = self.stock.lock().shelf.close();
        drop(cleared);
    }

    pub(crate) fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.stock.lock().shelf.counts);
    }

    /// Places there are now.
    pub(crate) fn places(&self) -> usize {
        self.bulkhead.snapshot().max_concurrent
    }

    pub(crate) fn snapshot(&self) -> PoolSnapshot {
        let bulkhead = self.bulkhead.snapshot();
        let (idle, counts) = {
            let stock = self.stock.lock();
            (stock.shelf.len(), stock.shelf.counts)
        };
        PoolSnapshot {
            bulkhead,
            idle,
            created: counts.created,
            recycled: counts.recycled,
            discarded: counts.discards.total(),
            discards: counts.discards,
            create_failures: counts.create_failures,
            create_timeouts: counts.create_timeouts,
            create_abandoned: counts.create_abandoned,
        }
    }

    fn now(&self) -> Option<Instant> {
        self.ages.then(clock::now)
    }
}
