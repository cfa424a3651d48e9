//! The monitor itself: the board behind its lock, and what tells of its changes.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, watch};

use crate::board::{Board, Readiness, Settled, Step};
use crate::builder::{Builder, Settings};
use crate::check::Check;
use crate::clock;
use crate::component::Component;
use crate::config::MonitorConfig;
use crate::contain::contain;
use crate::error::RegisterError;
use crate::observer::{Event, Observer};
use crate::runner::Runner;
use crate::snapshot::Report;
use crate::status::Status;
use crate::tally::RollUps;

/// A set of health checks and what they found: a cheap handle, all clones of which share one state.
///
/// A check that holds a `Monitor` keeps it alive for ever; give it a [`WeakMonitor`].
#[derive(Clone)]
pub struct Monitor {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    name: Arc<str>,
    /// Held by whoever adds or removes checks or changes their rules; before the board.
    config: RwLock<MonitorConfig>,
    pub(crate) settings: Settings,
    board: Mutex<Board>,
    readiness: watch::Sender<Status>,
    /// The version of the status in `readiness`. Written only under that channel's own lock, hence
    /// relaxed.
    readiness_version: AtomicU64,
    observers: RwLock<Arc<[Arc<dyn Observer>]>>,
    /// A count that orders nothing, hence relaxed.
    observer_panics: AtomicU64,
    /// Tells the runner that a check was registered.
    pub(crate) registered: Notify,
    /// Held by the one runner that runs the checks.
    pub(crate) seat: tokio::sync::Mutex<()>,
}

impl Monitor {
    /// Starts building a monitor. The name appears in reports, events and metrics.
    pub fn builder(name: impl Into<Arc<str>>) -> Builder {
        Builder::new(name.into())
    }

    pub(crate) fn new(
        name: Arc<str>,
        config: MonitorConfig,
        settings: Settings,
        observers: Vec<Arc<dyn Observer>>,
    ) -> Self {
        let board = Board::new(Arc::clone(&name));
        Self {
            shared: Arc::new(Shared {
                name,
                config: RwLock::new(config),
                settings,
                board: Mutex::new(board),
                readiness: watch::Sender::new(Status::Healthy),
                readiness_version: AtomicU64::new(0),
                observers: RwLock::new(observers.into()),
                observer_panics: AtomicU64::new(0),
                registered: Notify::new(),
                seat: tokio::sync::Mutex::new(()),
            }),
        }
    }

    /// Adds a check. Its component is [`Status::Unknown`] until the first result. A runner that is
    /// already at work runs it at once and then on its interval.
    ///
    /// # Errors
    /// [`RegisterError::Config`] lists every field that breaks its rule: an empty name, a duration
    /// or a number of results of zero, a staleness bound that a check run on time would pass.
    /// [`RegisterError::Duplicate`] if the monitor has a check of that name.
    /// [`RegisterError::Cycle`] if the check depends on one that depends on it, in however many steps.
    pub fn register(&self, check: Check) -> Result<(), RegisterError> {
        let config = self.shared.config.read();
        let rules = check.said().resolve(check.name(), &config)?;
        let component = Arc::new(check.component(rules));
        let inserted = self
            .shared
            .update(clock::now(), |board| board.insert(&component));
        drop(config);
        self.shared.tell();
        inserted?;
        self.shared.registered.notify_one();
        Ok(())
    }

    /// Takes a check out; `false` if there is none of that name. A run in flight is dropped at its
    /// next `await`, and no result of it counts any more. The name is free at once. Checks that
    /// [depend on](Check::depends_on) it wait until the name is registered again.
    #[expect(
        clippy::must_use_candidate,
        reason = "that the check is out is what callers want; whether it was in is extra"
    )]
    pub fn deregister(&self, name: &str) -> bool {
        self.deregister_all([name]) == 1
    }

    /// Takes all checks of these names out, at the cost of one: [`deregister`](Self::deregister) looks at every check
    /// that is left. How many there were.
    pub fn deregister_all<N: AsRef<str>>(&self, names: impl IntoIterator<Item = N>) -> usize {
        let names: Vec<_> = names.into_iter().collect();
        let names: Vec<_> = names.iter().map(AsRef::as_ref).collect();
        let removed = {
            let _config = self.shared.config.read();
            self.shared
                .update(clock::now(), |board| board.remove(&names))
        };
        for component in &removed {
            component.remove();
        }
        self.shared.tell();
        removed.len()
    }

    /// Starts running the checks in the background: each at once and then on its interval. The
    /// runner owns everything that runs; see there for how it ends. While one runner is at work
    /// another one stands by and takes over when the first ends.
    ///
    /// # Panics
    /// Outside a tokio runtime, or in one without its timer enabled.
    pub fn start(&self) -> Runner {
        Runner::start(Arc::clone(&self.shared))
    }

    /// What is known now. Runs nothing and waits for nothing.
    #[must_use]
    pub fn get_health(&self) -> Report {
        let shared = &self.shared;
        let now = clock::now();
        let at = clock::wall();
        let (components, roll_ups, events_dropped) = {
            let board = shared.board.lock();
            let (components, roll_ups) = board.report(now);
            (components, roll_ups, board.outbox.dropped)
        };
        let RollUps {
            liveness,
            readiness,
            startup,
        } = roll_ups;
        Report {
            name: Arc::clone(&shared.name),
            about: Arc::clone(&shared.settings.about),
            status: readiness,
            liveness,
            readiness,
            startup,
            components,
            observer_panics: shared.observer_panics.load(Ordering::Relaxed),
            events_dropped,
            at,
        }
    }

    /// The same as [`get_health`](Self::get_health), under the name it has in every pattern.
    #[must_use]
    pub fn snapshot(&self) -> Report {
        self.get_health()
    }

    /// A channel that holds the readiness and wakes when it changes. A result that goes stale is a
    /// change, too, as long as a runner is there to notice.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Status> {
        self.shared.readiness.subscribe()
    }

    /// The settings as they are now.
    #[must_use]
    pub fn config(&self) -> MonitorConfig {
        self.shared.config.read().clone()
    }

    /// The name given to [`builder`](Self::builder).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Adds an observer to a monitor that is already in use. Observers stay for good.
    pub fn add_observer(&self, observer: Arc<dyn Observer>) {
        let mut observers = self.shared.observers.write();
        *observers = observers.iter().cloned().chain([observer]).collect();
    }

    /// Whether both handles share one state.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// A handle that does not keep the monitor alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakMonitor {
        WeakMonitor {
            shared: Arc::downgrade(&self.shared),
        }
    }
}

