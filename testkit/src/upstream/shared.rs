//! What the test's thread and the upstream's thread both see.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;

use super::{received::Received, reply::Reply};

pub(crate) type Responder = dyn Fn(&Received, usize) -> Reply + Send + Sync;

#[derive(Default)]
pub(crate) struct Shared {
    log: Mutex<Log>,
    responder: Mutex<Option<Arc<Responder>>>,
    counters: Counters,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) accepted: AtomicU64,
    pub(crate) open: AtomicU64,
    pub(crate) broken: AtomicU64,
    pub(crate) in_flight: AtomicU64,
    pub(crate) peak_in_flight: AtomicU64,
}

struct Log {
    requests: VecDeque<Received>,
    /// The most requests that are kept.
    room: usize,
    count: usize,
    script: VecDeque<Reply>,
}

impl Shared {
    pub(crate) fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.log.lock().script.extend(replies);
    }

    pub(crate) fn respond_with(&self, responder: Arc<Responder>) {
        *self.responder.lock() = Some(responder);
    }

    pub(crate) fn keep_last(&self, most: usize) {
        let mut log = self.log.lock();
        log.room = most;
        log.make_room(0);
    }

    pub(crate) fn forget(&self) {
        self.log.lock().requests.clear();
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.log.lock().requests.iter().cloned().collect()
    }

    pub(crate) fn request_count(&self) -> usize {
        self.log.lock().count
    }

    pub(crate) const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Counts a connection, and returns its number.
    pub(crate) fn accept(&self) -> u64 {
        self.counters.accepted.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a connection as open until the guard is dropped.
    pub(crate) fn open(&self) -> Counted<'_> {
        self.counters.open.fetch_add(1, Ordering::Relaxed);
        Counted(&self.counters.open)
    }

    /// Counts a request as in flight until the guard is dropped.
    pub(crate) fn in_flight(&self) -> Counted<'_> {
        let counters = &self.counters;
        let now = counters.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        counters.peak_in_flight.fetch_max(now, Ordering::Relaxed);
        Counted(&counters.in_flight)
    }

    /// Counts a request that broke off, or was none.
    pub(crate) fn broke(&self) {
        self.counters.broken.fetch_add(1, Ordering::Relaxed);
    }

    /// Records the request and finds its reply. The closure is called outside the locks.
    pub(crate) fn answer(&self, received: Received) -> Reply {
        let responder = self.responder.lock().clone();
        let mut log = self.log.lock();
        let before = log.count;
        log.count += 1;
        let scripted = log.script.pop_front();
        if log.room > 0 {
            log.make_room(1);
            log.requests.push_back(received.clone());
        }
        drop(log);
        match (scripted, responder) {
            (Some(reply), _) => reply,
            (None, Some(responder)) => responder(&received, before),
            (None, None) => Reply::ok("ok"),
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let log = self.log.lock();
        f.debug_struct("Shared")
            .field("requests", &log.count)
            .field("scripted", &log.script.len())
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl Log {
    /// Drops the oldest requests until there is room for so many new ones.
    fn make_room(&mut self, new: usize) {
        let surplus = (self.requests.len() + new).saturating_sub(self.room);
        self.requests.drain(..surplus);
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            requests: VecDeque::new(),
            room: usize::MAX,
            count: 0,
            script: VecDeque::new(),
        }
    }
}

/// Counts something down again, however the work on it ends.
#[derive(Debug)]
pub(crate) struct Counted<'a>(&'a AtomicU64);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
