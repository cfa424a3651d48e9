//! Everything the monitor knows, behind its one lock: the components, what they stand at, what of
//! that has been published, and what is still to be told. No user code runs in here.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::component::Component;
use crate::error::RegisterError;
use crate::observer::{Changed, Checked, Event, Subject};
use crate::probe::Probe;
use crate::snapshot::ComponentReport;
use crate::standing::{Finished, Standing};
use crate::status::{Status, roll_up, worst};
use crate::wiring::{View, Wiring, cycle};

pub(crate) struct Board {
    /// The monitor's name.
    name: Arc<str>,
    /// In the order of registration.
    entries: Vec<Entry>,
    /// Who of them waits for whom.
    wiring: Wiring,
    published: RollUps,
    /// Counts the changes of the published readiness.
    version: u64,
    /// Whether the service has come up, which it does once.
    has_started: bool,
    outbox: VecDeque<Event>,
    /// Whether somebody is telling events; whoever is tells the ones that come in meanwhile.
    telling: bool,
}

struct Entry {
    component: Arc<Component>,
    standing: Standing,
    published: Status,
    /// Whether it was seen to wait for something, and nobody was told yet that this has come back.
    waits: bool,
    /// Whether it was healthy or degraded once.
    has_started: bool,
}

/// The answers to the three probes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RollUps {
    pub(crate) liveness: Status,
    pub(crate) readiness: Status,
    pub(crate) startup: Status,
}

/// The readiness as last published. The version orders updates that leave the lock on different
/// threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Readiness {
    pub(crate) status: Status,
    pub(crate) version: u64,
}

/// What is to be done after the lock.
pub(crate) struct Settled {
    pub(crate) readiness: Readiness,
    /// Components for which what they waited for has come back.
    pub(crate) cleared: Vec<Arc<Component>>,
}

/// One component and the places, in the same plan, of those that are to be run before it.
pub(crate) struct Step {
    pub(crate) component: Arc<Component>,
    pub(crate) after: Vec<usize>,
}

