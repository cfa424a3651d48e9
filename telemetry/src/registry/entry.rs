//! One watched component, and all of them.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

use opentelemetry::KeyValue;

use crate::instrument::Instrument;
use crate::own::KIND as OWN;
use crate::source::{Source, identity};

/// A watched component. It keeps nothing of it alive.
pub(crate) struct Entry {
    /// Of no other entry of the same registry.
    pub(crate) id: u64,
    pub(crate) kind: &'static str,
    pub(crate) name: Arc<str>,
    /// 1 for the first live component of its name, 2 for the second, ...
    pub(crate) instance: usize,
    /// Those it shares a bound on its series with, if any.
    pub(crate) group: Option<Arc<str>>,
    pub(crate) instruments: &'static [Instrument],
    pub(super) identity: Vec<KeyValue>,
    source: Weak<dyn Source>,
    /// What the source reads: a weak handle, compared with others of its type.
    component: Box<dyn Any + Send + Sync>,
}

impl Entry {
    pub(super) fn is_alive(&self) -> bool {
        self.source.strong_count() > 0
    }

    /// Whether it is what a telemetry object says of itself.
    pub(crate) fn is_own(&self) -> bool {
        self.kind == OWN
    }

    pub(super) fn source(&self) -> Option<Arc<dyn Source>> {
        self.source.upgrade()
    }

    /// Whether a component so named would write into this one's series if it had the same number.
    fn writes_into(&self, instruments: &[Instrument]) -> bool {
        self.instruments.iter().any(|one| instruments.contains(one))
    }
}

/// All watched components, in the order in which they came.
#[derive(Default)]
pub(super) struct Entries {
    all: Vec<Arc<Entry>>,
    /// The same, so that the next one is compared with its namesakes only.
    by_name: HashMap<Arc<str>, Vec<Arc<Entry>>>,
    next_id: u64,
    /// At how many entries the dead ones are looked for again, if nobody asks before.
    prune_at: usize,
}

/// What is to be watched.
pub(crate) struct Newcomer<C> {
    pub(crate) component: C,
    pub(crate) same: fn(&C, &C) -> bool,
    pub(crate) source: Weak<dyn Source>,
    pub(crate) kind: &'static str,
    pub(crate) name: Arc<str>,
    pub(crate) instruments: &'static [Instrument],
    pub(crate) group: Option<Arc<str>>,
}

impl Entries {
    /// Adds a component; `None` if it is there already.
    pub(super) fn insert<C: Any + Send + Sync>(&mut self, new: Newcomer<C>) -> Option<Arc<Entry>> {
        if self.all.len() >= self.prune_at {
            self.prune();
            self.prune_at = (2 * self.all.len()).max(64);
        }
        let namesakes = self.by_name.entry(Arc::clone(&new.name)).or_default();
        namesakes.retain(|entry| entry.is_alive());
        let is_known = namesakes.iter().any(|entry| {
            let other = entry.component.downcast_ref::<C>();
            other.is_some_and(|other| (new.same)(other, &new.component))
        });
        if is_known {
            return None;
        }
        let rivals = namesakes
            .iter()
            .filter(|entry| entry.writes_into(new.instruments));
        let mut taken: Vec<_> = rivals.map(|entry| entry.instance).collect();
        taken.sort_unstable();
        let instance = taken
            .iter()
            .fold(1, |free, taken| free + usize::from(free == *taken));
        let entry = Arc::new(Entry {
            id: self.next_id,
            kind: new.kind,
            instance,
            group: new.group,
            instruments: new.instruments,
            identity: identity(&new.name, instance),
            name: new.name,
            source: new.source,
            component: Box::new(new.component),
        });
        self.next_id += 1;
        namesakes.push(Arc::clone(&entry));
        self.all.push(Arc::clone(&entry));
        Some(entry)
    }

    /// Those that are still there.
    pub(super) fn alive(&mut self) -> &[Arc<Entry>] {
        self.prune();
        &self.all
    }

    pub(super) fn count_alive(&self) -> usize {
        self.all.iter().filter(|entry| entry.is_alive()).count()
    }

    fn prune(&mut self) {
        let before = self.all.len();
        self.all.retain(|entry| entry.is_alive());
        if self.all.len() < before {
            self.by_name.retain(|_name, namesakes| {
                namesakes.retain(|entry| entry.is_alive());
                !namesakes.is_empty()
            });
        }
    }
}
