//! Everything the monitor knows, behind its one lock: the components, what they stand at, what of
//! that has been published, and what is still to be told. No user code runs in here.

mod plan;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::component::Component;
use crate::counts::Counts;
use crate::entry::Entry;
use crate::error::RegisterError;
use crate::observer::{Changed, Checked, Event};
use crate::outbox::Outbox;
use crate::probe::Probe;
use crate::rules::{Rules, Said};
use crate::snapshot::ComponentReport;
use crate::standing::Finished;
use crate::status::Status;
use crate::tally::{RollUps, Tally};
use crate::wiring::{Node, View, Wiring, cycle};

pub(crate) use self::plan::Step;

pub(crate) struct Board {
    /// The monitor's name.
    name: Arc<str>,
    /// In the order of registration.
    entries: Vec<Entry>,
    /// Where in that list the component of each name is.
    places: HashMap<Arc<str>, usize>,
    /// Who of them waits for whom.
    wiring: Wiring,
    /// Of what has been published.
    tally: Tally,
    /// Before then nothing changes by the passing of time alone; `None` is never.
    still_until: Option<Instant>,
    /// What has changed since it was last published.
    touched: Touched,
    /// The run that made it change, which is still to be told.
    ran: Option<(usize, Checked)>,
    published: RollUps,
    /// Counts the changes of the published readiness.
    version: u64,
    /// Whether the service has come up, which it does once.
    has_started: bool,
    pub(crate) outbox: Outbox,
}

/// What has to be looked at again.
#[derive(Debug, Default)]
enum Touched {
    #[default]
    Nothing,
    /// The component at this place has a new result.
    One(usize),
    All,
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

impl Board {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            entries: Vec::new(),
            places: HashMap::new(),
            wiring: Wiring::default(),
            tally: Tally::default(),
            still_until: None,
            touched: Touched::Nothing,
            ran: None,
            published: RollUps {
                liveness: Status::Healthy,
                readiness: Status::Healthy,
                startup: Status::Healthy,
            },
            version: 0,
            has_started: false,
            outbox: Outbox::default(),
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
        if let Some(cycle) = self.cycle_with(component) {
            return Err(RegisterError::Cycle {
                monitor: monitor(),
                check: check(),
                cycle,
            });
        }
        let entry = Entry::new(component);
        self.places
            .insert(Arc::clone(&component.name), self.entries.len());
        if self.wiring.push(component) {
            let importance = component.rules().importance;
            self.tally.add(entry.share(Status::Unknown, importance));
            self.entries.push(entry);
        } else {
            self.entries.push(entry);
            self.rewire();
        }
        Ok(())
    }

    /// Takes components out. The caller drops them after the lock: the checks are user code.
    pub(crate) fn remove(&mut self, names: &[&str]) -> Vec<Arc<Component>> {
        let places: HashSet<_> = names.iter().filter_map(|name| self.find(name)).collect();
        if places.is_empty() {
            return Vec::new();
        }
        let all = std::mem::take(&mut self.entries).into_iter().enumerate();
        let (removed, kept): (Vec<_>, Vec<_>) = all.partition(|(place, _)| places.contains(place));
        self.entries = kept.into_iter().map(|(_, entry)| entry).collect();
        let names = self.entries.iter().map(|entry| &entry.component.name);
        self.places = names.cloned().zip(0..).collect();
        self.rewire();
        let removed = removed.into_iter();
        removed.map(|(_, entry)| entry.component).collect()
    }

    fn cycle_with(&self, component: &Component) -> Option<Vec<Arc<str>>> {
        let node = Node::of(component);
        if node.needs.is_empty() {
            return None;
        }
        let known: Vec<_> = self.list().into_iter().map(Node::of).collect();
        cycle(&node, &known)
    }

    /// Goes over to other rules, which are those of components in the order of registration. Returns those that
    /// are to be run in another rhythm.
    pub(crate) fn rule(&mut self, all: Vec<(Said, Rules)>, now: Instant) -> Vec<Arc<Component>> {
        let mut repaced = Vec::new();
        for (entry, (said, rules)) in self.entries.iter_mut().zip(all) {
            entry.standing.rebound(&rules, now);
            if entry.component.rule(said, rules) {
                repaced.push(Arc::clone(&entry.component));
            }
        }
        self.rewire();
        repaced
    }

    fn rewire(&mut self) {
        self.wiring = Wiring::new(&self.list());
        self.touched = Touched::All;
    }

    /// The leave to run a component; `None` while it waits for another, and once it is deregistered.
    /// Its number goes back with the result.
    pub(crate) fn leave(&self, component: &Arc<Component>, now: Instant) -> Option<u64> {
        let place = self.place_of(component)?;
        let waits = if self.is_still(now) {
            self.entries[place].waits
        } else {
            self.wiring.has_needs && self.views(now)[place].waits_for.is_some()
        };
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
            .record(&component.rules(), finished, counts, now);
        self.touched = Touched::One(place);
        // The status and the counts are those after it.
        let checked = Checked {
            name: Arc::clone(&self.name),
            component: Arc::clone(&component.name),
            result,
            status: Status::Unknown,
            message,
            duration,
            ending,
            counts: Counts::default(),
        };
        self.ran = Some((place, checked));
        counts
    }

