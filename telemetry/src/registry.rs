//! What is watched, and the instruments that read it.

mod entry;
mod group;

use std::any::Any;
use std::fmt;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use opentelemetry::InstrumentationScope;
use opentelemetry::metrics::{AsyncInstrument, Meter};
use parking_lot::Mutex;

use self::entry::Entries;
pub(crate) use self::entry::{Entry, Newcomer};
use self::group::Groups;
use crate::guard::guarded;
use crate::http::Durations;
use crate::instrument::{Instrument, InstrumentKind};
use crate::messaging::MessagingMetrics;
use crate::notes::Notes;
use crate::source::{Labelled, Samples, Source, Taken, Wanted, labelled};

/// Sources, held weakly, and the meters that export them. No lock is held while a source or a
/// meter provider runs: both are code of others.
pub(crate) struct Registry {
    entries: Mutex<Entries>,
    groups: Groups,
    exports: Mutex<Exports>,
    durations: Arc<Durations>,
    messaging: Arc<MessagingMetrics>,
    /// A count that orders nothing, hence relaxed.
    source_panics: AtomicU64,
}

/// Every instrument exists once on every meter: whoever adds to one list builds the pairs with all
/// of the other list.
#[derive(Default)]
struct Exports {
    meters: Vec<Meter>,
    instruments: Vec<Instrument>,
}

impl Registry {
    pub(crate) fn new(meter: Meter, instruments: &[Instrument], own_series: usize) -> Arc<Self> {
        let registry = Arc::new(Self {
            entries: Mutex::default(),
            groups: Groups::new(own_series),
            exports: Mutex::default(),
            durations: Arc::new(Durations::new(own_series)),
            messaging: Arc::new(MessagingMetrics::new(own_series)),
            source_panics: AtomicU64::new(0),
        });
        registry.declare(instruments);
        registry.export_to(meter);
        registry
    }

    /// Watches a component; `None` if it is watched already.
    pub(crate) fn insert<C: Any + Send + Sync>(
        self: &Arc<Self>,
        newcomer: Newcomer<C>,
    ) -> Option<Arc<Entry>> {
        self.declare(newcomer.instruments);
        self.entries.lock().insert(newcomer)
    }

    /// Tells every source that what handlers want to hear has changed.
    pub(crate) fn tell_of_interest(&self) {
        for entry in self.components() {
            self.ask(&entry, |source| source.interest_changed());
        }
    }

    /// Exports everything to one more meter.
    pub(crate) fn export_to(self: &Arc<Self>, meter: Meter) {
        let instruments = {
            let mut exports = self.exports.lock();
            exports.meters.push(meter.clone());
            exports.instruments.clone()
        };
        for instrument in instruments {
            install(&meter, Arc::downgrade(self), instrument);
        }
        self.durations.add(&meter);
        self.messaging.add(&meter);
    }

    pub(crate) fn durations(&self) -> &Arc<Durations> {
        &self.durations
    }

    pub(crate) fn messaging(&self) -> &Arc<MessagingMetrics> {
        &self.messaging
    }

    /// How many sources are alive.
    pub(crate) fn len(&self) -> usize {
        self.entries.lock().count_alive()
    }

    pub(crate) fn source_panics(&self) -> u64 {
        self.source_panics.load(Ordering::Relaxed)
    }

    fn declare(self: &Arc<Self>, instruments: &[Instrument]) {
        let (new, meters) = {
            let mut exports = self.exports.lock();
            let known = &mut exports.instruments;
            let mut new = instruments.to_vec();
            new.retain(|instrument| !known.contains(instrument));
            known.extend(&new);
            (new, exports.meters.clone())
        };
        for instrument in new {
            for meter in &meters {
                install(meter, Arc::downgrade(self), instrument);
            }
        }
    }

