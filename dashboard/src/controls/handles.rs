//! All that is registered. It may grow and shrink while it is in use.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;

use super::handle::Handle;

/// Under the lock lists are exchanged, and nothing else: to look whether a component is alive is to hold it for a
/// moment, and whoever lets go of it last runs code of others.
#[derive(Default)]
pub(super) struct Handles {
    kept: RwLock<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Those that are one component, by its name.
    named: HashMap<String, Arc<[Handle]>>,
    /// Those that stand for several.
    others: Arc<[Handle]>,
    /// With how many names it is looked for those whose components are all gone.
    sweep_at: usize,
}

/// Fewer names are not worth a look.
const FEW: usize = 64;

impl Handles {
    /// Registers a component; once, if it is registered already.
    pub(super) fn add(&self, handle: &Handle) {
        self.sweep();
        loop {
            let before = self.kept.read().list(handle);
            let known = before.iter().flat_map(|list| list.iter());
            let others = known.filter(|known| known.is_alive() && !known.is_same(handle));
            let after = others.chain([handle]).cloned().collect();
            if self.exchange(handle, before.as_ref(), Some(after)) {
                return;
            }
        }
    }

    /// Whether it was registered. It no longer is.
    pub(super) fn remove(&self, handle: &Handle) -> bool {
        loop {
            let Some(before) = self.kept.read().list(handle) else {
                return false;
            };
            let others = before.iter().filter(|known| !known.is_same(handle));
            let after: Arc<[_]> = others.cloned().collect();
            let was_in = after.len() < before.len();
            let after = Some(after).filter(|list| !list.is_empty());
            if self.exchange(handle, Some(&before), after) {
                return was_in;
            }
        }
    }

    /// The handle of the component that this row is of.
    pub(super) fn find(&self, kind: &str, name: &str) -> Option<Handle> {
        let (named, others) = {
            let kept = self.kept.read();
            (kept.named.get(name).cloned(), Arc::clone(&kept.others))
        };
        let named = named.iter().flat_map(|list| list.iter());
        named
            .chain(others.iter())
            .find_map(|handle| handle.for_row(kind, name))
    }

    /// Puts a list in the place of another. `false` if somebody else has done so meanwhile.
    fn exchange(
        &self,
        handle: &Handle,
        before: Option<&Arc<[Handle]>>,
        after: Option<Arc<[Handle]>>,
    ) -> bool {
        let mut kept = self.kept.write();
        let is_as_before = match (kept.list(handle), before) {
            (Some(now), Some(before)) => Arc::ptr_eq(&now, before),
            (now, before) => now.is_none() && before.is_none(),
        };
        if is_as_before {
            kept.put(handle, after);
        }
        is_as_before
    }

    /// Forgets the names of what is gone and was never taken out, when there are twice as many names as were left
    /// the last time.
    fn sweep(&self) {
        let all: Vec<_> = {
            let kept = self.kept.read();
            if kept.named.len() < kept.sweep_at.max(FEW) {
                return;
            }
            let named = kept.named.iter();
            named
                .map(|(name, list)| (name.clone(), Arc::clone(list)))
                .collect()
        };
        let gone: Vec<_> = all
            .into_iter()
            .filter(|(_, list)| !list.iter().any(Handle::is_alive))
            .collect();
        let mut kept = self.kept.write();
        for (name, list) in gone {
            let now = kept.named.get(&name);
            if now.is_some_and(|now| Arc::ptr_eq(now, &list)) {
                kept.named.remove(&name);
            }
        }
        kept.sweep_at = kept.named.len().saturating_mul(2);
    }
}

impl Kept {
    /// The list that a handle is in, or would be.
    fn list(&self, handle: &Handle) -> Option<Arc<[Handle]>> {
        match handle.name() {
            Some(name) => self.named.get(name).cloned(),
            None => Some(Arc::clone(&self.others)),
        }
    }

    fn put(&mut self, handle: &Handle, list: Option<Arc<[Handle]>>) {
        match (handle.name(), list) {
            (Some(name), Some(list)) => drop(self.named.insert(name.to_owned(), list)),
            (Some(name), None) => drop(self.named.remove(name)),
            (None, list) => self.others = list.unwrap_or_default(),
        }
    }
}

impl fmt::Debug for Handles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.kept.read();
        f.debug_struct("Handles")
            .field("named", &kept.named)
            .field("others", &kept.others)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use steadfast_breaker::CircuitBreaker;

    use super::*;
    use crate::view::kinds;

    fn breaker(name: &str) -> CircuitBreaker {
        CircuitBreaker::builder(name).build().unwrap()
    }

    #[test]
    fn what_is_gone_and_was_never_taken_out_is_forgotten() {
        let handles = Handles::default();
        let kept = breaker("kept");
        handles.add(&Handle::breaker(&kept));
        for number in 0..10_000 {
            handles.add(&Handle::breaker(&breaker(&number.to_string())));
            // One name, and each time another component.
            handles.add(&Handle::breaker(&breaker("again")));
        }
        let names = handles.kept.read().named.len();
        assert!(names <= 2 * FEW, "{names}");
        assert_eq!(handles.kept.read().named["again"].len(), 1);
        assert!(handles.find(kinds::BREAKER, "kept").is_some());
        assert!(handles.find(kinds::BREAKER, "again").is_none());
    }

    #[test]
    fn what_several_threads_add_and_take_out_is_all_there_and_all_gone() {
        let handles = Handles::default();
        let threads = std::thread::available_parallelism().map_or(4, NonZeroUsize::get) * 2;
        let stay: Vec<_> = (0..threads).map(|_| breaker("one name")).collect();
        std::thread::scope(|scope| {
            for breaker in &stay {
                scope.spawn(|| {
                    let handle = Handle::breaker(breaker);
                    for _ in 0..100 {
                        handles.add(&handle);
                        assert!(handles.remove(&handle));
                        assert!(!handles.remove(&handle));
                    }
                    handles.add(&handle);
                });
            }
        });
        assert_eq!(handles.kept.read().named["one name"].len(), threads);
        for breaker in &stay {
            assert!(handles.remove(&Handle::breaker(breaker)));
        }
        assert!(handles.kept.read().named.is_empty());
    }
}
