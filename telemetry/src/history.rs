//! What was: the last five minutes by the second, and the last hour by ten seconds.

mod ring;
mod rings;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, SystemTime};

use parking_lot::{Condvar, Mutex};

use self::rings::Rings;
use crate::clock;
use crate::registry::{Entry, Registry};
use crate::snapshot::ComponentId;
use crate::source::Wanted;

/// Between two readings.
const STEP: Duration = Duration::from_secs(1);

/// What the components were like, made by [`Telemetry::history`](crate::Telemetry::history).
///
/// Only the metrics that a chart is made of are kept: those of
/// [`Instrument::with_history`](crate::Instrument::with_history).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct History {
    /// The version of this form: [`VERSION`](Self::VERSION).
    pub version: u32,
    /// The time of day of the last value by the second of every series.
    #[cfg_attr(feature = "serde", serde(with = "crate::millis"))]
    pub at: SystemTime,
    /// The time of day of the last value by ten seconds of every series.
    #[cfg_attr(feature = "serde", serde(with = "crate::millis"))]
    pub ten_seconds_at: SystemTime,
    /// The components that have a history.
    pub components: Vec<ComponentHistory>,
    /// Components for which there was no room: see [`Builder::history`](crate::Builder::history).
    pub left_out: usize,
}

/// What one component was like.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ComponentHistory {
    /// Which one it is.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub id: ComponentId,
    /// Its series.
    pub series: Vec<SeriesHistory>,
}

/// The values of one metric of one component, the latest at the end.
///
/// A value of a counter is how much it grew: in that second, or in those ten. A value of anything else is
/// what it was at the end of that second, or the highest that it was at the end of those ten. `None` where
/// nothing is known, as of a ratio of too few calls.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SeriesHistory {
    /// The metric's name.
    pub metric: Cow<'static, str>,
    /// Its attributes.
    pub attributes: BTreeMap<Cow<'static, str>, String>,
    /// By the second: up to 300.
    pub seconds: Vec<Option<f32>>,
    /// By ten seconds: up to 360.
    pub ten_seconds: Vec<Option<f32>>,
}

impl History {
    /// The version of this form.
    pub const VERSION: u32 = 1;

    /// How many values by the second there are at most.
    pub const SECONDS: usize = 300;

    /// How many values by ten seconds there are at most.
    pub const TEN_SECONDS: usize = 360;
}

/// Reads the components once a second and keeps what they say.
pub(crate) struct Recorder {
    /// How many components there is room for.
    room: usize,
    rings: Mutex<Rings>,
    stopped: Mutex<bool>,
    stop: Condvar,
}

impl Recorder {
    pub(crate) fn new(room: usize) -> Arc<Self> {
        Arc::new(Self {
            room,
            rings: Mutex::new(Rings::new(clock::now())),
            stopped: Mutex::new(false),
            stop: Condvar::new(),
        })
    }

    /// Begins, on a thread of its own, which ends after [`stop`](Self::stop), or with the registry.
    pub(crate) fn start(self: &Arc<Self>, registry: &Arc<Registry>) -> io::Result<()> {
        let recorder = Arc::clone(self);
        let registry = Arc::downgrade(registry);
        thread::Builder::new()
            .name("steadfast-history".to_owned())
            .spawn(move || recorder.run(&registry))?;
        Ok(())
    }

    /// Ends the thread; does not wait for it.
    pub(crate) fn stop(&self) {
        *self.stopped.lock() = true;
        self.stop.notify_all();
    }

    /// Whether there is room for any component.
    pub(crate) fn has_room(&self) -> bool {
        self.room > 0
    }

    /// What was, of the components that are chosen.
    pub(crate) fn history(&self, chosen: impl Fn(&ComponentId) -> bool) -> History {
        self.rings.lock().history(chosen)
    }

    fn run(&self, registry: &Weak<Registry>) {
        let begun = clock::monotonic();
        let mut steps = 0;
        while !self
            .stopped_within(STEP.saturating_sub(begun.elapsed().saturating_sub(STEP * steps)))
        {
            // A machine that stood still has missed some.
            let passed = begun.elapsed().as_secs();
            let Ok(passed) = u32::try_from(passed) else {
                return;
            };
            if passed == steps {
                continue;
            }
            let Some(registry) = registry.upgrade() else {
                return;
            };
            self.read(&registry, u64::from(passed), clock::now());
            steps = passed;
        }
    }

    fn stopped_within(&self, wait: Duration) -> bool {
        let mut stopped = self.stopped.lock();
        self.stop
            .wait_while_for(&mut stopped, |stopped| !*stopped, wait);
        *stopped
    }

    /// Reads what there is room for, in the given second. No lock is held while it does.
    fn read(&self, registry: &Registry, second: u64, at: SystemTime) {
        let components = registry.components().into_iter();
        let mut components = components.filter(has_history);
        let readings: Vec<_> = components
            .by_ref()
            .take(self.room)
            .map(|entry| {
                let taken = registry.read(&entry, Wanted::All);
                (entry, taken.unwrap_or_default())
            })
            .collect();
        let left_out = components.count();
        self.rings.lock().take(second, at, readings, left_out);
    }
}

fn has_history(entry: &Arc<Entry>) -> bool {
    entry.instruments.iter().any(|one| one.has_history())
}
