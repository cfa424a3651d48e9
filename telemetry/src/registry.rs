//! What is watched, and the instruments that read it.

use std::any::Any;
use std::fmt;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use opentelemetry::metrics::{AsyncInstrument, Meter};
use opentelemetry::{InstrumentationScope, KeyValue};
use parking_lot::Mutex;

use crate::guard::guarded;
use crate::http::Durations;
use crate::instrument::{Instrument, InstrumentKind};
use crate::messaging::MessagingMetrics;
use crate::source::{Sample, Samples, Source, identity};

/// Sources, held weakly, and the meters that export them. No lock is held while a source or a
/// meter provider runs: both are code of others.
pub(crate) struct Registry {
    entries: Mutex<Vec<Arc<Entry>>>,
    exports: Mutex<Exports>,
    durations: Arc<Durations>,
    messaging: Arc<MessagingMetrics>,
    /// A count that orders nothing, hence relaxed.
    source_panics: AtomicU64,
}

struct Entry {
    name: Arc<str>,
    instruments: &'static [Instrument],
    source: Weak<dyn Source>,
    /// What the source reads: a weak handle, compared with others of its type.
    component: Box<dyn Any + Send + Sync>,
    /// 1 for the first live component of its name, 2 for the second, ...
    instance: usize,
    identity: Vec<KeyValue>,
}

/// Every instrument exists once on every meter: whoever adds to one list builds the pairs with all
/// of the other list.
#[derive(Default)]
struct Exports {
    meters: Vec<Meter>,
    instruments: Vec<Instrument>,
}

impl Registry {
    pub(crate) fn new(meter: Meter, instruments: &[Instrument]) -> Arc<Self> {
        let registry = Arc::new(Self {
            entries: Mutex::default(),
            exports: Mutex::default(),
            durations: Arc::default(),
            messaging: Arc::default(),
            source_panics: AtomicU64::new(0),
        });
        registry.declare(instruments);
        registry.export_to(meter);
        registry
    }

    /// Adds a source unless its component is there already; says which of its name it is, if it did.
    pub(crate) fn insert<C: Any + Send + Sync>(
        self: &Arc<Self>,
        component: C,
        same: fn(&C, &C) -> bool,
        source: Weak<dyn Source>,
        name: Arc<str>,
        instruments: &'static [Instrument],
    ) -> Option<usize> {
        self.declare(instruments);
        let mut entries = self.entries.lock();
        entries.retain(|entry| entry.is_alive());
        let known = entries.iter().any(|entry| {
            let other = entry.component.downcast_ref::<C>();
            other.is_some_and(|other| same(other, &component))
        });
        if known {
            return None;
        }
        let instance = (1..)
            .find(|instance| {
                entries
                    .iter()
                    .all(|entry| !entry.clashes(&name, instruments, *instance))
            })
            .unwrap_or(1);
        entries.push(Arc::new(Entry {
            identity: identity(&name, instance),
            name,
            instruments,
            source,
            component: Box::new(component),
            instance,
        }));
        Some(instance)
    }

    /// Tells every source that what handlers want to hear has changed.
    pub(crate) fn tell_of_interest(&self) {
        let entries: Vec<_> = self.entries.lock().to_vec();
        for source in entries.iter().map(|entry| &entry.source) {
            guarded(|| {
                if let Some(source) = source.upgrade() {
                    source.interest_changed();
                }
            });
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
        let entries = self.entries.lock();
        entries.iter().filter(|entry| entry.is_alive()).count()
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

    fn collect(&self, instrument: &Instrument) -> Vec<Sample> {
        let entries: Vec<_> = {
            let mut entries = self.entries.lock();
            entries.retain(|entry| entry.is_alive());
            let declared = entries
                .iter()
                .filter(|entry| entry.instruments.contains(instrument));
            declared.cloned().collect()
        };
        let mut samples = Vec::new();
        for entry in entries {
            let before = samples.len();
            // The source may be dropped in here, if its last handle went meanwhile.
            let collected = guarded(|| {
                if let Some(source) = entry.source.upgrade() {
                    let (declared, identity) = (entry.instruments, &entry.identity);
                    let taken = &mut samples;
                    source.collect(&mut Samples::new(instrument, declared, identity, taken));
                }
            });
            if collected.is_none() {
                // Half of a one-hot gauge would be a lie.
                samples.truncate(before);
                self.source_panics.fetch_add(1, Ordering::Relaxed);
            }
        }
        samples
    }
}

impl Entry {
    fn is_alive(&self) -> bool {
        self.source.strong_count() > 0
    }

    /// Whether a component so named and numbered would write into this one's series.
    fn clashes(&self, name: &str, instruments: &[Instrument], instance: usize) -> bool {
        self.instance == instance
            && *self.name == *name
            && self.instruments.iter().any(|one| instruments.contains(one))
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
    let integer = |sample: &Sample| sample.value.integer();
    let float = |sample: &Sample| sample.value.float();
    match instrument.kind() {
        InstrumentKind::Counter => observable!(u64_observable_counter, u64, integer),
        InstrumentKind::CounterF64 => observable!(f64_observable_counter, f64, float),
        InstrumentKind::UpDownCounter => {
            observable!(i64_observable_up_down_counter, i64, |sample: &Sample| {
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
fn observe(registry: &Weak<Registry>, instrument: &Instrument, mut take: impl FnMut(&Sample)) {
    guarded(|| {
        if let Some(registry) = registry.upgrade() {
            registry.collect(instrument).iter().for_each(&mut take);
        }
    });
}
