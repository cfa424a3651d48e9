//! A registered check: runs it, one run at a time, and survives whatever it does.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt as _;
use parking_lot::{MappedRwLockReadGuard, RwLock, RwLockReadGuard};
use tokio::sync::{Mutex, MutexGuard, watch};
use tokio::time::timeout;

use crate::clock;
use crate::contain::{Panicked, contain};
use crate::observer::Ending;
use crate::outcome::Outcome;
use crate::rules::{Rules, Said};
use crate::standing::Finished;
use crate::work::Work;

pub(crate) struct Component {
    pub(crate) name: Arc<str>,
    /// Changed under the lock of the board only, so that it sees the same from beginning to end.
    ruled: RwLock<Ruled>,
    work: Work,
    /// Held by the one run in flight.
    flight: Mutex<()>,
    /// Runs that ended with a result. Written only by the holder of `flight`, whose release and
    /// acquisition order it for the reader that waited; hence relaxed.
    landed: AtomicU64,
    /// Runs that were dropped before they ended. A count that orders nothing, hence relaxed.
    abandoned: AtomicU64,
    removed: watch::Sender<bool>,
    /// Changes whenever what the component waited for has come back.
    cleared: watch::Sender<()>,
    /// Changes whenever the component is to be run in another rhythm.
    repaced: watch::Sender<()>,
}

struct Ruled {
    said: Said,
    rules: Rules,
}

/// The right to run a component, and to say that the run has landed.
pub(crate) struct Flight<'a> {
    component: &'a Component,
    _only_one: MutexGuard<'a, ()>,
}

impl Component {
    pub(crate) fn new(name: Arc<str>, said: Said, rules: Rules, work: Work) -> Self {
        Self {
            name,
            ruled: RwLock::new(Ruled { said, rules }),
            work,
            flight: Mutex::new(()),
            landed: AtomicU64::new(0),
            abandoned: AtomicU64::new(0),
            removed: watch::Sender::new(false),
            cleared: watch::Sender::new(()),
            repaced: watch::Sender::new(()),
        }
    }

    /// The rules as they are now. Not to be held for long, nor twice at a time.
    pub(crate) fn rules(&self) -> MappedRwLockReadGuard<'_, Rules> {
        RwLockReadGuard::map(self.ruled.read(), |ruled| &ruled.rules)
    }

    pub(crate) fn said(&self) -> Said {
        self.ruled.read().said.clone()
    }

    /// Goes over to other rules; whoever calls it has the lock of the board. Whether it is to be run in another rhythm.
    pub(crate) fn rule(&self, said: Said, rules: Rules) -> bool {
        let mut ruled = self.ruled.write();
        let before = std::mem::replace(&mut *ruled, Ruled { said, rules }).rules;
        (before.interval, before.jitter) != (ruled.rules.interval, ruled.rules.jitter)
    }

    /// Asks for the one place in which this component is run. `None` if another run was in flight
    /// and has landed in the meantime: its result serves both. If that run is dropped instead, the
    /// longest waiting asker takes over.
    ///
    /// A run cannot outlast its timeout unless it blocks its thread, and then nobody could end it;
    /// so the wait is bounded by two timeouts, enough for one run and one that took over from it.
    pub(crate) async fn take_off(&self) -> Option<Flight<'_>> {
        let seen = self.landed.load(Ordering::Relaxed);
        let only_one = match self.flight.try_lock() {
            Ok(only_one) => only_one,
            Err(_in_flight) => {
                let patience = self.rules().timeout.saturating_mul(2);
                let only_one = timeout(patience, self.flight.lock()).await.ok()?;
                if self.landed.load(Ordering::Relaxed) != seen {
                    return None;
                }
                only_one
            }
        };
        Some(Flight {
            component: self,
            _only_one: only_one,
        })
    }

    /// Ends the run in flight, if there is one, and every later one before it begins.
    pub(crate) fn remove(&self) {
        self.removed.send_replace(true);
    }

    /// Waits until the component is deregistered.
    pub(crate) async fn removed(&self) {
        // The sender lives as long as `self`, so this cannot fail.
        let _ = self.removed.subscribe().wait_for(|removed| *removed).await;
    }

    /// Wakes whoever runs the component on its interval: what it waited for has come back.
    pub(crate) fn clear(&self) {
        self.cleared.send_replace(());
    }

    /// Wakes whoever runs the component on its interval: that is another.
    pub(crate) fn repace(&self) {
        self.repaced.send_replace(());
    }

    pub(crate) fn repaced(&self) -> watch::Receiver<()> {
        self.repaced.subscribe()
    }

    pub(crate) fn cleared(&self) -> watch::Receiver<()> {
        self.cleared.subscribe()
    }

    pub(crate) fn abandoned(&self) -> u64 {
        self.abandoned.load(Ordering::Relaxed)
    }
}

impl Flight<'_> {
    /// Runs the check once. `None` if the component was deregistered before the run ended.
    pub(crate) async fn run(&self) -> Option<Finished> {
        let component = self.component;
        let limit = component.rules().timeout;
        let abandoned = CountDropped::into(&component.abandoned);
        let started = clock::now();
        let mut probing =
            Box::pin(AssertUnwindSafe(async { component.work.begin().await }).catch_unwind());
        let answer = tokio::select! {
            biased;
            () = component.removed() => None,
            answer = timeout(limit, &mut probing) => Some(answer),
        };
        // Asked before the run is dropped, which would let a closure go that waits for a thread.
        let why_late = match &answer {
            Some(Err(_elapsed)) => component.work.too_late(limit, started),
            _ => String::new(),
        };
        // What the check owned is dropped here, and user code may panic in that, too.
        let dropped = contain(move || drop(probing));
        let answer = answer?;
        abandoned.disarm();
        let duration = clock::now().saturating_duration_since(started);
        let caught =
            |panicked: Panicked| (Outcome::unhealthy(panicked.to_string()), Ending::Panicked);
        let too_late = |message: String| (Outcome::unhealthy(message), Ending::TimedOut);
        let (outcome, ending) = match (answer, dropped) {
            (Ok(Err(payload)), _) => caught(Panicked::new(payload)),
            // Its thread was blocked, so the timeout could not fire in time.
            (Ok(Ok(_)), _) if duration > limit => too_late(format!(
                "check answered after {duration:?}, later than its timeout of {limit:?}"
            )),
            (Ok(Ok(outcome)), _) => (outcome, Ending::Answered),
            (Err(_elapsed), Err(panicked)) => caught(panicked),
            (Err(_elapsed), Ok(())) => too_late(why_late),
        };
        Some(Finished {
            outcome,
            ending,
            duration,
        })
    }

    /// Lets everyone who waited share the result, which must be recorded by now.
    pub(crate) fn land(self) {
        self.component.landed.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts a run that is dropped before it ends.
struct CountDropped<'a> {
    count: &'a AtomicU64,
    ended: bool,
}

impl<'a> CountDropped<'a> {
    fn into(count: &'a AtomicU64) -> Self {
        Self {
            count,
            ended: false,
        }
    }

    fn disarm(mut self) {
        self.ended = true;
    }
}

impl Drop for CountDropped<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
    }
}
