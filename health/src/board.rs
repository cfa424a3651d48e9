//! Everything the monitor knows, behind its one lock: the components, what they stand at, what of
//! that has been published, and what is still to be told. No user code runs in here.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::component::Component;
use crate::observer::{Changed, Checked, Event, Subject};
use crate::snapshot::ComponentReport;
use crate::standing::{Finished, Standing};
use crate::status::{Status, roll_up};

pub(crate) struct Board {
    /// The monitor's name.
    name: Arc<str>,
    /// In the order of registration.
    entries: Vec<Entry>,
    liveness: Status,
    readiness: Readiness,
    outbox: VecDeque<Event>,
    /// Whether somebody is telling events; whoever is tells the ones that come in meanwhile.
    telling: bool,
}

struct Entry {
    component: Arc<Component>,
    standing: Standing,
    published: Status,
}

/// The readiness as last published. The version orders updates that leave the lock on different
/// threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Readiness {
    pub(crate) status: Status,
    pub(crate) version: u64,
}

impl Board {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            entries: Vec::new(),
            liveness: Status::Healthy,
            readiness: Readiness {
                status: Status::Healthy,
                version: 0,
            },
            outbox: VecDeque::new(),
            telling: false,
        }
    }

    /// Adds a component; `false` if its name is taken.
    pub(crate) fn insert(&mut self, component: &Arc<Component>) -> bool {
        let free = self.find(&component.name).is_none();
        if free {
            self.entries.push(Entry {
                component: Arc::clone(component),
                standing: Standing::default(),
                published: Status::Unknown,
            });
        }
        free
    }

    /// Takes a component out. The caller drops it after the lock: the check is user code.
    pub(crate) fn remove(&mut self, name: &str) -> Option<Arc<Component>> {
        let index = self.find(name)?;
        Some(self.entries.remove(index).component)
    }

    /// Takes a result in, unless the component has been deregistered since the run began.
    pub(crate) fn record(&mut self, component: &Arc<Component>, finished: Finished, now: Instant) {
        let Some(entry) = self
            .entries
            .iter_mut()
            .find(|entry| Arc::ptr_eq(&entry.component, component))
        else {
            return;
        };
        let result = finished.outcome.status();
        let (duration, ending) = (finished.duration, finished.ending);
        let rules = &component.rules;
        entry.standing.record(rules, finished, now);
        self.outbox.push_back(Event::Checked(Checked {
            name: Arc::clone(&self.name),
            component: Arc::clone(&component.name),
            result,
            status: entry.standing.status(rules, now),
            message: entry.standing.message(rules, now),
            duration,
            ending,
        }));
    }

    /// Brings what is published up to date; every difference goes to the outbox.
    pub(crate) fn settle(&mut self, now: Instant) -> Readiness {
        for entry in &mut self.entries {
            let from = entry.published;
            entry.published = entry.standing.status(&entry.component.rules, now);
            if entry.published != from {
                self.outbox.push_back(Event::Changed(Changed {
                    name: Arc::clone(&self.name),
                    subject: Subject::Component(Arc::clone(&entry.component.name)),
                    from,
                    to: entry.published,
                }));
            }
        }
        let (liveness, readiness) = self.roll_ups(now);
        for (subject, from, to) in [
            (Subject::Liveness, self.liveness, liveness),
            (Subject::Readiness, self.readiness.status, readiness),
        ] {
            if from != to {
                self.outbox.push_back(Event::Changed(Changed {
                    name: Arc::clone(&self.name),
                    subject,
                    from,
                    to,
                }));
            }
        }
        self.liveness = liveness;
        if self.readiness.status != readiness {
            self.readiness = Readiness {
                status: readiness,
                version: self.readiness.version + 1,
            };
        }
        self.readiness
    }

    /// Begins telling; `false` if somebody else is at it.
    pub(crate) fn begin_telling(&mut self) -> bool {
        !std::mem::replace(&mut self.telling, true)
    }

    /// The next event to tell. When there is none, telling has ended.
    pub(crate) fn next_event(&mut self) -> Option<Event> {
        let event = self.outbox.pop_front();
        self.telling = event.is_some();
        event
    }

    pub(crate) fn components(&self) -> Vec<Arc<Component>> {
        self.entries
            .iter()
            .map(|entry| Arc::clone(&entry.component))
            .collect()
    }

    pub(crate) fn reports(&self, now: Instant) -> Vec<ComponentReport> {
        self.entries
            .iter()
            .map(|entry| ComponentReport::new(&entry.component, &entry.standing, now))
            .collect()
    }

    /// Liveness and readiness, in this order.
    pub(crate) fn roll_ups(&self, now: Instant) -> (Status, Status) {
        let contribution = |entry: &Entry| {
            let rules = &entry.component.rules;
            (rules.importance, entry.standing.status(rules, now))
        };
        let vital = |entry: &&Entry| entry.component.rules.liveness;
        (
            roll_up(self.entries.iter().filter(vital).map(contribution)),
            roll_up(self.entries.iter().map(contribution)),
        )
    }

    /// How long until the passing of time alone may change a status; `None` without components.
    pub(crate) fn stale_in(&self, now: Instant) -> Option<Duration> {
        self.entries
            .iter()
            .map(|entry| entry.standing.stale_in(&entry.component.rules, now))
            .min()
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| *entry.component.name == *name)
    }
}
