//! The series of all components, which end at the same second.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::ring::{Ring, since_coarse};
use super::{ComponentHistory, History, SeriesHistory};
use crate::registry::Entry;
use crate::snapshot::{ComponentId, labels};
use crate::source::{Attributes, Taken};

pub(super) struct Rings {
    second: u64,
    at: SystemTime,
    tracks: HashMap<u64, Track>,
    left_out: usize,
}

struct Track {
    id: ComponentId,
    series: Vec<Series>,
}

struct Series {
    metric: &'static str,
    attributes: Attributes,
    ring: Ring,
}

impl Rings {
    pub(super) fn new(at: SystemTime) -> Self {
        Self {
            second: 0,
            at,
            tracks: HashMap::new(),
            left_out: 0,
        }
    }

    /// Takes what was read in `second`, which is later than the one before. Components that are not among
    /// the readings are forgotten.
    pub(super) fn take(
        &mut self,
        second: u64,
        at: SystemTime,
        readings: Vec<(Arc<Entry>, Vec<Taken>)>,
        left_out: usize,
    ) {
        let since = self.second + 1;
        let mut before = std::mem::take(&mut self.tracks);
        for (entry, taken) in readings {
            let track = before.remove(&entry.id);
            let mut track = track.unwrap_or_else(|| Track::new(&entry));
            track.take(taken, since..=second);
            self.tracks.insert(entry.id, track);
        }
        self.second = second;
        self.at = at;
        self.left_out = left_out;
    }

    pub(super) fn history(&self, chosen: impl Fn(&ComponentId) -> bool) -> History {
        let mut tracks: Vec<_> = self
            .tracks
            .iter()
            .filter(|(_number, track)| chosen(&track.id))
            .collect();
        tracks.sort_by_key(|(number, _track)| **number);
        let since_coarse = Duration::from_secs(since_coarse(self.second));
        History {
            version: History::VERSION,
            at: self.at,
            ten_seconds_at: self.at.checked_sub(since_coarse).unwrap_or(self.at),
            components: tracks
                .into_iter()
                .map(|(_number, track)| track.history())
                .collect(),
            left_out: self.left_out,
        }
    }
}

impl Track {
    fn new(entry: &Entry) -> Self {
        Self {
            id: ComponentId::of(entry),
            series: Vec::new(),
        }
    }

    fn take(&mut self, mut taken: Vec<Taken>, seconds: RangeInclusive<u64>) {
        taken.retain(|(instrument, _sample)| instrument.has_history());
        for series in &mut self.series {
            let its = taken.iter().position(|taken| series.is(taken));
            let value = its.map(|its| taken.swap_remove(its).1.value.float());
            series.ring.take(value, seconds.clone());
        }
        self.series.retain(|series| !series.ring.is_over());
        let last = *seconds.end();
        for (instrument, sample) in taken {
            let mut ring = Ring::new(instrument.kind().only_grows());
            ring.take(Some(sample.value.float()), last..=last);
            self.series.push(Series {
                metric: instrument.name(),
                attributes: sample.attributes,
                ring,
            });
        }
    }

    fn history(&self) -> ComponentHistory {
        let series = self.series.iter().map(|series| SeriesHistory {
            metric: Cow::Borrowed(series.metric),
            attributes: labels(series.attributes.clone()),
            seconds: series.ring.fine(),
            ten_seconds: series.ring.coarse(),
        });
        ComponentHistory {
            id: self.id.clone(),
            series: series.collect(),
        }
    }
}

impl Series {
    fn is(&self, (instrument, sample): &Taken) -> bool {
        self.metric == instrument.name() && self.attributes == sample.attributes
    }
}
