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
    pub(crate) group: Option<Arc<Common>>,
    pub(crate) instruments: &'static [Instrument],
    pub(super) identity: Vec<KeyValue>,
    source: Weak<dyn Source>,
    /// What the source reads: a weak handle, compared with others of its type.
    component: Box<dyn Any + Send + Sync>,
}

/// What the members of a group have in common. It is there as long as one of them is.
pub(crate) struct Common {
    pub(crate) group: Arc<str>,
    pub(super) kind: &'static str,
    /// What those go by together that have no series of their own: a name like a component's, and taken
    /// like one.
    pub(super) others: Arc<str>,
    pub(super) identity: Vec<KeyValue>,
    instance: usize,
    instruments: &'static [Instrument],
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
}

/// Whether two components of one name would write into each other's series if they had the same number.
fn share(some: &[Instrument], others: &[Instrument]) -> bool {
    some.iter().any(|one| others.contains(one))
}

/// The first number that is not taken.
fn free(mut taken: Vec<usize>) -> usize {
    taken.sort_unstable();
    taken
        .iter()
        .fold(1, |free, taken| free + usize::from(free == *taken))
}

/// All watched components, in the order in which they came.
#[derive(Default)]
pub(super) struct Entries {
    all: Vec<Arc<Entry>>,
    /// The same, so that the next one is compared with its namesakes only.
    by_name: HashMap<Arc<str>, Vec<Arc<Entry>>>,
    /// By the name and the kind of the members.
    groups: HashMap<(Arc<str>, &'static str), Weak<Common>>,
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
        let group = new.group;
        let group = group.map(|group| self.group(group, new.kind, new.instruments));
        let mut taken = self.taken_by_groups(&new.name, new.instruments, group.as_ref());
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
            .filter(|entry| share(entry.instruments, new.instruments));
        taken.extend(rivals.map(|entry| entry.instance));
        let instance = free(taken);
        let entry = Arc::new(Entry {
            id: self.next_id,
            kind: new.kind,
            instance,
            group,
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

    fn group(
        &mut self,
        group: Arc<str>,
        kind: &'static str,
        instruments: &'static [Instrument],
    ) -> Arc<Common> {
        let key = (group, kind);
        if let Some(common) = self.groups.get(&key).and_then(Weak::upgrade) {
            return common;
        }
        let others: Arc<str> = format!("{}/other", key.0).into();
        let mut taken = self.taken_by_groups(&others, instruments, None);
        let namesakes = self.by_name.get(&others).into_iter().flatten();
        let rivals = namesakes.filter(|entry| share(entry.instruments, instruments));
        taken.extend(
            rivals
                .filter(|entry| entry.is_alive())
                .map(|entry| entry.instance),
        );
        let instance = free(taken);
        let common = Arc::new(Common {
            group: Arc::clone(&key.0),
            kind,
            identity: identity(&others, instance),
            others,
            instance,
            instruments,
        });
        self.groups.insert(key, Arc::downgrade(&common));
        common
    }

    /// The numbers of this name that groups have taken for their others, one's own left out.
    fn taken_by_groups(
        &self,
        name: &str,
        instruments: &[Instrument],
        own: Option<&Arc<Common>>,
    ) -> Vec<usize> {
        let groups = self.groups.values().filter_map(Weak::upgrade);
        groups
            .filter(|group| *group.others == *name && share(group.instruments, instruments))
            .filter(|group| !own.is_some_and(|own| Arc::ptr_eq(own, group)))
            .map(|group| group.instance)
            .collect()
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
            self.groups.retain(|_key, group| group.strong_count() > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::same_source;

    struct Brief;

    impl Source for Brief {
        fn name(&self) -> &str {
            "brief"
        }
    }

    #[test]
    fn those_that_are_gone_leave_nothing_behind_though_nobody_collects() {
        let mut entries = Entries::default();
        for number in 0..10_000 {
            let source: Arc<dyn Source> = Arc::new(Brief);
            let newcomer = Newcomer {
                component: Arc::downgrade(&source),
                same: same_source,
                source: Arc::downgrade(&source),
                kind: source.kind(),
                name: format!("brief {number}").into(),
                instruments: source.instruments(),
                group: Some(format!("group {number}").into()),
            };
            assert!(entries.insert(newcomer).is_some());
            assert!(entries.all.len() <= 64 && entries.by_name.len() <= 64);
            assert!(entries.groups.len() <= 65);
        }
    }
}
