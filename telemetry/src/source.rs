//! The seam for components of other crates: where their numbers and events come in.

use std::sync::Arc;

use opentelemetry::KeyValue;

use crate::instrument::{Instrument, InstrumentKind};
use crate::names;
use crate::notes::Notes;
use crate::sink::EventSink;

/// A component that telemetry can read, and that may push events of its own.
///
/// Implement it on the part of your component that its handles share behind an [`Arc`], and
/// [`Watch`](crate::Watch) on the handle. A telemetry object holds the source weakly: once the last
/// handle is gone, its series are gone as well.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use steadfast_telemetry::{Attribute, Instrument, Samples, Source, Telemetry, Watch};
///
/// const SENT: Instrument = Instrument::counter("myapp.mails.sent", "{mail}", "Mails sent.")
///     .by(&[Attribute::any("transport")]);
///
/// #[derive(Clone)]
/// pub struct Mailer {
///     shared: Arc<Shared>,
/// }
///
/// pub struct Shared {
///     sent: AtomicU64,
/// }
///
/// impl Source for Shared {
///     fn name(&self) -> &str {
///         "newsletter"
///     }
///
///     fn instruments(&self) -> &'static [Instrument] {
///         &[SENT]
///     }
///
///     fn collect(&self, samples: &mut Samples<'_>) {
///         samples.record(&SENT, self.sent.load(Ordering::Relaxed), &[("transport", "smtp")]);
///     }
/// }
///
/// impl Watch for Mailer {
///     fn watched_by(&self, telemetry: &Telemetry) {
///         telemetry.watch(&self.shared);
///     }
/// }
///
/// let mailer = Mailer { shared: Arc::new(Shared { sent: AtomicU64::new(0) }) };
/// let telemetry = Telemetry::new();
/// telemetry.watch(&mailer);
/// assert_eq!(telemetry.snapshot().watched, 1);
///
/// drop(mailer);
/// assert_eq!(telemetry.snapshot().watched, 0);
/// ```
pub trait Source: Send + Sync + 'static {
    /// The component's name; every sample carries it as `resilience.name`. Must not change.
    ///
    /// An empty name leaves the attribute out.
    fn name(&self) -> &str;

    /// The instruments that [`collect`](Self::collect) may record. Asked once, when the source is
    /// first watched. None by default, for a source that only pushes events.
    fn instruments(&self) -> &'static [Instrument] {
        &[]
    }

    /// What kind of component it is, in snapshots: `circuit_breaker`, `http_client`. One word for all
    /// components that have the same instruments. Must not change. `component` by default.
    fn kind(&self) -> &'static str {
        "component"
    }

    /// Records the present values. Called once for each declared instrument at every collection, and once
    /// for all of them for a snapshot, on the thread of whoever collects; record everything and let
    /// `samples` pick.
    ///
    /// Record every series every time, zeros included: a series that is not recorded ends. Read
    /// the values of one instrument from one snapshot. Do not watch a component in here: the
    /// OpenTelemetry SDK holds a lock that creating an instrument needs. A panic loses this
    /// source's samples of this instrument, is counted, and hurts nothing else.
    fn collect(&self, samples: &mut Samples<'_>) {
        let _ = samples;
    }

    /// Says what no number can: why a circuit breaker opened, which broker a connection is to. Called for
    /// snapshots only. Nothing by default. Leave secrets out.
    fn describe(&self, notes: &mut Notes) {
        let _ = notes;
    }

    /// A telemetry object has begun to watch this source: keep the sink to push events through it.
    /// Called once for each telemetry object, even if [`Telemetry::watch`](crate::Telemetry::watch)
    /// is called more often. [`EventSinks`](crate::EventSinks) is a place to keep them.
    fn watched(&self, sink: EventSink) {
        drop(sink);
    }

    /// What handlers and subscriptions want to hear has changed, so [`EventSink::wants`] may answer
    /// otherwise from now on. Called on the thread that attaches, detaches or subscribes. Does nothing
    /// by default: ask [`wants`](EventSink::wants) each time, which costs next to nothing, unless
    /// whoever could tell should not even come that far.
    fn interest_changed(&self) {}
}

/// Takes the values of one source: of the instrument that is being collected, or of all of them.
#[derive(Debug)]
pub struct Samples<'a> {
    wanted: Wanted<'a>,
    declared: &'static [Instrument],
    taken: &'a mut Vec<Taken>,
}

/// Which values are being collected.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted<'a> {
    One(&'a Instrument),
    All,
}

