//! What all clients share: the rows, the log, and the one sampler that reads telemetry while somebody watches.

mod feed;
mod frame;
mod place;
mod process;
mod ring;
mod sampler;
mod take;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use steadfast_health::Monitor;
use steadfast_telemetry::{Notice, Subscription, Telemetry, WeakTelemetry};
use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;

use crate::builder::Settings;
use crate::clock;
use crate::controls::{Desk, LiveControls};
use crate::metrics::Counters;
use crate::view::{Board, Row, Told};

use self::frame::Snapshot;
pub(crate) use self::frame::{Frame, bye};
pub(crate) use self::place::Place;
use self::place::Places;
use self::process::Process;
use self::ring::Ring;
pub(crate) use self::ring::{Entry, Since};
pub(crate) use self::take::parts;

/// Frames that a client may be behind before it gets everything anew. They are shared, so a slow one costs nothing.
const FRAMES: usize = 256;

/// Entries of the log in a snapshot.
pub(crate) const ENTRIES: usize = 200;

/// Shared by all routes and streams. Keeps no telemetry alive.
pub(crate) struct Hub {
    telemetry: WeakTelemetry,
    pub(crate) monitor: Option<Monitor>,
    pub(crate) desk: Option<Arc<Desk>>,
    pub(crate) settings: Settings,
    pub(crate) process: Process,
    pub(crate) counters: Arc<Counters>,
    state: Mutex<State>,
    /// Held by whoever reads all of telemetry.
    seat: tokio::sync::Mutex<()>,
    frames: broadcast::Sender<Frame>,
    /// Why all streams end, once they have to.
    closing: watch::Sender<Option<&'static str>>,
    places: Places,
    /// What the feed will listen to, until a runtime is there for it.
    unheard: Mutex<Option<(Subscription, Subscription)>>,
    /// Whether the feed runs. Set under the lock above, hence relaxed.
    hears: AtomicBool,
    feed: Mutex<Option<AbortHandle>>,
    /// Events that the feed was too slow for. A count that orders nothing, hence relaxed.
    missed: AtomicU64,
    /// Readings that were begun: each takes a ticket. Only the order of the tickets matters, hence relaxed.
    readings: AtomicU64,
}

/// What changes. Frames are sent under its lock, so that they are in the order of the changes.
struct State {
    board: Board,
    ring: Ring,
    sampling: bool,
}

impl Hub {
    pub(crate) fn new(
        telemetry: &Telemetry,
        monitor: Option<Monitor>,
        desk: Option<Arc<Desk>>,
        settings: Settings,
    ) -> Arc<Self> {
        let process = Process::new(&settings);
        // A later process begins higher, unless this one has a million events in a second.
        let begin = process.started_at.saturating_mul(1000);
        let counters = Arc::new(Counters::default());
        telemetry.watch(&counters);
        let subscriptions = feed::subscribe(telemetry, &settings);
        let hub = Arc::new(Self {
            telemetry: telemetry.downgrade(),
            monitor,
            desk,
            process,
            counters,
            state: Mutex::new(State {
                board: Board::new(settings.thresholds),
                ring: Ring::new(settings.events, begin),
                sampling: false,
            }),
            seat: tokio::sync::Mutex::new(()),
            frames: broadcast::Sender::new(FRAMES),
            closing: watch::Sender::new(None),
            places: Places::new(settings.max_streams),
            unheard: Mutex::new(Some(subscriptions)),
            hears: AtomicBool::new(false),
            feed: Mutex::new(None),
            missed: AtomicU64::new(0),
            readings: AtomicU64::new(0),
            settings,
        });
        hub.listen();
        hub
    }

    /// The telemetry that is shown, if it is still there.
    pub(crate) fn telemetry(&self) -> Option<Telemetry> {
        self.telemetry.upgrade()
    }

    pub(crate) fn live_controls(&self) -> Option<LiveControls> {
        let desk = self.desk.as_ref()?;
        Some(LiveControls::new(desk, &self.telemetry))
    }

    /// Ends all streams, and lets no other begin.
    pub(crate) fn close(&self) {
        self.closing.send_replace(Some("shutdown"));
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closing.borrow().is_some()
    }

