//! What a breaker has only if its settings, its mode or its observers ask for it.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use crate::clock::Time;
use crate::in_flight::InFlight;
use crate::mode::Mode;
use crate::observer::Observer;
use crate::settings::Settings;
use crate::state::Cause;

pub(crate) type Observers = Arc<[Arc<dyn Observer>]>;

/// A whole, of which shares are so many parts.
const WHOLE: u64 = 1_000_000;
/// The share of calls that a breaker lets through when it has just closed.
const LEAST_SHARE: u64 = WHOLE / 10;

pub(super) struct Rare {
    pub(super) mode: Mode,
    pub(super) mode_reason: Option<Arc<str>>,
    /// When the mode ends by itself.
    pub(super) mode_until: Time,
    pub(super) in_flight: InFlight,
    pub(super) slow: u64,
    pub(super) would_reject: u64,
    pub(super) observers: Option<Observers>,
    pub(super) hears_rejections: bool,
    pub(super) observer_panics: u64,
    /// Generations that began without a transition.
    pub(super) resets_while_closed: u64,
    /// How often the breaker has opened since its open time was last the shortest.
    openings: u32,
    /// A random function of the number of draws.
    draw: RandomState,
    draws: u64,
    /// While ramping up: what the next calls have saved up, in parts of a call.
    credit: Option<u64>,
}

impl Default for Rare {
    fn default() -> Self {
        Self {
            mode: Mode::Automatic,
            mode_reason: None,
            mode_until: Time::NEVER,
            in_flight: InFlight::new(),
            slow: 0,
            would_reject: 0,
            observers: None,
            hears_rejections: false,
            observer_panics: 0,
            resets_while_closed: 0,
            openings: 0,
            draw: RandomState::new(),
            draws: 0,
            credit: None,
        }
    }
}

impl Rare {
    /// A new generation begins.
    pub(super) fn begin(&mut self, settings: &Settings, cause: Cause) {
        self.in_flight.forget();
        let ramps = cause == Cause::ProbesSucceeded && settings.ramp_up > 0;
        self.credit = ramps.then_some(WHOLE);
        if cause == Cause::Reset {
            self.openings = 0;
        }
    }

    /// How long to stay open this time.
    pub(super) fn next_open_time(
        &mut self,
        settings: &Settings,
        was_closed_for: Option<u64>,
    ) -> u64 {
        let stable = crate::clock::nanos(settings.config.open_for_reset_after);
        if was_closed_for.is_some_and(|closed| closed >= stable) {
            self.openings = 0;
        }
        let earlier = self.openings;
        self.openings = earlier.saturating_add(1);
        self.draws = self.draws.wrapping_add(1);
        self.open_time(settings, earlier)
    }

    /// How long the present open time is under other settings. The lot stays drawn: drawn anew each time,
    /// the shortest of all draws would win.
    pub(super) fn same_open_time(&self, settings: &Settings) -> u64 {
        self.open_time(settings, self.openings.saturating_sub(1))
    }

    /// Open times begin to grow: the present one, if there is one, is the first.
    pub(super) fn count_openings_anew(&mut self, open: bool) {
        self.openings = u32::from(open);
    }

    fn open_time(&self, settings: &Settings, earlier: u32) -> u64 {
        let random = self.draw.hash_one(self.draws);
        // The upper 53 bits: as many as a float holds.
        let draw = (random >> 11) as f64 / (1_u64 << 53) as f64;
        settings.open_time(earlier, draw)
    }

    pub(super) fn mode_expires(&self) -> bool {
        self.mode_until < Time::NEVER
    }

    pub(super) fn hears_rejections(&self) -> bool {
        self.hears_rejections
    }

    pub(super) fn is_ramping(&self) -> bool {
        self.credit.is_some()
    }

    pub(super) fn end_ramp(&mut self) {
        self.credit = None;
    }

    /// The share of calls that passes `since` into the ramp, 0 to 1; `None` if there is none.
    pub(super) fn ramp_share(&self, since: u64, ramp_up: u64) -> Option<f64> {
        let ramping = self.is_ramping() && since < ramp_up;
        ramping.then(|| share(since, ramp_up) as f64 / WHOLE as f64)
    }

    /// Whether a call that comes `since` into a ramp passes: the first does, each later one saves up
    /// the share that is due, and passes when that has come to a whole.
    pub(super) fn admit_ramping(&mut self, since: u64, ramp_up: u64) -> bool {
        let share = share(since, ramp_up);
        let Some(credit) = &mut self.credit else {
            return true;
        };
        if *credit < WHOLE {
            *credit += share;
        }
        let admitted = *credit >= WHOLE;
        if admitted {
            *credit -= WHOLE;
        }
        admitted
    }
}

/// What share of calls passes `since` into a ramp, in parts of a whole.
fn share(since: u64, ramp_up: u64) -> u64 {
    let share = u128::from(since) * u128::from(WHOLE) / u128::from(ramp_up.max(1));
    u64::try_from(share)
        .unwrap_or(WHOLE)
        .clamp(LEAST_SHARE, WHOLE)
}

impl fmt::Debug for Rare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rare").finish_non_exhaustive()
    }
}
