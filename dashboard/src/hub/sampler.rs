//! The one task that reads telemetry once a second, as long as somebody watches.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::Hub;

/// Between two readings.
const STEP: Duration = Duration::from_secs(1);

impl Hub {
    /// Begins to read once a second, unless that goes on already. The caller has a place.
    ///
    /// # Panics
    /// Outside a tokio runtime; streams are only opened in one.
    pub(crate) fn watch(self: &Arc<Self>) {
        {
            let mut state = self.state.lock();
            if state.sampling {
                return;
            }
            state.sampling = true;
        }
        let seat = Seat {
            hub: Arc::clone(self),
            left: false,
        };
        tokio::spawn(run(seat));
    }

    /// Whether the sampler runs.
    #[cfg(test)]
    pub(crate) fn is_sampling(&self) -> bool {
        self.state.lock().sampling
    }

    /// Takes the sampler's leave if nobody watches. Whoever begins to watch has a place before it looks for a sampler,
    /// so none is left without.
    fn leave_if_idle(&self) -> bool {
        let mut state = self.state.lock();
        if self.watchers() > 0 {
            return false;
        }
        state.sampling = false;
        true
    }
}

/// Says that nobody samples, also if the task is dropped in the middle, with its runtime for instance.
struct Seat {
    hub: Arc<Hub>,
    left: bool,
}

impl Drop for Seat {
    fn drop(&mut self) {
        if !self.left {
            self.hub.state.lock().sampling = false;
        }
    }
}

async fn run(mut seat: Seat) {
    let hub = Arc::clone(&seat.hub);
    let mut closing = hub.closing();
    let mut steps = interval(STEP);
    steps.set_missed_tick_behavior(MissedTickBehavior::Skip);
    // The first one is due at once, and whoever began to watch has just read.
    steps.tick().await;
    loop {
        tokio::select! {
            _ = steps.tick() => {}
            _ = closing.wait_for(Option::is_some) => return,
        }
        hub.places.clear();
        if hub.leave_if_idle() {
            seat.left = true;
            return;
        }
        if hub.sample().await.is_none() {
            return hub.close();
        }
    }
}
