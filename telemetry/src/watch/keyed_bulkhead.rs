//! Watching a set of bulkheads: what it holds, and each of them, also those that it creates later.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use steadfast_bulkhead::{Bulkhead, Keyed, KeyedObserver, WeakKeyed};

use super::Watch;
use crate::instrument::Instrument;
use crate::names;
use crate::sink::EventSink;
use crate::source::{Samples, Source};
use crate::telemetry::Telemetry;

/// Owned by the set as its observer, and by nobody else: it ends with the set.
struct Watched<K> {
    set: WeakKeyed<K>,
    name: Arc<str>,
    sink: EventSink,
}

/// The bulkheads are members of the [group](Telemetry::group) of the set's name.
impl<K> Watch for Keyed<K>
where
    K: Hash + Eq + Clone + fmt::Display + Send + Sync + 'static,
{
    fn watched_by(&self, telemetry: &Telemetry) {
        let watched = Arc::new(Watched {
            set: self.downgrade(),
            name: Arc::from(self.name()),
            sink: telemetry.sink(),
        });
        let source: Arc<dyn Source> = Arc::<Watched<K>>::clone(&watched);
        if !telemetry.insert(self.downgrade(), WeakKeyed::ptr_eq, &source) {
            return;
        }
        let group = telemetry.group(self.name());
        // Before those that are there are looked at, so that none is missed; twice is harmless.
        self.add_observer(watched);
        group.watch(self.overflow());
        for (_key, bulkhead) in self.bulkheads() {
            group.watch(&bulkhead);
        }
    }
}

impl<K: Send + Sync> KeyedObserver for Watched<K> {
    fn created(&self, bulkhead: &Bulkhead) {
        self.sink.watch_in(&self.name, bulkhead);
    }
}

impl<K: Send + Sync + 'static> Source for Watched<K> {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "keyed_bulkhead"
    }

    fn instruments(&self) -> &'static [Instrument] {
        names::BULKHEAD_KEYED
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let Some(set) = self.set.upgrade() else {
            return;
        };
        let now = set.snapshot();
        for (outcome, keys) in [
            ("created", now.created),
            ("evicted", now.evicted),
            ("removed", now.removed),
        ] {
            let outcome = (names::OUTCOME, outcome);
            samples.record(&names::BULKHEAD_KEYED_CHANGES, keys, &[outcome]);
        }
        samples.record(&names::BULKHEAD_KEYED_KEYS, now.keys as u64, &[]);
        samples.record(&names::BULKHEAD_KEYED_LIMIT, now.max_keys as u64, &[]);
        samples.record(&names::BULKHEAD_KEYED_OVERFLOWED, now.overflowed, &[]);
        let panics = now.observer_panics;
        samples.record(&names::BULKHEAD_KEYED_OBSERVER_PANICS, panics, &[]);
    }
}
