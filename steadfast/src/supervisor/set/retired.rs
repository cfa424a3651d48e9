//! Components that are in the file no more.
//!
//! The supervisor lets go of them: they have no name, no check and no controls any more. Whoever has one goes on with
//! it, so they are remembered for as long as that: the kill switches hold for them, the shutdown waits for what is
//! under way in them, and one whose name is in the file again is the one that it was.

use std::collections::BTreeMap;

use super::Set;
use crate::breaker::WeakCircuitBreaker;
use crate::bulkhead::WeakBulkhead;
use crate::config::Config;
#[cfg(feature = "http")]
use crate::http::WeakClient;
use crate::retry::WeakRetry;
use crate::supervisor::plan::Plan;

/// The components that are retired, as long as somebody has them.
#[derive(Debug, Clone, Default)]
pub(in crate::supervisor) struct Retired {
    breakers: BTreeMap<String, WeakCircuitBreaker>,
    retries: BTreeMap<String, WeakRetry>,
    bulkheads: BTreeMap<String, WeakBulkhead>,
    #[cfg(feature = "http")]
    clients: BTreeMap<String, WeakClient>,
}

/// Does something for each kind of component, given its name in a set and in a configuration.
macro_rules! for_each_kind {
    ($do:ident) => {
        $do!(breakers, circuit_breakers);
        $do!(retries, retries);
        $do!(bulkheads, bulkheads);
        #[cfg(feature = "http")]
        $do!(clients, http_clients);
    };
}

impl Retired {
    /// The keys of those that are in use.
    pub(in crate::supervisor) fn in_use(&self) -> Vec<String> {
        let mut keys = Vec::new();
        macro_rules! names {
            ($kind:ident, $section:ident) => {
                for (name, component) in &self.$kind {
                    if component.upgrade().is_some() {
                        keys.push(crate::supervisor::change::key([stringify!($section), name]));
                    }
                }
            };
        }
        for_each_kind!(names);
        keys
    }
}

impl Set {
    /// All that are in use, retired or not.
    pub(in crate::supervisor) fn whole(&self) -> Self {
        let mut whole = self.clone();
        macro_rules! back {
            ($kind:ident, $section:ident) => {
                for (name, component) in std::mem::take(&mut whole.retired.$kind) {
                    if let Some(component) = component.upgrade() {
                        whole.$kind.insert(name, component);
                    }
                }
            };
        }
        for_each_kind!(back);
        whole
    }

    /// Retires what is not in the plan.
    pub(in crate::supervisor) fn retire(&mut self, plan: &Plan) {
        macro_rules! part {
            ($kind:ident, $section:ident) => {
                let all = std::mem::take(&mut self.$kind);
                let (kept, gone): (BTreeMap<_, _>, BTreeMap<_, _>) = all
                    .into_iter()
                    .partition(|(name, _)| plan.$kind.contains_key(name));
                self.$kind = kept;
                let gone = gone
                    .iter()
                    .map(|(name, gone)| (name.clone(), gone.downgrade()));
                self.retired.$kind.extend(gone);
            };
        }
        for_each_kind!(part);
    }

    /// A configuration with the sections that those which are not in its plan had before.
    pub(in crate::supervisor) fn with_retired(
        &self,
        config: &Config,
        plan: &Plan,
        before: &Config,
    ) -> Config {
        let mut all = config.clone();
        macro_rules! keep {
            ($kind:ident, $section:ident) => {
                for name in self.$kind.keys() {
                    if let (None, Some(had)) = (plan.$kind.get(name), before.$section.get(name)) {
                        all.$section.insert(name.clone(), had.clone());
                    }
                }
            };
        }
        for_each_kind!(keep);
        all
    }
}