    /// The values of one instrument, as they are exported.
    fn collect(&self, instrument: &Instrument) -> Vec<Labelled> {
        let entries: Vec<_> = {
            let mut entries = self.entries.lock();
            let declared = entries
                .alive()
                .iter()
                .filter(|entry| entry.instruments.contains(instrument));
            declared.cloned().collect()
        };
        let mut exported = Vec::new();
        let mut of_groups = Vec::new();
        for entry in entries {
            // One that panics has not said that it has counted nothing.
            let Some(taken) = self.read(&entry, Wanted::One(instrument)) else {
                continue;
            };
            let samples: Vec<_> = taken.into_iter().map(|(_, sample)| sample).collect();
            if entry.group.is_some() {
                of_groups.push((entry, samples));
            } else {
                exported.extend(labelled(samples, &entry.identity));
            }
        }
        self.groups.sort_out(instrument, of_groups, &mut exported);
        exported
    }

    /// All components, in the order in which they came.
    pub(crate) fn components(&self) -> Vec<Arc<Entry>> {
        self.entries.lock().alive().to_vec()
    }

    /// What a component says of itself now; `None` if it panics, for half of a one-hot gauge would be a
    /// lie. Nothing if it is gone.
    pub(crate) fn read(&self, entry: &Entry, wanted: Wanted<'_>) -> Option<Vec<Taken>> {
        let mut taken = Vec::new();
        let read = self.ask(entry, |source| {
            source.collect(&mut Samples::new(wanted, entry.instruments, &mut taken));
        });
        read.map(|()| taken)
    }

    /// What no number can say.
    pub(crate) fn describe(&self, entry: &Entry) -> Notes {
        let mut notes = Notes::default();
        let described = self.ask(entry, |source| source.describe(&mut notes));
        described.map_or_else(Notes::default, |()| notes)
    }

    /// The source may be dropped in here, if its last handle went meanwhile.
    fn ask(&self, entry: &Entry, ask: impl FnOnce(&dyn Source)) -> Option<()> {
        let asked = guarded(|| {
            if let Some(source) = entry.source() {
                ask(&*source);
            }
        });
        if asked.is_none() {
            self.source_panics.fetch_add(1, Ordering::Relaxed);
        }
        asked
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("sources", &self.len())
            .finish_non_exhaustive()
    }
}

/// Whether both are the same source: for sources that are their own component.
pub(crate) fn same_source(one: &Weak<dyn Source>, other: &Weak<dyn Source>) -> bool {
    ptr::addr_eq(one.as_ptr(), other.as_ptr())
}

/// The scope that all instruments belong to.
pub(crate) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
        .with_version(env!("CARGO_PKG_VERSION"))
        .build()
}

/// Creates one observable instrument with its one callback. OpenTelemetry has no way to take it
/// back, so the callback holds the registry weakly and observes nothing once that is gone.
fn install(meter: &Meter, registry: Weak<Registry>, instrument: Instrument) {
    macro_rules! observable {
        ($builder:ident, $number:ty, $value:expr) => {{
            let observe = move |observer: &dyn AsyncInstrument<$number>| {
                observe(&registry, &instrument, |sample| {
                    observer.observe($value(sample), &sample.attributes);
                });
            };
            let _ = meter
                .$builder(instrument.name())
                .with_unit(instrument.unit())
                .with_description(instrument.description())
                .with_callback(observe)
                .build();
        }};
    }
    let integer = |sample: &Labelled| sample.value.integer();
    let float = |sample: &Labelled| sample.value.float();
    match instrument.kind() {
        InstrumentKind::Counter => observable!(u64_observable_counter, u64, integer),
        InstrumentKind::CounterF64 => observable!(f64_observable_counter, f64, float),
        InstrumentKind::UpDownCounter => {
            observable!(i64_observable_up_down_counter, i64, |sample: &Labelled| {
                i64::try_from(sample.value.integer()).unwrap_or(i64::MAX)
            });
        }
        InstrumentKind::Gauge => observable!(u64_observable_gauge, u64, integer),
        InstrumentKind::GaugeF64 => observable!(f64_observable_gauge, f64, float),
        InstrumentKind::Duration => {} // recorded when it is measured, not collected
    }
}

/// The body of every callback. A panic that left it would end the thread of OpenTelemetry's
/// periodic reader for good.
fn observe(registry: &Weak<Registry>, instrument: &Instrument, mut take: impl FnMut(&Labelled)) {
    guarded(|| {
        if let Some(registry) = registry.upgrade() {
            registry.collect(instrument).iter().for_each(&mut take);
        }
    });
}
