//! What is measured: the description of one metric, free of OpenTelemetry types.

use std::fmt;

use crate::attribute::Attribute;

/// One metric: its name, kind, unit, description, and the attributes that its values have.
///
/// The instruments of the patterns are constants in [`names`](crate::names). A crate that brings a
/// [`Source`](crate::Source) of its own declares its instruments the same way:
///
/// ```
/// use steadfast_telemetry::{Attribute, Instrument, names};
///
/// const CHANNELS: Instrument =
///     Instrument::up_down_counter("myapp.channels", "{channel}", "Channels, open or in use.")
///         .by(&[Attribute::one_of(names::STATE, &["open", "in_use"])]);
///
/// assert_eq!(CHANNELS.unit(), "{channel}");
/// assert_eq!(CHANNELS.attributes()[0].key(), "resilience.state");
/// ```
///
/// Follow the OpenTelemetry naming rules: dotted lower-case names, no unit in the name, seconds
/// (`s`) and bytes (`By`) as units, annotations such as `{call}` for counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Instrument {
    name: &'static str,
    kind: InstrumentKind,
    unit: &'static str,
    description: &'static str,
    attributes: &'static [Attribute],
    has_history: bool,
}

impl Instrument {
    /// A whole number that only grows, such as calls.
    #[must_use]
    pub const fn counter(
        name: &'static str,
        unit: &'static str,
        description: &'static str,
    ) -> Self {
        Self::new(name, InstrumentKind::Counter, unit, description)
    }

    /// A real number that only grows, such as seconds spent.
    #[must_use]
    pub const fn counter_f64(
        name: &'static str,
        unit: &'static str,
        description: &'static str,
    ) -> Self {
        Self::new(name, InstrumentKind::CounterF64, unit, description)
    }

    /// A whole number that grows and shrinks and whose sum over many components means something,
    /// such as calls in flight.
    #[must_use]
    pub const fn up_down_counter(
        name: &'static str,
        unit: &'static str,
        description: &'static str,
    ) -> Self {
        Self::new(name, InstrumentKind::UpDownCounter, unit, description)
    }

    /// A whole number whose present value is all that matters, such as a state.
    #[must_use]
    pub const fn gauge(name: &'static str, unit: &'static str, description: &'static str) -> Self {
        Self::new(name, InstrumentKind::Gauge, unit, description)
    }

    /// A real number whose present value is all that matters, such as the last duration.
    #[must_use]
    pub const fn gauge_f64(
        name: &'static str,
        unit: &'static str,
        description: &'static str,
    ) -> Self {
        Self::new(name, InstrumentKind::GaugeF64, unit, description)
    }

    /// Seconds that something took, recorded one by one into a histogram.
    #[must_use]
    pub(crate) const fn duration(name: &'static str, description: &'static str) -> Self {
        Self::new(name, InstrumentKind::Duration, "s", description)
    }

    const fn new(
        name: &'static str,
        kind: InstrumentKind,
        unit: &'static str,
        description: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            unit,
            description,
            attributes: &[],
            has_history: false,
        }
    }

    /// The same with the attributes that its values are recorded with, those left out that every
    /// source has.
    #[must_use]
    pub const fn by(mut self, attributes: &'static [Attribute]) -> Self {
        self.attributes = attributes;
        self
    }

    /// Keeps what it was: see [`Builder::history`](crate::Builder::history). For the few that a chart is
    /// made of: each series takes 2.6 KB.
    #[must_use]
    pub const fn with_history(mut self) -> Self {
        self.has_history = true;
        self
    }

    /// The OpenTelemetry name, with dots.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// How its values behave.
    #[must_use]
    pub const fn kind(&self) -> InstrumentKind {
        self.kind
    }

    /// The unit, in UCUM notation.
    #[must_use]
    pub const fn unit(&self) -> &'static str {
        self.unit
    }

    /// What the numbers mean, in one sentence.
    #[must_use]
    pub const fn description(&self) -> &'static str {
        self.description
    }

    /// Whether what it was is kept.
    #[must_use]
    pub const fn has_history(&self) -> bool {
        self.has_history
    }

    /// The attributes that its values are told apart by, beside those that every source has.
    #[must_use]
    pub const fn attributes(&self) -> &'static [Attribute] {
        self.attributes
    }
}

/// All but the description on one line, to notice when any of it changes:
/// `resilience.bulkhead.acquired counter {call} resilience.outcome=at_once|after_wait`.
impl fmt::Display for Instrument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.name, self.kind, self.unit)?;
        let mut attributes = self.attributes.iter();
        attributes.try_for_each(|attribute| write!(f, " {attribute}"))
    }
}

/// How the values of an [`Instrument`] behave. All of them but [`Duration`](Self::Duration) are
/// observable instruments: they are read when metrics are collected and cost nothing in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InstrumentKind {
    /// A whole number that only grows.
    Counter,
    /// A real number that only grows.
    CounterF64,
    /// A whole number that grows and shrinks, and can be summed over components.
    UpDownCounter,
    /// A whole number that cannot be summed.
    Gauge,
    /// A real number that cannot be summed.
    GaugeF64,
    /// Seconds in a histogram, recorded as they are measured.
    Duration,
}

impl InstrumentKind {
    pub(crate) const fn only_grows(self) -> bool {
        matches!(self, Self::Counter | Self::CounterF64)
    }
}

/// As OpenTelemetry says it, the type of the number left out: `counter`, `up-down counter`, `gauge`,
/// `histogram`.
impl fmt::Display for InstrumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter | Self::CounterF64 => "counter",
            Self::UpDownCounter => "up-down counter",
            Self::Gauge | Self::GaugeF64 => "gauge",
            Self::Duration => "histogram",
        })
    }
}
