//! What broadcasts snapshots, and keeps switched off what is to be.

use std::sync::Weak;
use std::time::Duration;

use tokio::sync::watch;

use super::tasks::Stop;
use super::{Shared, clock, switches};

/// Reports every so often, until it is told to stop or the supervisor is gone.
pub(super) async fn run(shared: Weak<Shared>, mut every: watch::Receiver<Duration>, stop: Stop) {
    let mut last = clock::now();
    let mut is_off = switched_off(&shared);
    loop {
        let due = clock::later(last, *every.borrow_and_update());
        let look = if is_off { clock::after(HOLD) } else { due };
        tokio::select! {
            biased;
            () = stop.stopped() => return,
            // After every change of settings: the next report comes by the new interval.
            changed = every.changed() => match changed {
                Ok(()) => {
                    is_off = switched_off(&shared);
                    continue;
                }
                Err(_) => return,
            },
            () = tokio::time::sleep_until(look.min(due)) => {}
        }
        let Some(shared) = shared.upgrade() else {
            return;
        };
        is_off = shared.hold_switches().await;
        if due <= clock::now() {
            last = clock::now();
            shared.report();
        }
    }
}

/// How long a breaker may be on whose forced mode has ended, while all are to be off.
const HOLD: Duration = Duration::from_secs(1);

fn switched_off(shared: &Weak<Shared>) -> bool {
    shared
        .upgrade()
        .is_some_and(|shared| !shared.about.switches().breakers)
}

impl Shared {
    /// Whether circuit breakers are to be off, and then they are.
    async fn hold_switches(&self) -> bool {
        if self.about.switches().breakers {
            return false;
        }
        // Not while they are being switched on again.
        let _turn = self.turn.lock().await;
        let is_off = !self.about.switches().breakers;
        if is_off {
            switches::hold(&self.set().whole());
        }
        is_off
    }
}
