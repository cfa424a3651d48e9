use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, OnceLock};

use opentelemetry::KeyValue;
use parking_lot::RwLock;

use crate::per_meter::{PerMeter, Recorder};

/// So many series are kept, before what their records end in is known: 50 servers with five methods and
/// templates each.
const SERIES: usize = 256;

/// So many outcomes of each have a handle. All handles together are about as many as the SDK has room for
/// series of a metric.
const OUTCOMES: usize = 8;

/// The series that were met first, by what tells them apart. What finds no room is recorded all the same,
/// without being kept.
pub(crate) struct Cache<K, S> {
    series: RwLock<HashMap<K, Arc<S>>>,
}

impl<K: Clone + Eq + Hash, S> Cache<K, S> {
    pub(crate) fn get(&self, key: &K) -> Option<Arc<S>> {
        self.series.read().get(key).cloned()
    }

    /// The series of this key, made now and kept, unless another is kept already, or there is no room.
    /// `make` is told whether it will be kept: to bind a handle for one record is worse than none.
    pub(crate) fn keep(&self, key: &K, make: impl FnOnce(bool) -> S) -> Arc<S> {
        // Once it is full, it is only read.
        if self.series.read().len() >= SERIES {
            return Arc::new(make(false));
        }
        let mut kept = self.series.write();
        if let Some(series) = kept.get(key) {
            return Arc::clone(series);
        }
        if kept.len() >= SERIES {
            return Arc::new(make(false));
        }
        let series = Arc::new(make(true));
        kept.insert(key.clone(), Arc::clone(&series));
        series
    }

    /// Handles know only the meters that there were when they were bound. Who still holds a series after
    /// that records without them.
    pub(crate) fn clear(&self) {
        // Dropped after the lock: handles are the SDK's.
        let _gone = std::mem::take(&mut *self.series.write());
    }
}

impl<K, S> Default for Cache<K, S> {
    fn default() -> Self {
        Self {
            series: RwLock::default(),
        }
    }
}

impl<K, S> fmt::Debug for Cache<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("series", &self.series.read().len())
            .finish()
    }
}

/// The handles of one series, by what its records end in: a list that only grows, read without a lock.
pub(crate) struct Handles<O, R: Recorder> {
    /// How many there may be.
    room: usize,
    first: Link<O, R>,
}

type Link<O, R> = OnceLock<Box<Node<O, R>>>;

struct Node<O, R: Recorder> {
    outcome: O,
    /// One for each meter.
    handles: Box<[R::Bound]>,
    next: Link<O, R>,
}

impl<O: Copy + PartialEq, R: Recorder> Handles<O, R> {
    /// With room for some, if the series is kept.
    pub(crate) fn new(is_kept: bool) -> Self {
        Self {
            room: if is_kept { OUTCOMES } else { 0 },
            first: OnceLock::new(),
        }
    }

    /// Through the handle of this outcome, which is bound if there is none yet; or as ever, if there is no
    /// room for one, or if there is a meter that it does not know.
    pub(crate) fn record(
        &self,
        recorders: &PerMeter<R>,
        outcome: O,
        value: R::Value,
        attributes: impl Fn() -> Vec<KeyValue>,
    ) {
        let mut link = &self.first;
        for _ in 0..self.room {
            let node = link.get().unwrap_or_else(|| {
                // Outside of the cell: it is the SDK that binds. Another thread may be faster.
                let node = Node {
                    outcome,
                    handles: recorders.bind(&attributes()),
                    next: OnceLock::new(),
                };
                link.get_or_init(|| Box::new(node))
            });
            if node.outcome == outcome {
                if node.handles.len() != recorders.count() {
                    break;
                }
                for handle in &node.handles {
                    R::record_bound(handle, value);
                }
                return;
            }
            link = &node.next;
        }
        recorders.record(value, &attributes());
    }
}

impl<O: fmt::Debug, R: Recorder> fmt::Debug for Handles<O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = std::iter::successors(self.first.get(), |node| node.next.get());
        f.debug_list()
            .entries(nodes.map(|node| &node.outcome))
            .finish()
    }
}
