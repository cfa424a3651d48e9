//! Which component waits for which: their names resolved to places in the board's list.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::component::Component;
use crate::status::{Importance, Status};

/// The dependencies between the components of one list, resolved anew whenever the list changes.
#[derive(Debug, Default)]
pub(crate) struct Wiring {
    /// For each component what it needs, in the order given.
    needs: Vec<Vec<Need>>,
    /// Every component, after all that it needs.
    order: Vec<usize>,
    importance: Vec<Importance>,
    /// Whether anything needs it.
    is_needed: Vec<bool>,
    /// Whether any component needs another.
    pub(crate) has_needs: bool,
}

#[derive(Debug)]
struct Need {
    name: Arc<str>,
    /// Its place in the list; `None` while nothing of that name is registered.
    at: Option<usize>,
}

/// What can be said of one component in view of all that it needs.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) status: Status,
    pub(crate) waits_for: Option<WaitsFor>,
}

/// What a component waits for: where the trouble began, which may be several steps away.
#[derive(Debug, Clone)]
pub(crate) struct WaitsFor {
    pub(crate) name: Arc<str>,
    /// `None` while nothing of that name is registered.
    status: Option<Status>,
}

impl Wiring {
    /// The list must be free of [cycles](cycle).
    pub(crate) fn new(components: &[&Component]) -> Self {
        let has_needs = components
            .iter()
            .any(|component| !component.rules().depends_on.is_empty());
        let mut importance: Vec<_> = components
            .iter()
            .map(|component| component.rules().importance)
            .collect();
        if !has_needs {
            return Self {
                needs: components.iter().map(|_| Vec::new()).collect(),
                order: (0..components.len()).collect(),
                importance,
                is_needed: vec![false; components.len()],
                has_needs,
            };
        }
        let places = places(components);
        let needs: Vec<Vec<_>> = components
            .iter()
            .map(|component| {
                let rules = component.rules();
                rules
                    .depends_on
                    .iter()
                    .map(|name| Need {
                        name: Arc::clone(name),
                        at: places.get(&**name).copied(),
                    })
                    .collect()
            })
            .collect();
        let order = sorted(&needs);
        let mut is_needed = vec![false; components.len()];
        for needed in needs.iter().flatten().filter_map(|need| need.at) {
            is_needed[needed] = true;
        }
        // Whoever needs comes after what it needs: backwards, each knows of all who need it.
        for place in order.iter().rev() {
            if importance[*place] == Importance::Required {
                for needed in needs[*place].iter().filter_map(|need| need.at) {
                    importance[needed] = Importance::Required;
                }
            }
        }
        Self {
            needs,
            order,
            importance,
            is_needed,
            has_needs,
        }
    }

    /// Adds one at the end of the list. `false` if that is more than adding: where anything depends on
    /// anything, all has to be resolved anew.
    pub(crate) fn push(&mut self, component: &Component) -> bool {
        if self.has_needs || !component.rules().depends_on.is_empty() {
            return false;
        }
        self.order.push(self.needs.len());
        self.needs.push(Vec::new());
        self.importance.push(component.rules().importance);
        self.is_needed.push(false);
        true
    }

    pub(crate) fn is_needed(&self, place: usize) -> bool {
        self.is_needed[place]
    }

    /// Required if the component is, or if one that is required needs it.
    pub(crate) fn importance(&self, place: usize) -> Importance {
        self.importance[place]
    }

    /// Every component after all that it needs, with the places of those.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = (usize, Vec<usize>)> {
        self.order.iter().map(|place| {
            let needed = self.needs[*place].iter().filter_map(|need| need.at);
            (*place, needed.collect())
        })
    }

    /// What each component shows, given what each found for itself.
    pub(crate) fn views(&self, own: impl Fn(usize) -> Status) -> Vec<View> {
        let mut views: Vec<Option<View>> = self.order.iter().map(|_| None).collect();
        for place in &self.order {
            let waits_for = self.needs[*place]
                .iter()
                .find_map(|need| need.missed(&views));
            let status = match waits_for {
                Some(_) => Status::Unknown,
                None => own(*place),
            };
            views[*place] = Some(View { status, waits_for });
        }
        views.into_iter().flatten().collect()
    }
}

impl Need {
    /// What keeps this need from being met, if anything.
    fn missed(&self, views: &[Option<View>]) -> Option<WaitsFor> {
        let missed = |status| {
            Some(WaitsFor {
                name: Arc::clone(&self.name),
                status,
            })
        };
        let Some(view) = self.at.and_then(|at| views[at].as_ref()) else {
            return missed(None);
        };
        match (view.status, &view.waits_for) {
            (Status::Healthy | Status::Degraded, _) => None,
            (Status::Unhealthy | Status::Unknown, Some(deeper)) => Some(deeper.clone()),
            (Status::Unhealthy | Status::Unknown, None) => missed(Some(view.status)),
        }
    }
}

impl WaitsFor {
    pub(crate) fn message(&self) -> String {
        match self.status {
            Some(status) => format!("waits for {}, which is {status}", self.name),
            None => format!("waits for {}, which is not registered", self.name),
        }
    }
}

/// A component, and the names of those that it needs.
pub(crate) struct Node {
    pub(crate) name: Arc<str>,
    pub(crate) needs: Arc<[Arc<str>]>,
}

impl Node {
    pub(crate) fn of(component: &Component) -> Self {
        Self {
            name: Arc::clone(&component.name),
            needs: Arc::clone(&component.rules().depends_on),
        }
    }
}

/// The way from a new component back to itself, both ends included, if with it the list would have
/// a cycle. The list alone must have none.
pub(crate) fn cycle(new: &Node, known: &[Node]) -> Option<Vec<Arc<str>>> {
    if new.needs.is_empty() {
        return None;
    }
    let places: HashMap<_, _> = known.iter().map(|node| &*node.name).zip(0..).collect();
    let mut reached = vec![false; known.len()];
    // Whom we came to, and from which step.
    let mut steps: Vec<(&Node, usize)> = vec![(new, 0)];
    let mut at = 0;
    while let Some((node, _)) = steps.get(at).copied() {
        for name in node.needs.iter() {
            if *name == new.name {
                let mut way = vec![Arc::clone(&new.name)];
                let mut step = at;
                while step != 0 {
                    way.push(Arc::clone(&steps[step].0.name));
                    step = steps[step].1;
                }
                way.push(Arc::clone(&new.name));
                way.reverse();
                return Some(way);
            }
            if let Some(place) = places.get(&**name) {
                let place: usize = *place;
                if !std::mem::replace(&mut reached[place], true) {
                    steps.push((&known[place], at));
                }
            }
        }
        at += 1;
    }
    None
}

fn places<'a>(components: &[&'a Component]) -> HashMap<&'a str, usize> {
    let names = components.iter().map(|component| &*component.name);
    names.zip(0..).collect()
}

/// Every place after all that it needs.
fn sorted(needs: &[Vec<Need>]) -> Vec<usize> {
    let mut needed_by = vec![Vec::new(); needs.len()];
    let mut open = vec![0_usize; needs.len()];
    for (place, needs) in needs.iter().enumerate() {
        for needed in needs.iter().filter_map(|need| need.at) {
            needed_by[needed].push(place);
            open[place] += 1;
        }
    }
    let mut ready: VecDeque<_> = (0..needs.len()).filter(|place| open[*place] == 0).collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(place) = ready.pop_front() {
        order.push(place);
        for waiting in &needed_by[place] {
            open[*waiting] -= 1;
            if open[*waiting] == 0 {
                ready.push_back(*waiting);
            }
        }
    }
    order
}
