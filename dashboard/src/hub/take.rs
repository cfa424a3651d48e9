//! Reading telemetry and the monitor. Both run code of others, so no lock is held meanwhile.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use steadfast_health::Monitor;
use steadfast_telemetry::{ComponentId, ComponentSnapshot, Note};

use super::{Frame, Hub};
use crate::clock;
use crate::controls::Verb;
use crate::view::taken::{Begun, Component, Taken};
use crate::view::{Change, kinds, series};

/// How much the counters of a component grew in each second.
type Grew = Vec<[f64; series::MOST]>;

/// A reading that is no older is as good as new.
pub(crate) const FRESH: Duration = Duration::from_millis(900);

/// After a pause so long, rates are made of telemetry's history where there is one.
const PAUSE: Duration = Duration::from_secs(5);

impl Hub {
    /// Reads everything, unless the last reading is fresh. `None` if the telemetry is gone.
    pub(crate) async fn refresh(&self) -> Option<()> {
        let _seat = self.seat.lock().await;
        let age = self.age();
        if age.is_some_and(|age| age < FRESH) {
            return Some(());
        }
        let taken = self.take_all(age)?;
        self.apply(taken, false);
        Some(())
    }

    /// Reads everything and tells all streams, also if nothing has changed: a sign of life.
    pub(super) async fn sample(&self) -> Option<()> {
        let _seat = self.seat.lock().await;
        let taken = self.take_all(self.age())?;
        self.apply(taken, true);
        Some(())
    }

    /// Reads one component and tells all streams, if anybody has looked lately.
    pub(crate) fn touch(&self, id: &str) {
        if self.age().is_none_or(|age| age > PAUSE) {
            return;
        }
        let Some(telemetry) = self.telemetry() else {
            return;
        };
        let Some((kind, name, _)) = parts(id) else {
            return;
        };
        let begun = self.begin();
        let of_checks = kind == kinds::HEALTH_CHECK;
        let components = if of_checks {
            Vec::new()
        } else {
            let mut named = telemetry.components_named(name);
            named.retain(|component| component.id.kind == *kind);
            named
        };
        let taken = self.taken(begun, components, of_checks, HashMap::new());
        self.apply(taken, false);
    }

    /// The instances of this kind and name that are alive now: of a reading that is fresh, others may have come in the
    /// place of those that it knows.
    pub(crate) fn instances(&self, kind: &str, name: &str) -> Vec<usize> {
        if kind == kinds::HEALTH_CHECK {
            // Their names are taken once.
            return self.state.lock().board.instances(kind, name);
        }
        let named = self.telemetry().map(|it| it.components_named(name));
        let mut named = named.unwrap_or_default();
        named.retain(|component| component.id.kind == *kind);
        named
            .iter()
            .map(|component| component.id.instance)
            .collect()
    }

    fn age(&self) -> Option<Duration> {
        let read_at = self.state.lock().board.read_at?;
        Some(clock::now().saturating_duration_since(read_at))
    }

    fn take_all(&self, age: Option<Duration>) -> Option<Taken> {
        let telemetry = self.telemetry()?;
        let begun = self.begin();
        let snapshot = telemetry.snapshot();
        let dropped = snapshot.dropped.saturating_add(self.missed());
        let after_pause = age.is_none_or(|age| age > PAUSE) && telemetry.keeps_history();
        let history = after_pause.then(|| telemetry.history());
        let of_each = history.iter().flat_map(|history| &history.components);
        let grew = of_each.map(|component| (component.id.clone(), series::growths(component)));
        let mut taken = self.taken(begun, snapshot.components, true, grew.collect());
        taken.all = true;
        taken.dropped = dropped;
        Some(taken)
    }

    /// What was read of components, and of the monitor if wanted.
    fn taken(
        &self,
        begun: Begun,
        components: Vec<ComponentSnapshot>,
        with_health: bool,
        mut grew: HashMap<ComponentId, Grew>,
    ) -> Taken {
        let names = components.iter().map(|component| {
            let ComponentId { kind, name, .. } = &component.id;
            (kind.clone(), name.clone())
        });
        let mut shared = HashMap::<_, usize>::new();
        for name in names {
            *shared.entry(name).or_default() += 1;
        }
        let components = components.into_iter().map(|snapshot| {
            let ComponentId { kind, name, .. } = &snapshot.id;
            let alone = shared.get(&(kind.clone(), name.clone())) == Some(&1);
            let actions = alone.then(|| self.actions(kind, name));
            Component {
                actions: actions.unwrap_or_default(),
                by: self.signer(&snapshot),
                grew: grew.remove(&snapshot.id).unwrap_or_default(),
                snapshot,
            }
        });
        let monitor = self.monitor.as_ref().filter(|_| with_health);
        Taken {
            components: components.collect(),
            report: monitor.map(Monitor::get_health),
            check_actions: self.actions(kinds::HEALTH_CHECK, ""),
            all: false,
            dropped: 0,
            begun,
        }
    }

    fn begin(&self) -> Begun {
        Begun {
            ticket: self.readings.fetch_add(1, Ordering::Relaxed),
            now: clock::now(),
            at: clock::millis(clock::wall()),
        }
    }

    /// What may be done to a component now.
    fn actions(&self, kind: &str, name: &str) -> Vec<&'static str> {
        let handle = self.desk.as_ref().and_then(|desk| desk.find(kind, name));
        let verbs = handle.map(|handle| handle.verbs()).unwrap_or_default();
        verbs.into_iter().map(Verb::as_str).collect()
    }

    fn signer(&self, component: &ComponentSnapshot) -> Option<Arc<str>> {
        let desk = self.desk.as_ref()?;
        match component.notes.get("mode_reason")? {
            Note::Text(reason) => desk.signer(&component.id.name, reason),
            _ => None,
        }
    }

    fn apply(&self, taken: Taken, always: bool) {
        let mut state = self.state.lock();
        let change = state.board.take(taken);
        if self.frames.receiver_count() > 0 && (always || !change.is_empty()) {
            let board = &state.board;
            let frame = Frame::delta(board.at, board.health, board.dropped, &change);
            let _ = self.frames.send(frame);
        }
    }
}

impl Change {
    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.removed.is_empty() && self.warnings.is_none()
    }
}

/// Kind, name and instance of a row's id.
pub(crate) fn parts(id: &str) -> Option<(&str, &str, usize)> {
    let (kind, rest) = id.split_once('/')?;
    let (name, instance) = rest.rsplit_once('/')?;
    Some((kind, name, instance.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn an_id_comes_apart_at_its_ends() {
        assert_eq!(parts("bulkhead/a/1"), Some(("bulkhead", "a", 1)));
        assert_eq!(parts("bulkhead/a/b/c/12"), Some(("bulkhead", "a/b/c", 12)));
        assert_eq!(parts("bulkhead//1"), Some(("bulkhead", "", 1)));
        for bad in [
            "",
            "bulkhead",
            "bulkhead/a",
            "bulkhead/a/x",
            "bulkhead/1/-1",
        ] {
            assert_eq!(parts(bad), None, "{bad}");
        }
    }
}