impl Board {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            entries: Vec::new(),
            wiring: Wiring::default(),
            published: RollUps {
                liveness: Status::Healthy,
                readiness: Status::Healthy,
                startup: Status::Healthy,
            },
            version: 0,
            has_started: false,
            outbox: VecDeque::new(),
            telling: false,
        }
    }

    /// Adds a component, unless its name is taken or it would wait for itself.
    pub(crate) fn insert(&mut self, component: &Arc<Component>) -> Result<(), RegisterError> {
        let monitor = || Arc::clone(&self.name);
        let check = || Arc::clone(&component.name);
        if self.find(&component.name).is_some() {
            return Err(RegisterError::Duplicate {
                monitor: monitor(),
                check: check(),
            });
        }
        if let Some(cycle) = cycle(component, &self.list()) {
            return Err(RegisterError::Cycle {
                monitor: monitor(),
                check: check(),
                cycle,
            });
        }
        self.entries.push(Entry {
            component: Arc::clone(component),
            standing: Standing::default(),
            published: Status::Unknown,
            waits: false,
            has_started: false,
        });
        self.wiring = Wiring::new(&self.list());
        Ok(())
    }

    /// Takes a component out. The caller drops it after the lock: the check is user code.
    pub(crate) fn remove(&mut self, name: &str) -> Option<Arc<Component>> {
        let index = self.find(name)?;
        let removed = self.entries.remove(index).component;
        self.wiring = Wiring::new(&self.list());
        Some(removed)
    }

    /// The leave to run a component; `None` while it waits for another, and once it is deregistered.
    /// Its number goes back with the result.
    pub(crate) fn leave(&self, component: &Arc<Component>, now: Instant) -> Option<u64> {
        let place = self.place_of(component)?;
        let waits = self.wiring.has_needs && self.views(now)[place].waits_for.is_some();
        (!waits).then(|| self.entries[place].standing.generation())
    }

    /// Takes a result in, unless the component has been deregistered since the run began. Whether
    /// it counts: a run that began before what it depends on broke says nothing about the present.
    pub(crate) fn record(
        &mut self,
        component: &Arc<Component>,
        leave: u64,
        finished: Finished,
        now: Instant,
    ) -> bool {
        let Some(place) = self.place_of(component) else {
            return false;
        };
        let result = finished.outcome.status();
        let message = finished.outcome.message_arc();
        let (duration, ending) = (finished.duration, finished.ending);
        let entry = &mut self.entries[place];
        let counts = entry.standing.generation() == leave;
        entry
            .standing
            .record(&component.rules, finished, counts, now);
        let views = self.views(now);
        self.outbox.push_back(Event::Checked(Checked {
            name: Arc::clone(&self.name),
            component: Arc::clone(&component.name),
            result,
            status: views[place].status,
            message,
            duration,
            ending,
            counts: views.iter().map(|view| view.status).sum(),
        }));
        counts
    }

    /// Before anything changes: what was found by a component that waits now is void, however short
    /// the wait. Without this a dependency that went stale and comes back would not show.
    pub(crate) fn note_waiting(&mut self, now: Instant) {
        if !self.wiring.has_needs {
            return;
        }
        let views = self.views(now);
        for (entry, view) in self.entries.iter_mut().zip(views) {
            if view.waits_for.is_some() {
                entry.waits = true;
                entry.standing.void();
            }
        }
    }

    /// Brings what is published up to date; every difference goes to the outbox.
    pub(crate) fn settle(&mut self, now: Instant) -> Settled {
        self.note_waiting(now);
        let views = self.views(now);
        let mut cleared = Vec::new();
        for (entry, view) in self.entries.iter_mut().zip(&views) {
            let waits = view.waits_for.is_some();
            if std::mem::replace(&mut entry.waits, waits) && !waits {
                cleared.push(Arc::clone(&entry.component));
            }
            entry.has_started |= matches!(view.status, Status::Healthy | Status::Degraded);
            let from = std::mem::replace(&mut entry.published, view.status);
            if view.status != from {
                self.outbox.push_back(Event::Changed(Changed {
                    name: Arc::clone(&self.name),
                    subject: Subject::Component(Arc::clone(&entry.component.name)),
                    from,
                    to: view.status,
                    waits_for: view.waits_for.as_ref().map(|it| Arc::clone(&it.name)),
                }));
            }
        }
        self.has_started |= self.all_have_started();
        self.publish(self.roll_ups(&views));
        Settled {
            readiness: Readiness {
                status: self.published.readiness,
                version: self.version,
            },
            cleared,
        }
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

    /// All components, each after those it depends on.
    pub(crate) fn plan(&self) -> Vec<Step> {
        let mut steps_of = vec![0; self.entries.len()];
        let mut plan = Vec::with_capacity(self.entries.len());
        for (place, needed) in self.wiring.in_order() {
            steps_of[place] = plan.len();
            plan.push(Step {
                component: Arc::clone(&self.entries[place].component),
                after: needed.into_iter().map(|place| steps_of[place]).collect(),
            });
        }
        plan
    }

    pub(crate) fn report(&self, now: Instant) -> (Vec<ComponentReport>, RollUps) {
        let views = self.views(now);
        let roll_ups = self.roll_ups(&views);
        let seen = self.entries.iter().zip(views).enumerate();
        let reports = seen.map(|(place, (entry, view))| {
            let importance = self.wiring.importance(place);
            let started = entry.has_started;
            ComponentReport::new(
                &entry.component,
                &entry.standing,
                view,
                importance,
                started,
                now,
            )
        });
        (reports.collect(), roll_ups)
    }

    /// How long until the passing of time alone may change a status; `None` without components.
    pub(crate) fn stale_in(&self, now: Instant) -> Option<Duration> {
        self.entries
            .iter()
            .map(|entry| entry.standing.stale_in(&entry.component.rules, now))
            .min()
    }

    fn views(&self, now: Instant) -> Vec<View> {
        self.wiring.views(|place| {
            let entry = &self.entries[place];
            entry.standing.status(&entry.component.rules, now)
        })
    }

    fn roll_ups(&self, views: &[View]) -> RollUps {
        let of = |wanted: fn(&Entry) -> bool| {
            let seen = self.entries.iter().zip(views).enumerate();
            seen.filter(move |(_, (entry, _))| wanted(entry))
        };
        let contribution = |(place, (_, view)): (usize, (&Entry, &View))| {
            (self.wiring.importance(place), view.status)
        };
        let missing = of(|entry| entry.component.rules.startup && !entry.has_started);
        RollUps {
            liveness: roll_up(of(|entry| entry.component.rules.liveness).map(contribution)),
            readiness: roll_up(of(|_| true).map(contribution)),
            startup: match self.has_started {
                true => Status::Healthy,
                false => worst(missing.map(|(_, (_, view))| view.status)),
            },
        }
    }

    /// Whether there is something to wait for, and it has all been there.
    fn all_have_started(&self) -> bool {
        let mut awaited = self
            .entries
            .iter()
            .filter(|entry| entry.component.rules.startup)
            .peekable();
        awaited.peek().is_some() && awaited.all(|entry| entry.has_started)
    }

    fn publish(&mut self, news: RollUps) {
        let before = std::mem::replace(&mut self.published, news);
        if before.readiness != news.readiness {
            self.version += 1;
        }
        for probe in Probe::ALL {
            let (from, to) = (before.of(probe), news.of(probe));
            if from != to {
                self.outbox.push_back(Event::Changed(Changed {
                    name: Arc::clone(&self.name),
                    subject: probe.into(),
                    from,
                    to,
                    waits_for: None,
                }));
            }
        }
    }

    fn list(&self) -> Vec<&Component> {
        self.entries.iter().map(|entry| &*entry.component).collect()
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| *entry.component.name == *name)
    }

    fn place_of(&self, component: &Arc<Component>) -> Option<usize> {
        self.entries
            .iter()
            .position(|entry| Arc::ptr_eq(&entry.component, component))
    }
}

impl RollUps {
    fn of(&self, probe: Probe) -> Status {
        match probe {
            Probe::Liveness => self.liveness,
            Probe::Readiness => self.readiness,
            Probe::Startup => self.startup,
        }
    }
}
