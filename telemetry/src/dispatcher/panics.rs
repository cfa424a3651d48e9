//! What is remembered of handlers that panicked. Bounded: a program may go on attaching such handlers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// So many ids are counted apart.
const IDS: usize = 64;
/// What the ids beyond are counted as.
const OTHERS: &str = "other";
/// So many of the latest are remembered with what they said.
const REMEMBERED: usize = 16;

#[derive(Debug, Clone)]
pub(crate) struct Detached {
    pub(crate) id: Arc<str>,
    pub(crate) panic: Arc<str>,
}

#[derive(Debug, Default)]
pub(super) struct Panics {
    counts: BTreeMap<Arc<str>, u64>,
    detached: VecDeque<Detached>,
}

impl Panics {
    pub(super) fn add(&mut self, id: &Arc<str>, panic: &Arc<str>) {
        let known = self.counts.len() < IDS || self.counts.contains_key(id);
        let counted = if known { Arc::clone(id) } else { OTHERS.into() };
        *self.counts.entry(counted).or_default() += 1;
        if self.detached.len() == REMEMBERED {
            self.detached.pop_front();
        }
        let (id, panic) = (Arc::clone(id), Arc::clone(panic));
        self.detached.push_back(Detached { id, panic });
    }

    pub(super) fn detached(&self) -> Vec<Detached> {
        self.detached.iter().cloned().collect()
    }

    /// Those that panicked, and `attached`, which did not or did so before.
    pub(super) fn counts<'a>(
        &self,
        attached: impl IntoIterator<Item = &'a Arc<str>>,
    ) -> Vec<(Arc<str>, u64)> {
        let mut counts = self.counts.clone();
        for id in attached {
            counts.entry(Arc::clone(id)).or_default();
        }
        counts.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_does_not_grow_for_ever() {
        let mut panics = Panics::default();
        for handler in 0..1000 {
            let id = Arc::from(format!("handler {handler}"));
            panics.add(&id, &Arc::from("boom"));
            panics.add(&id, &Arc::from("again"));
        }
        let counts = panics.counts([]);
        assert_eq!(counts.len(), IDS + 1);
        assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 2000);
        let detached = panics.detached();
        assert_eq!(detached.len(), REMEMBERED);
        assert_eq!(&*detached[REMEMBERED - 1].id, "handler 999");
        assert_eq!(&*detached[REMEMBERED - 1].panic, "again");
    }

    #[test]
    fn a_handler_that_is_attached_has_a_count_if_it_is_zero() {
        let mut panics = Panics::default();
        let (bad, good): (Arc<str>, Arc<str>) = (Arc::from("bad"), Arc::from("good"));
        panics.add(&bad, &Arc::from("boom"));
        assert_eq!(panics.counts([&good, &bad]), [(bad, 1), (good, 0)]);
    }
}
