//! Everything at one moment, as plain data.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use crate::clock;
use crate::dispatcher::{Detached, Dispatcher};
use crate::event::EventKind;
use crate::notes::Notes;
use crate::registry::{Entry, Registry};
use crate::source::{Attributes, Taken, Value, Wanted};

/// A reading of one [`Telemetry`](crate::Telemetry) object and of all that it watches. The components are
/// read one after another while calls go on; what is told of one of them was read at once.
///
/// # In JSON
/// With the feature `serde` it is written and read in any format that describes itself, such as JSON. `at` is in milliseconds since 1970. A
/// component's `kind`, `name` and `instance` are its own keys. [`VERSION`](Self::VERSION) changes when
/// something is taken away or gets another meaning; what is added changes nothing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Snapshot {
    /// The version of this form: [`VERSION`](Self::VERSION).
    pub version: u32,
    /// The time of day when it was read.
    #[cfg_attr(feature = "serde", serde(with = "crate::millis"))]
    pub at: SystemTime,
    /// What is watched and alive, in the order in which it came.
    pub components: Vec<ComponentSnapshot>,
    /// How many of them there are.
    pub watched: usize,
    /// Handlers that are attached, in that order.
    pub handlers: Vec<HandlerSnapshot>,
    /// Handlers that were detached because they panicked: the latest 16, the last one last.
    pub detached: Vec<DetachedSnapshot>,
    /// Subscriptions that are alive.
    pub subscriptions: usize,
    /// Events that may wait for the handlers.
    pub queue_capacity: usize,
    /// Events that wait for the handlers now.
    pub queue_waiting: usize,
    /// Events that were queued, of all kinds.
    pub queued: u64,
    /// Events that found the queue full, of all kinds. No handler heard of them.
    pub dropped: u64,
    /// Events that subscriptions missed because they were not read in time, of all kinds and all
    /// subscriptions.
    pub missed: u64,
    /// Panics of sources that were asked for values or notes, or told of a change of interest, until this
    /// snapshot was begun.
    pub source_panics: u64,
}

/// Which component it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ComponentId {
    /// What sort of component: `circuit_breaker`, `bulkhead`, `http_client`, ...
    pub kind: Cow<'static, str>,
    /// Its name.
    pub name: String,
    /// 2 for a second live component of the same name, and so on; 1 otherwise.
    pub instance: usize,
}

/// One component.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ComponentSnapshot {
    /// Which one it is.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub id: ComponentId,
    /// The [group](crate::Telemetry::group) that it is a member of, if any.
    pub group: Option<String>,
    /// What its metrics say, all of one reading.
    pub values: Vec<ValueSnapshot>,
    /// What no number can say.
    pub notes: Notes,
}

/// One value of one metric.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ValueSnapshot {
    /// The metric's name, from [`names`](crate::names).
    pub metric: Cow<'static, str>,
    /// Its attributes, without those that all values of the component share.
    pub attributes: BTreeMap<Cow<'static, str>, String>,
    /// The value.
    pub value: Number,
}

/// A whole number, or a real one.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "metrics are whole or real: the list is complete"
)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(untagged))]
pub enum Number {
    /// A whole number.
    Integer(u64),
    /// A real number.
    Float(f64),
}

/// One attached handler.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HandlerSnapshot {
    /// The id it was attached under.
    pub id: String,
    /// How often handlers of this id panicked and were detached, before this one.
    pub panics: u64,
}

/// One handler that was detached because it panicked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DetachedSnapshot {
    /// The id it was attached under.
    pub id: String,
    /// The first line of what it panicked with, shortened to 200 bytes.
    pub panic: String,
}

impl Snapshot {
    /// The version of this form.
    pub const VERSION: u32 = 1;

