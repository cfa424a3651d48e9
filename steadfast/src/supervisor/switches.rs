//! The kill switch of circuit breakers. The others are settings; see `plan.rs`.

use super::set::Set;
use crate::breaker::{CircuitBreaker, Mode};

/// The reason that breakers give for their mode while they are switched off. It also tells ours from those
/// that somebody has disabled by hand.
pub(super) const OFF: &str = "switched off by configuration";

const ON: &str = "switched on again by configuration";

/// Switches all breakers on or off, those of the servers that HTTP clients have met included. What somebody
/// has forced by hand stays as it is.
pub(super) fn turn(set: &Set, was_on: bool, on: bool) {
    if !on {
        hold(set);
    } else if !was_on {
        set.breakers.values().for_each(switch_on);
        #[cfg(feature = "http")]
        met(set).iter().for_each(|breaker| {
            switch_on(breaker);
            // One that was met lately was not switched off, and has counted.
            if breaker.mode() == Mode::Automatic {
                breaker.reset();
            }
        });
    }
}

/// Switches off whatever is automatic. A mode that somebody set for a while may have ended, and servers may have
/// been met, since that was done last.
pub(super) fn hold(set: &Set) {
    set.breakers.values().for_each(switch_off);
    #[cfg(feature = "http")]
    met(set).iter().for_each(switch_off);
}

/// The breakers of all servers that are remembered.
#[cfg(feature = "http")]
fn met(set: &Set) -> Vec<CircuitBreaker> {
    let clients = set.clients.values();
    let breakers = clients.flat_map(crate::http::Client::breakers);
    breakers.map(|(_, breaker)| breaker).collect()
}

fn switch_off(breaker: &CircuitBreaker) {
    if breaker.mode() == Mode::Automatic {
        breaker.set_mode(Mode::Disabled, OFF);
    }
}

fn switch_on(breaker: &CircuitBreaker) {
    let now = breaker.snapshot();
    if now.mode == Mode::Disabled && now.mode_reason.as_deref() == Some(OFF) {
        breaker.set_mode(Mode::Automatic, ON);
    }
}