/// A value, and what it is one of.
pub(crate) type Taken = (&'static Instrument, Sample);

/// What a source says of a value, but for the attributes that all values of the component have.
pub(crate) type Attributes = Vec<(&'static str, String)>;

/// One value of one component.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) value: Value,
    pub(crate) attributes: Attributes,
}

/// One value, ready for OpenTelemetry. The attributes are sorted by key, so that the SDK finds the
/// series at the first look-up.
#[derive(Debug)]
pub(crate) struct Labelled {
    pub(crate) value: Value,
    pub(crate) attributes: Vec<KeyValue>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Value {
    Integer(u64),
    Float(f64),
}

impl<'a> Samples<'a> {
    pub(crate) fn new(
        wanted: Wanted<'a>,
        declared: &'static [Instrument],
        taken: &'a mut Vec<Taken>,
    ) -> Self {
        Self {
            wanted,
            declared,
            taken,
        }
    }

    /// Whether values of this instrument are being collected now. [`record`](Self::record) ignores
    /// all others by itself; ask first where computing the value is expensive.
    #[must_use]
    pub fn wants(&self, instrument: &Instrument) -> bool {
        match self.wanted {
            Wanted::One(wanted) => wanted == instrument,
            Wanted::All => true,
        }
    }

    /// Records a whole number. It is ignored unless this instrument is being collected now.
    ///
    /// `resilience.name` is added by itself.
    ///
    /// # Panics
    /// If the source did not declare the instrument.
    pub fn record(
        &mut self,
        instrument: &Instrument,
        value: u64,
        attributes: &[(&'static str, &str)],
    ) {
        self.take(instrument, Value::Integer(value), attributes);
    }

    /// Records a real number. It is ignored unless this instrument is being collected now.
    ///
    /// `resilience.name` is added by itself. A value that is not finite is not recorded: it is no
    /// number, and would spoil every sum that it became part of.
    ///
    /// # Panics
    /// If the source did not declare the instrument, or if the instrument takes whole numbers.
    pub fn record_f64(
        &mut self,
        instrument: &Instrument,
        value: f64,
        attributes: &[(&'static str, &str)],
    ) {
        assert!(
            matches!(
                instrument.kind(),
                InstrumentKind::CounterF64 | InstrumentKind::GaugeF64
            ),
            "{} takes whole numbers",
            instrument.name()
        );
        self.take(instrument, Value::Float(value), attributes);
    }

    fn take(&mut self, instrument: &Instrument, value: Value, attributes: &[(&'static str, &str)]) {
        let declared = self.declared.iter().find(|one| *one == instrument);
        let Some(declared) = declared else {
            panic!(
                "{} is not among the source's instruments",
                instrument.name()
            );
        };
        if !self.wants(instrument) || !value.is_finite() {
            return;
        }
        let attributes = attributes.iter();
        let attributes = attributes.map(|&(key, value)| (key, value.to_owned()));
        let attributes = attributes.collect();
        self.taken.push((declared, Sample { value, attributes }));
    }
}

impl Value {
    /// Only called for instruments that take whole numbers, which never hold a float.
    pub(crate) fn integer(self) -> u64 {
        match self {
            Self::Integer(value) => value,
            Self::Float(value) => value as u64,
        }
    }

    pub(crate) fn float(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    fn is_finite(self) -> bool {
        match self {
            Self::Integer(_) => true,
            Self::Float(value) => value.is_finite(),
        }
    }

    pub(crate) fn zero(self) -> Self {
        match self {
            Self::Integer(_) => Self::Integer(0),
            Self::Float(_) => Self::Float(0.0),
        }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Integer(one), Self::Integer(two)) => Self::Integer(one.saturating_add(two)),
            (one, two) => Self::Float(one.float() + two.float()),
        }
    }

    /// How much it has grown; nothing if it has not.
    pub(crate) fn since(self, before: Self) -> Self {
        match (self, before) {
            (Self::Integer(now), Self::Integer(before)) => {
                Self::Integer(now.saturating_sub(before))
            }
            (now, before) => Self::Float((now.float() - before.float()).max(0.0)),
        }
    }

    pub(crate) fn max(self, other: Self) -> Self {
        match (self, other) {
            // As real numbers, those beyond 2^53 are the same as their neighbours.
            (Self::Integer(one), Self::Integer(two)) => Self::Integer(one.max(two)),
            (one, two) => Self::Float(one.float().max(two.float())),
        }
    }
}

/// Samples with the attributes of their component.
pub(crate) fn labelled(
    samples: Vec<Sample>,
    identity: &[KeyValue],
) -> impl Iterator<Item = Labelled> {
    samples.into_iter().map(move |sample| {
        let own = sample.attributes.into_iter();
        let own = own.map(|(key, value)| KeyValue::new(key, value));
        let mut attributes: Vec<_> = identity.iter().cloned().chain(own).collect();
        attributes.sort_by(|a, b| a.key.cmp(&b.key));
        Labelled {
            value: sample.value,
            attributes,
        }
    })
}

/// The attributes that tell one component's series from another's.
pub(crate) fn identity(name: &Arc<str>, instance: usize) -> Vec<KeyValue> {
    let mut identity = Vec::with_capacity(2);
    if !name.is_empty() {
        identity.push(KeyValue::new(names::NAME, Arc::clone(name)));
    }
    if instance > 1 {
        identity.push(KeyValue::new(names::INSTANCE, instance.to_string()));
    }
    identity
}
