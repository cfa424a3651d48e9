//! The places of streams, of which there are only so many.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::clock;
use crate::metrics::Counters;

/// A client is gone for good when it has not taken for so long what it was sent, although there is something every
/// second.
const PATIENCE: Duration = Duration::from_secs(30);

/// All of them.
pub(super) struct Places {
    most: usize,
    free: Arc<Semaphore>,
    taken: Mutex<Vec<Weak<Place>>>,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            free: Arc::new(Semaphore::new(most)),
            taken: Mutex::default(),
        }
    }

    pub(super) fn take(&self, counters: &Arc<Counters>) -> Option<Arc<Place>> {
        let permit = Arc::clone(&self.free).try_acquire_owned().ok()?;
        counters.began();
        let place = Arc::new(Place {
            held: Mutex::new(Some(Held {
                _permit: permit,
                counters: Arc::clone(counters),
            })),
            idle_since: Mutex::new(Some(clock::now())),
        });
        self.taken.lock().push(Arc::downgrade(&place));
        Some(place)
    }

    pub(super) fn taken(&self) -> usize {
        self.most.saturating_sub(self.free.available_permits())
    }

    /// Takes the places of those away that take nothing any more. Nothing runs for a stream whose connection is full,
    /// so it cannot do that itself.
    pub(super) fn clear(&self) {
        let now = clock::now();
        let mut lost = Vec::new();
        self.taken.lock().retain(|place| {
            let Some(place) = place.upgrade() else {
                return false;
            };
            let held = place.is_stuck(now).then(|| place.held.lock().take());
            let stays = held.is_none();
            lost.extend(held.flatten());
            stays
        });
        for held in lost {
            held.counters.drop_one();
        }
    }
}

/// The place of one stream.
pub(crate) struct Place {
    /// Until it is lost.
    held: Mutex<Option<Held>>,
    /// Since when it has not asked for more; `None` while it waits for something.
    idle_since: Mutex<Option<Instant>>,
}

struct Held {
    _permit: OwnedSemaphorePermit,
    counters: Arc<Counters>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.counters.ended();
    }
}

impl Place {
    /// The client has room for more. Whether it still has its place.
    pub(crate) fn asks(&self) -> bool {
        *self.idle_since.lock() = None;
        self.held.lock().is_some()
    }

    /// The client gets what it has asked for.
    pub(crate) fn gets(&self) {
        *self.idle_since.lock() = Some(clock::now());
    }

    fn is_stuck(&self, now: Instant) -> bool {
        let idle_since = *self.idle_since.lock();
        idle_since.is_some_and(|since| now.saturating_duration_since(since) >= PATIENCE)
    }
}