impl Shared {
    /// Runs one check, or waits for the run in flight and shares its result.
    pub(crate) async fn check(&self, component: &Arc<Component>) {
        let Some(flight) = component.take_off().await else {
            return;
        };
        let leave = self.board.lock().leave(component, clock::now());
        let Some(leave) = leave else {
            return;
        };
        let Some(finished) = flight.run().await else {
            return;
        };
        let now = clock::now();
        // One that does not count is not shared either: whoever waited for it runs the check again.
        match self.update(now, |board| board.record(component, leave, finished, now)) {
            true => flight.land(),
            false => drop(flight),
        }
        self.tell();
    }

    /// Lets the passing of time show; returns how long until it may show again.
    pub(crate) fn refresh(&self) -> Option<Duration> {
        let now = clock::now();
        let stale_in = self.update(now, |board| board.stale_in(now));
        self.tell();
        stale_in
    }

    pub(crate) fn config(&self) -> &RwLock<MonitorConfig> {
        &self.config
    }

    pub(crate) fn plan(&self) -> Vec<Step> {
        self.board.lock().plan()
    }

    pub(crate) fn plan_of(&self, name: &str) -> Option<Vec<Step>> {
        self.board.lock().plan_of(name)
    }

    pub(crate) fn components(&self) -> Vec<Arc<Component>> {
        self.board.lock().components()
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Changes the board and publishes the readiness that follows. The events wait for
    /// [`tell`](Self::tell), because the caller may hold something that observers should not wait on.
    pub(crate) fn update<R>(&self, now: Instant, change: impl FnOnce(&mut Board) -> R) -> R {
        let (result, Settled { readiness, cleared }) = {
            let mut board = self.board.lock();
            board.note_waiting(now);
            let result = change(&mut board);
            (result, board.settle(now))
        };
        self.publish(readiness);
        for component in cleared {
            component.clear();
        }
        result
    }

    /// Threads leave the board's lock in one order and may come here in another; only news counts.
    fn publish(&self, news: Readiness) {
        self.readiness.send_if_modified(|status| {
            if self.readiness_version.load(Ordering::Relaxed) >= news.version {
                return false;
            }
            self.readiness_version
                .store(news.version, Ordering::Relaxed);
            std::mem::replace(status, news.status) != news.status
        });
    }

    /// Tells the observers what the outbox holds, unless another thread, or a caller further up on
    /// this one, is at it: that one then tells these events as well. So they keep their order.
    pub(crate) fn tell(&self) {
        if !self.board.lock().outbox.begin_telling() {
            return;
        }
        loop {
            let Some(event) = self.board.lock().outbox.next_event() else {
                return;
            };
            let observers = Arc::clone(&self.observers.read());
            for observer in observers.iter() {
                let told = contain(|| match &event {
                    Event::Checked(checked) => observer.checked(checked),
                    Event::Changed(changed) => observer.changed(changed),
                });
                if told.is_err() {
                    self.observer_panics.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.get_health();
        f.debug_struct("Monitor")
            .field("name", &self.shared.name)
            .field("config", &*self.shared.config.read())
            .field("settings", &self.shared.settings)
            .field("liveness", &report.liveness)
            .field("readiness", &report.readiness)
            .field("startup", &report.startup)
            .field("components", &report.components.len())
            .finish_non_exhaustive()
    }
}

/// A handle that does not keep its monitor alive, made by [`Monitor::downgrade`].
#[derive(Clone)]
pub struct WeakMonitor {
    shared: Weak<Shared>,
}

impl WeakMonitor {
    /// The monitor, if any other handle or a runner still keeps it alive.
    #[must_use]
    pub fn upgrade(&self) -> Option<Monitor> {
        self.shared.upgrade().map(|shared| Monitor { shared })
    }

    /// Whether both handles are of the same monitor.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.shared.ptr_eq(&other.shared)
    }
}

impl fmt::Debug for WeakMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakMonitor").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_that_comes_late_does_not_undo_what_is_newer() {
        let monitor = Monitor::builder("orders").build().unwrap();
        let readiness = monitor.subscribe();
        for (version, status, expected) in [
            (1, Status::Unknown, Status::Unknown),
            (3, Status::Unhealthy, Status::Unhealthy),
            (2, Status::Healthy, Status::Unhealthy),
            (4, Status::Degraded, Status::Degraded),
        ] {
            monitor.shared.publish(Readiness { status, version });
            assert_eq!(*readiness.borrow(), expected);
        }
    }
}
