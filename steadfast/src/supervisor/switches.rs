//! The kill switch of circuit breakers. The others are settings; see `plan.rs`.

use super::set::Set;
use crate::breaker::{CircuitBreaker, Mode};

/// The reason that breakers give for their mode while they are switched off. It also tells ours from those
/// that somebody has disabled by hand.
pub(super) const OFF: &str = "switched off by configuration";

const ON: &str = "switched on again by configuration";

/// Switches all breakers on or off, those of the servers that HTTP clients have met included. What somebody
/// has forced by hand stays as it is.
pub(super) fn throw(set: &Set, on: bool) {
    let throw = if on { switch_on } else { switch_off };
    set.breakers.values().for_each(throw);
    #[cfg(feature = "http")]
    for client in set.clients.values() {
        let met = client.breakers();
        met.iter().for_each(|(_, breaker)| throw(breaker));
    }
}

/// A mode that somebody set for a while may have ended since, and servers may have been met: what is automatic
/// by then is off, too.
pub(super) fn hold(set: &Set, on: bool) {
    if !on {
        throw(set, false);
    }
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
