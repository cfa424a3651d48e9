//! Components of which there may be very many, such as the circuit breakers of all hosts that a client
//! meets: the busiest have series of their own, and the others share one set, `other`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;

use super::entry::{Common, Entry};
use crate::instrument::{Instrument, InstrumentKind};
use crate::source::{Attributes, Labelled, Sample, Value, labelled};

/// What an instrument read of one member.
pub(super) type Reading = (Arc<Entry>, Vec<Sample>);

/// All groups. No code of others runs under its lock.
pub(super) struct Groups {
    /// How many members of a group have series of their own.
    limit: usize,
    groups: Mutex<HashMap<(Arc<str>, &'static str), Group>>,
}

struct Group {
    common: Arc<Common>,
    members: HashMap<u64, Member>,
    /// What the others have counted, those included that are no longer among them.
    counted: HashMap<&'static str, HashMap<Attributes, Value>>,
}

struct Member {
    entry: Arc<Entry>,
    place: Place,
    /// How busy it was lately: what it counted since the last review, half of that before, and so on.
    score: u64,
    /// The count at the last review.
    reviewed: u64,
}

enum Place {
    /// It has series of its own.
    Own,
    /// It is one of the others.
    Other {
        /// Whether it has been one of them since it began: what it counted until now is theirs, too.
        from_birth: bool,
        /// What of its counts is in those of the others.
        seen: HashMap<&'static str, HashMap<Attributes, Value>>,
    },
}

impl Groups {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            groups: Mutex::default(),
        }
    }

    /// Puts the readings of all members of all groups into `labelled`, with their own names or as others.
    pub(super) fn sort_out(
        &self,
        instrument: &Instrument,
        readings: Vec<Reading>,
        out: &mut Vec<Labelled>,
    ) {
        let mut by_group: HashMap<_, (Arc<Common>, Vec<Reading>)> = HashMap::new();
        for reading in readings {
            let Some(group) = &reading.0.group else {
                continue;
            };
            let key = (Arc::clone(&group.group), group.kind);
            let of_group = by_group.entry(key);
            let of_group = of_group.or_insert_with(|| (Arc::clone(group), Vec::new()));
            of_group.1.push(reading);
        }
        let mut groups = self.groups.lock();
        groups.retain(|key, group| {
            group.forget_the_dead(by_group.get(key).map(|(_common, readings)| readings))
        });
        for (key, (common, readings)) in by_group {
            let group = groups.entry(key).or_insert_with(|| Group::new(common));
            group.admit(&readings, self.limit);
            if readings[0].0.ranks_by(instrument) {
                group.review(&readings, self.limit);
            }
            group.collect(instrument, readings, out);
        }
    }
}

impl Group {
    fn new(common: Arc<Common>) -> Self {
        Self {
            common,
            members: HashMap::new(),
            counted: HashMap::new(),
        }
    }

    /// `false` if nobody is left. Whoever has gone since it was read is told once more.
    fn forget_the_dead(&mut self, readings: Option<&Vec<Reading>>) -> bool {
        let readings = readings.into_iter().flatten();
        let read: HashSet<_> = readings.map(|(entry, _samples)| entry.id).collect();
        self.members
            .retain(|id, member| member.entry.is_alive() || read.contains(id));
        !self.members.is_empty()
    }

    fn admit(&mut self, readings: &[Reading], limit: usize) {
        let mut own = self.own();
        for (entry, _samples) in readings {
            // One that has gone may have been forgotten already: what of it is counted, nobody knows.
            if self.members.contains_key(&entry.id) || !entry.is_alive() {
                continue;
            }
            let has_own = own < limit && self.may_have_own(entry);
            own += usize::from(has_own);
            let place = if has_own {
                Place::Own
            } else {
                Place::other(true)
            };
            let member = Member {
                entry: Arc::clone(entry),
                place,
                score: 0,
                reviewed: 0,
            };
            self.members.insert(entry.id, member);
        }
    }

    /// Whoever is called like the others together must be one of them.
    fn may_have_own(&self, entry: &Entry) -> bool {
        entry.name != self.common.others
    }

    fn own(&self) -> usize {
        let members = self.members.values();
        members.filter(|member| member.place.is_own()).count()
    }