    pub(crate) fn new(registry: &Registry, dispatcher: &Dispatcher) -> Self {
        let sum = |count: fn(&Dispatcher, EventKind) -> u64| {
            EventKind::ALL
                .map(|kind| count(dispatcher, kind))
                .iter()
                .sum()
        };
        let panics = dispatcher.panics();
        let handlers = dispatcher.handlers();
        let handlers = handlers.iter().map(|handler| HandlerSnapshot {
            id: handler.id().to_string(),
            panics: panics
                .iter()
                .find(|(counted, _)| counted == handler.id())
                .map_or(0, |(_, panics)| *panics),
        });
        let detached = dispatcher.detached().into_iter();
        let detached = detached.map(|Detached { id, panic }| DetachedSnapshot {
            id: id.to_string(),
            panic: panic.to_string(),
        });
        // Before the components are read, which may panic.
        let source_panics = registry.source_panics();
        let components = registry.components().into_iter();
        let components: Vec<_> = components
            .filter(|entry| !entry.is_own())
            .map(|entry| ComponentSnapshot::new(registry, &entry))
            .collect();
        Self {
            version: Self::VERSION,
            at: clock::now(),
            watched: components.len(),
            components,
            handlers: handlers.collect(),
            detached: detached.collect(),
            subscriptions: dispatcher.subscriptions(),
            queue_capacity: dispatcher.capacity(),
            queue_waiting: dispatcher.waiting(),
            queued: sum(Dispatcher::queued),
            dropped: sum(Dispatcher::dropped),
            missed: sum(Dispatcher::missed),
            source_panics,
        }
    }

    /// The components of this kind: `circuit_breaker`, `bulkhead`, `http_client`, ...
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &ComponentSnapshot> {
        let components = self.components.iter();
        components.filter(move |component| component.id.kind == kind)
    }
}

impl ComponentId {
    /// The first live component of this kind and name.
    #[must_use]
    pub fn new(kind: impl Into<Cow<'static, str>>, name: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            name: name.into(),
            instance: 1,
        }
    }

    /// The second one of the same kind and name, and so on.
    #[must_use]
    pub fn instance(mut self, instance: usize) -> Self {
        self.instance = instance;
        self
    }

    pub(crate) fn of(entry: &Entry) -> Self {
        Self::new(entry.kind, entry.name.as_ref()).instance(entry.instance)
    }
}

impl ComponentSnapshot {
    /// The components of this name, in the order in which they came.
    pub(crate) fn named(registry: &Registry, name: &str) -> Vec<Self> {
        let entries = registry.components().into_iter();
        entries
            .filter(|entry| !entry.is_own() && *entry.name == *name)
            .map(|entry| Self::new(registry, &entry))
            .collect()
    }

    fn new(registry: &Registry, entry: &Arc<Entry>) -> Self {
        let taken = registry.read(entry, Wanted::All).unwrap_or_default();
        Self {
            id: ComponentId::of(entry),
            group: entry.group.as_ref().map(|common| common.group.to_string()),
            values: taken.into_iter().map(ValueSnapshot::new).collect(),
            notes: registry.describe(entry),
        }
    }

    /// The value of this metric with exactly these attributes, if the component has one.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "breaker")] {
    /// use steadfast_breaker::CircuitBreaker;
    /// use steadfast_telemetry::{Telemetry, names};
    ///
    /// let breaker = CircuitBreaker::builder("payments").build().unwrap();
    /// let telemetry = Telemetry::new();
    /// telemetry.watch(&breaker);
    /// let _ = breaker.call_blocking(|| Ok::<_, &str>("paid"));
    ///
    /// let snapshot = telemetry.snapshot();
    /// let payments = &snapshot.components[0];
    /// let calls = names::BREAKER_CALLS.name();
    /// let succeeded = payments.value(calls, &[(names::OUTCOME, "success")]).unwrap();
    /// assert_eq!(succeeded.as_f64(), 1.0);
    /// # }
    /// ```
    #[must_use]
    pub fn value(&self, metric: &str, attributes: &[(&str, &str)]) -> Option<Number> {
        let found = self.values.iter().find(|value| {
            value.metric == metric
                && value.attributes.len() == attributes.len()
                && attributes
                    .iter()
                    .all(|(key, is)| value.attributes.get(*key).is_some_and(|has| has == is))
        });
        found.map(|value| value.value)
    }
}

impl ValueSnapshot {
    fn new((instrument, sample): Taken) -> Self {
        Self {
            metric: Cow::Borrowed(instrument.name()),
            value: match sample.value {
                Value::Integer(value) => Number::Integer(value),
                Value::Float(value) => Number::Float(value),
            },
            attributes: labels(sample.attributes),
        }
    }
}

/// A sample's attributes, for people.
pub(crate) fn labels(attributes: Attributes) -> BTreeMap<Cow<'static, str>, String> {
    let attributes = attributes.into_iter();
    attributes
        .map(|(key, value)| (Cow::Borrowed(key), value))
        .collect()
}

impl Number {
    /// The number as a real one.
    #[must_use]
    pub const fn as_f64(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}
