//! In which order components are to be run.

use std::sync::Arc;

use super::Board;
use crate::component::Component;

/// One component and the places, in the same plan, of those that are to be run before it.
pub(crate) struct Step {
    pub(crate) component: Arc<Component>,
    pub(crate) after: Vec<usize>,
}

impl Board {
    /// All components, each after those it depends on.
    pub(crate) fn plan(&self) -> Vec<Step> {
        self.plan_where(|_| true)
    }

    /// The component of this name after all that it depends on, in however many steps; `None` if there is none.
    pub(crate) fn plan_of(&self, name: &str) -> Option<Vec<Step>> {
        let mut wanted = vec![false; self.entries.len()];
        wanted[self.find(name)?] = true;
        let order: Vec<_> = self.wiring.in_order().collect();
        // Whoever needs others comes after them.
        for (place, needed) in order.into_iter().rev() {
            if wanted[place] {
                needed.into_iter().for_each(|place| wanted[place] = true);
            }
        }
        Some(self.plan_where(|place| wanted[place]))
    }

    /// Those that are wanted; what one of them needs must be too.
    fn plan_where(&self, is_wanted: impl Fn(usize) -> bool) -> Vec<Step> {
        let mut steps_of = vec![0; self.entries.len()];
        let mut plan = Vec::new();
        for (place, needed) in self.wiring.in_order() {
            if !is_wanted(place) {
                continue;
            }
            steps_of[place] = plan.len();
            plan.push(Step {
                component: Arc::clone(&self.entries[place].component),
                after: needed.into_iter().map(|place| steps_of[place]).collect(),
            });
        }
        plan
    }
}