    pub(crate) fn closing(&self) -> watch::Receiver<Option<&'static str>> {
        self.closing.subscribe()
    }

    /// A place for one more stream, unless too many are live.
    pub(crate) fn place(&self) -> Option<Arc<Place>> {
        self.places.take(&self.counters)
    }

    /// How many streams there are.
    pub(crate) fn watchers(&self) -> usize {
        self.places.taken()
    }

    /// Puts something into the log that is no event of telemetry's. Returns its number; 0 if it is one of too many.
    pub(crate) fn tell(&self, told: Told, by: Option<Arc<str>>) -> u64 {
        let entry = self.enter(told, clock::millis(clock::wall()), by);
        entry.map_or(0, |entry| entry.seq)
    }

    pub(crate) fn announce(&self, notice: &Notice) {
        self.tell(Told::of_notice(notice), None);
    }

    pub(crate) fn has_row(&self, id: &str) -> bool {
        self.state.lock().board.row(id).is_some()
    }

    /// The rows of this name.
    pub(crate) fn rows_of(&self, name: &str) -> Vec<Arc<Row>> {
        let mut rows = self.state.lock().board.sorted();
        rows.retain(|row| row.name == name);
        rows
    }

    /// The latest entries of the log, oldest first.
    pub(crate) fn latest(&self, most: usize) -> Vec<Arc<Entry>> {
        self.state.lock().ring.latest(most)
    }

    /// The log after a number: at most so many entries, the oldest of them first.
    pub(crate) fn entries_since(&self, seq: u64, most: usize) -> Since {
        let mut since = self.state.lock().ring.since(seq);
        since.entries.truncate(most);
        since
    }

    /// The latest entries of one name.
    pub(crate) fn entries_of(&self, name: &str) -> Vec<Arc<Entry>> {
        self.state.lock().ring.of_name(name, ENTRIES)
    }

    /// Everything, for whoever asks once.
    pub(crate) fn snapshot(&self) -> Snapshot<'_> {
        let history = self.keeps_history();
        let state = self.state.lock();
        let entries = state.ring.latest(ENTRIES);
        self.snapshot_of(&state, entries, None, history)
    }

    /// Everything, and the frames from then on. To whom has told the number of the last entry it knows of, only the
    /// later ones are told.
    pub(crate) fn follow(&self, after: Option<u64>) -> (Snapshot<'_>, broadcast::Receiver<Frame>) {
        let history = self.keeps_history();
        let state = self.state.lock();
        let frames = self.frames.subscribe();
        let (entries, missed) = match after {
            None => (state.ring.latest(ENTRIES), None),
            Some(seq) => {
                let Since { entries, missed } = state.ring.since(seq);
                (entries, Some(missed))
            }
        };
        (self.snapshot_of(&state, entries, missed, history), frames)
    }

    /// Not asked under the lock: whoever holds telemetry for a moment may be the last who does, and end it.
    fn keeps_history(&self) -> bool {
        self.telemetry().is_some_and(|it| it.keeps_history())
    }

    fn snapshot_of(
        &self,
        state: &State,
        events: Vec<Arc<Entry>>,
        missed: Option<u64>,
        history: bool,
    ) -> Snapshot<'_> {
        Snapshot {
            version: 1,
            seq: state.ring.last(),
            at: state.board.at,
            process: &self.process,
            health: state.board.health,
            controls: self.desk.is_some(),
            history,
            dropped_events: state.board.dropped,
            warnings: state.board.warnings(),
            components: state.board.sorted(),
            events,
            missed,
        }
    }

    /// Puts an event into the log and sends it to all streams, unless it is one of too many.
    fn enter(&self, told: Told, at: u64, by: Option<Arc<str>>) -> Option<Arc<Entry>> {
        let mut state = self.state.lock();
        let entry = state.ring.tell(told, at, by)?;
        if self.frames.receiver_count() > 0 {
            let _ = self.frames.send(Frame::event(&entry));
        }
        Some(entry)
    }

    fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        if let Some(feed) = self.feed.get_mut() {
            feed.abort();
        }
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("settings", &self.settings)
            .field("streams", &self.watchers())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
