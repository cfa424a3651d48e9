//! What broadcasts snapshots.

use std::sync::Weak;
use std::time::Duration;

use tokio::sync::watch;

use super::tasks::Stop;
use super::{Shared, switches};

/// Reports every so often, until it is told to stop or the supervisor is gone.
pub(super) async fn run(shared: Weak<Shared>, mut every: watch::Receiver<Duration>, stop: Stop) {
    loop {
        let interval = *every.borrow_and_update();
        tokio::select! {
            biased;
            () = stop.stopped() => return,
            changed = every.changed() => match changed {
                // The next report comes by the new interval.
                Ok(()) => continue,
                Err(_) => return,
            },
            () = tokio::time::sleep(interval) => {}
        }
        let Some(shared) = shared.upgrade() else {
            return;
        };
        if !shared.about.switches().breakers {
            switches::hold(&shared.set());
        }
        shared.report();
    }
}
