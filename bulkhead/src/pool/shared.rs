//! What all handles to a pool share. Nothing of the user's (`create`, `is_valid`, the drop of a
//! resource) runs while the shelf is locked.

use std::{
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::{
    bulkhead::Bulkhead,
    clock,
    pool::{
        error::PoolError,
        loan::Loan,
        shelf::{Counts, Item, Shelf},
        snapshot::PoolSnapshot,
    },
};

pub(crate) type Create<T, E> =
    Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<T, E>> + Send>> + Send + Sync>;
pub(crate) type IsValid<T> = Box<dyn Fn(&T) -> bool + Send + Sync>;

pub(crate) struct Shared<T, E> {
    pub(crate) bulkhead: Bulkhead,
    pub(crate) create: Create<T, E>,
    pub(crate) create_timeout: Duration,
    pub(crate) is_valid: Option<IsValid<T>>,
    /// Whether resources expire at all; the clock is not read otherwise.
    pub(crate) ages: bool,
    pub(crate) shelf: Mutex<Shelf<T>>,
}

impl<T, E> Shared<T, E> {
    /// Lends the idle resource used last that is still good. The caller holds a permit.
    pub(crate) fn reuse(self: &Arc<Self>) -> Option<Loan<T, E>> {
        if let Some(now) = self.now() {
            let expired = self.shelf.lock().expire(now);
            drop(expired);
        }
        loop {
            let item = self.shelf.lock().take()?;
            let mut loan = Loan::new(Arc::clone(self), item);
            // Until the resource is known to be good it is dropped with its loan, also when
            // `is_valid` panics.
            loan.keep_on_drop(false);
            if self
                .is_valid
                .as_ref()
                .is_none_or(|is_valid| is_valid(&loan))
            {
                loan.keep_on_drop(true);
                self.count(|counts| counts.recycled += 1);
                return Some(loan);
            }
        }
    }

    /// Makes a resource. The caller holds a permit.
    pub(crate) async fn create(self: &Arc<Self>) -> Result<Loan<T, E>, PoolError<E>> {
        let mut creation = Creation {
            shared: self,
            ended: false,
        };
        let made = tokio::time::timeout(self.create_timeout, (self.create)()).await;
        creation.ended = true;
        match made {
            Ok(Ok(resource)) => {
                self.count(|counts| counts.created += 1);
                let created_at = clock::now();
                let item = Item {
                    resource,
                    created_at,
                };
                Ok(Loan::new(Arc::clone(self), item))
            }
            Ok(Err(error)) => {
                self.count(|counts| counts.create_failures += 1);
                Err(PoolError::Create(error))
            }
            Err(_elapsed) => {
                self.count(|counts| counts.create_timeouts += 1);
                Err(PoolError::CreateTimeout {
                    name: self.bulkhead.name().into(),
                    after: self.create_timeout,
                })
            }
        }
    }

    /// Takes a resource back, and drops it if it may not be lent again.
    pub(crate) fn put(&self, item: Item<T>) {
        let now = self.now();
        let (refused, expired) = {
            let mut shelf = self.shelf.lock();
            let expired = now.map(|now| shelf.expire(now));
            (shelf.put(item, now), expired)
        };
        drop(refused);
        drop(expired);
    }

    pub(crate) fn clear_idle(&self) {
        let cleared = self.shelf.lock().clear();
        drop(cleared);
    }

    pub(crate) fn close_shelf(&self) {
        let cleared = self.shelf.lock().close();
        drop(cleared);
    }

    pub(crate) fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.shelf.lock().counts);
    }

    pub(crate) fn snapshot(&self) -> PoolSnapshot {
        let bulkhead = self.bulkhead.snapshot();
        let (idle, counts) = {
            let shelf = self.shelf.lock();
            (shelf.len(), shelf.counts)
        };
        PoolSnapshot {
            bulkhead,
            idle,
            created: counts.created,
            recycled: counts.recycled,
            discarded: counts.discarded,
            create_failures: counts.create_failures,
            create_timeouts: counts.create_timeouts,
            create_abandoned: counts.create_abandoned,
        }
    }

    fn now(&self) -> Option<Instant> {
        self.ages.then(clock::now)
    }
}

/// Counts a creation that was dropped or panicked before it ended.
struct Creation<'a, T, E> {
    shared: &'a Shared<T, E>,
    ended: bool,
}

impl<T, E> Drop for Creation<'_, T, E> {
    fn drop(&mut self) {
        if !self.ended {
            self.shared.count(|counts| counts.create_abandoned += 1);
        }
    }
}