    /// Before anything changes: what was found by a component that waits now is void, however short
    /// the wait. Without this a dependency that went stale and comes back would not show.
    pub(crate) fn note_waiting(&mut self, now: Instant) {
        if self.wiring.has_needs && !self.is_still(now) {
            self.void_waiting(now);
        }
    }

    fn void_waiting(&mut self, now: Instant) {
        let views = self.views(now);
        for (entry, view) in self.entries.iter_mut().zip(views) {
            if view.waits_for.is_some() {
                entry.waits = true;
                entry.standing.void();
            }
        }
    }

    /// Whether nothing can have changed by the passing of time alone since all of it was published.
    fn is_still(&self, now: Instant) -> bool {
        self.still_until.is_none_or(|until| now < until)
    }

    /// Brings what is published up to date; every difference goes to the outbox.
    pub(crate) fn settle(&mut self, now: Instant) -> Settled {
        let cleared = match std::mem::take(&mut self.touched) {
            Touched::Nothing if self.is_still(now) => Vec::new(),
            Touched::One(place) if self.is_still(now) && self.settle_one(place, now) => Vec::new(),
            _ => self.settle_all(now),
        };
        self.has_started |= self.tally.all_have_started();
        self.publish(self.tally.roll_ups(self.has_started));
        Settled {
            readiness: Readiness {
                status: self.published.readiness,
                version: self.version,
            },
            cleared,
        }
    }

    /// After a new result of one component, while all else stands still. `false`, with nothing done, if
    /// others may change with it.
    fn settle_one(&mut self, place: usize, now: Instant) -> bool {
        let importance = self.wiring.importance(place);
        let entry = &mut self.entries[place];
        let status = match entry.waits {
            true => Status::Unknown,
            false => entry.standing.status(now),
        };
        if status != entry.published && self.wiring.is_needed(place) {
            return false;
        }
        let stale_at = now.checked_add(entry.standing.stale_in(&entry.component.rules(), now));
        self.still_until = self.still_until.into_iter().chain(stale_at).min();
        self.tally.take(entry.share(entry.published, importance));
        let waits_for = None;
        let changed = entry.show(View { status, waits_for }, &self.name);
        self.tally.add(entry.share(status, importance));
        self.tell_run();
        if let Some(changed) = changed {
            self.say(Event::Changed(changed));
        }
        true
    }

    /// Returns the components for which what they waited for has come back.
    fn settle_all(&mut self, now: Instant) -> Vec<Arc<Component>> {
        if self.wiring.has_needs {
            self.void_waiting(now);
        }
        let views = self.views(now);
        let (mut cleared, mut changes) = (Vec::new(), Vec::new());
        for (entry, view) in self.entries.iter_mut().zip(views) {
            let waits = view.waits_for.is_some();
            if std::mem::replace(&mut entry.waits, waits) && !waits {
                cleared.push(Arc::clone(&entry.component));
            }
            changes.extend(entry.show(view, &self.name).map(Event::Changed));
        }
        self.tally = self.tally_of(|place| self.entries[place].published);
        self.still_until = self.stale_in(now).and_then(|wait| now.checked_add(wait));
        self.tell_run();
        for change in changes {
            self.say(change);
        }
        cleared
    }

    /// Tells the run that has just been taken in, before the changes that follow from it.
    fn tell_run(&mut self) {
        if let Some((place, mut checked)) = self.ran.take() {
            checked.status = self.entries[place].published;
            checked.counts = self.tally.statuses;
            self.say(Event::Checked(checked));
        }
    }

    fn say(&mut self, event: Event) {
        self.outbox.push(event, self.entries.len());
    }

    pub(crate) fn components(&self) -> Vec<Arc<Component>> {
        self.entries
            .iter()
            .map(|entry| Arc::clone(&entry.component))
            .collect()
    }

    pub(crate) fn report(&self, now: Instant) -> (Vec<ComponentReport>, RollUps) {
        let views = self.views(now);
        let tally = self.tally_of(|place| views[place].status);
        let roll_ups = tally.roll_ups(self.has_started);
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
            .map(|entry| entry.standing.stale_in(&entry.component.rules(), now))
            .min()
    }

    fn views(&self, now: Instant) -> Vec<View> {
        self.wiring
            .views(|place| self.entries[place].standing.status(now))
    }

    fn tally_of(&self, status: impl Fn(usize) -> Status) -> Tally {
        let entries = self.entries.iter().enumerate();
        entries
            .map(|(place, entry)| entry.share(status(place), self.wiring.importance(place)))
            .collect()
    }

    fn publish(&mut self, news: RollUps) {
        let before = std::mem::replace(&mut self.published, news);
        if before.readiness != news.readiness {
            self.version += 1;
        }
        for probe in Probe::ALL {
            let (from, to) = (before.of(probe), news.of(probe));
            if from != to {
                self.say(Event::Changed(Changed {
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
        self.places.get(name).copied()
    }

    fn place_of(&self, component: &Arc<Component>) -> Option<usize> {
        self.find(&component.name)
            .filter(|place| Arc::ptr_eq(&self.entries[*place].component, component))
    }
}