    /// Gives the series to the busiest. One of the others takes somebody's place only if it was more than
    /// twice as busy, so that two that are alike do not take turns.
    fn review(&mut self, readings: &[Reading], limit: usize) {
        for (entry, samples) in readings {
            let Some(member) = self.members.get_mut(&entry.id) else {
                continue;
            };
            let counts = samples.iter().map(|sample| sample.value.integer());
            let total = counts.fold(0, u64::saturating_add);
            let since = total.saturating_sub(member.reviewed);
            member.score = (member.score / 2).saturating_add(since);
            member.reviewed = member.reviewed.max(total);
        }
        if self.members.len() <= limit && self.members.values().all(|member| member.place.is_own())
        {
            return;
        }
        let mut ranked: Vec<_> = self.members.values().collect();
        ranked.sort_by_key(|member| (std::cmp::Reverse(member.score), member.entry.id));
        let (own, others): (Vec<_>, Vec<_>) =
            ranked.into_iter().partition(|member| member.place.is_own());
        let mut free = limit.saturating_sub(own.len());
        let mut least = own.iter().rev();
        let mut moves = Vec::new();
        for candidate in others {
            if !self.may_have_own(&candidate.entry) {
                continue;
            }
            if free > 0 {
                free -= 1;
            } else {
                match least.next() {
                    Some(least) if candidate.score / 2 > least.score => {
                        moves.push((least.entry.id, Place::other(false)));
                    }
                    _ => break,
                }
            }
            moves.push((candidate.entry.id, Place::Own));
        }
        for (id, place) in moves {
            if let Some(member) = self.members.get_mut(&id) {
                member.place = place;
            }
        }
    }

    fn collect(
        &mut self,
        instrument: &Instrument,
        readings: Vec<Reading>,
        out: &mut Vec<Labelled>,
    ) {
        let mut present: HashMap<Attributes, Value> = HashMap::new();
        for (entry, samples) in readings {
            let Some(member) = self.members.get_mut(&entry.id) else {
                continue;
            };
            let Place::Other { from_birth, seen } = &mut member.place else {
                out.extend(labelled(samples, &entry.identity));
                continue;
            };
            if !instrument.kind().only_grows() {
                for sample in samples {
                    let joined = joins(instrument.kind(), &sample.attributes);
                    let sum = present.entry(sample.attributes);
                    sum.and_modify(|sum| *sum = joined(*sum, sample.value))
                        .or_insert(sample.value);
                }
                continue;
            }
            let is_first = !seen.contains_key(instrument.name());
            let seen = seen.entry(instrument.name()).or_default();
            let counted = self.counted.entry(instrument.name()).or_default();
            for sample in samples {
                let grown = match seen.get(&sample.attributes) {
                    Some(before) => sample.value.since(*before),
                    // What it counted while it had series of its own was told there.
                    None if is_first && !*from_birth => sample.value.zero(),
                    None => sample.value,
                };
                let sum = counted.entry(sample.attributes.clone());
                let sum = sum.or_insert_with(|| sample.value.zero());
                *sum = sum.plus(grown);
                let seen = seen.entry(sample.attributes);
                seen.and_modify(|seen| *seen = seen.max(sample.value))
                    .or_insert(sample.value);
            }
        }
        if let Some(counted) = self.counted.get(instrument.name()) {
            present.clone_from(counted);
        }
        let others = present
            .into_iter()
            .map(|(attributes, value)| Sample { attributes, value });
        out.extend(labelled(others.collect(), &self.common.identity));
    }
}

impl Place {
    fn other(from_birth: bool) -> Self {
        Self::Other {
            from_birth,
            seen: HashMap::new(),
        }
    }

    const fn is_own(&self) -> bool {
        matches!(self, Self::Own)
    }
}

impl Entry {
    /// Whether members like this one are ranked by this instrument: the first thing that they count.
    fn ranks_by(&self, instrument: &Instrument) -> bool {
        let mut counters = self
            .instruments
            .iter()
            .filter(|one| one.kind() == InstrumentKind::Counter);
        counters.next() == Some(instrument)
    }
}

/// How the values of two members become one. How many are in a state, or what is in use, is a sum; of
/// what cannot be summed the highest is told.
fn joins(kind: InstrumentKind, attributes: &Attributes) -> fn(Value, Value) -> Value {
    match kind {
        InstrumentKind::UpDownCounter => Value::plus,
        InstrumentKind::Gauge if !attributes.is_empty() => Value::plus,
        _ => Value::max,
    }
}
