//! The moment before which a server does not want to be asked again.
//!
//! A 429 is about the pace of the client, all of it: the next caller gets the same answer, and asking
//! makes it worse. So the moment belongs to the authority. It says nothing about the server's health,
//! which is why no circuit opens.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::StatusCode;
use reqwest::Response;

use crate::attempt::Failure;
use crate::call::Call;
use crate::clock;
use crate::error::{Error, Phase, ThrottledBy};
use crate::rate_headers::stated_wait;

/// Over how long the calls are spread that have waited for the same moment.
pub(crate) const SPREAD: Duration = Duration::from_millis(20);

/// The "not before" of one authority.
#[derive(Debug)]
pub(crate) struct Throttle {
    /// What moments are counted from.
    origin: Instant,
    /// In nanoseconds from the origin; zero for none. Relaxed: it stands for itself alone, and whoever
    /// reads it a moment too early has asked a moment earlier.
    until: AtomicU64,
    /// The longest time it holds calls back for, in nanoseconds. Relaxed: it stands for itself alone.
    longest: AtomicU64,
    /// Whose turn it is in the spread. Relaxed: it only counts.
    turn: AtomicU32,
}

/// What a call has to wait for.
struct Pause {
    /// Until the server may be asked.
    stated: Duration,
    /// And until it is this call's turn.
    whole: Duration,
}

impl Throttle {
    /// `longest`: zero for one that never holds anyone back.
    pub(crate) fn new(longest: Duration) -> Self {
        // Clients that were told the same moment must not all begin at the same end of the spread.
        let random = RandomState::new().hash_one(0);
        Self {
            origin: clock::now(),
            until: AtomicU64::new(0),
            longest: AtomicU64::new(nanos(longest)),
            turn: AtomicU32::new(random as u32),
        }
    }

    /// Holds calls back no longer than this, when the server asks for it next.
    #[cfg(feature = "serde")]
    pub(crate) fn limit(&self, longest: Duration) {
        self.longest.store(nanos(longest), Ordering::Relaxed);
    }

    /// The server wants to be left alone for `wait` from now. A later moment stays as it is.
    pub(crate) fn hold_back(&self, wait: Duration) {
        let wait = wait.min(Duration::from_nanos(self.longest.load(Ordering::Relaxed)));
        if !wait.is_zero() {
            let until = self.since_origin().saturating_add(wait);
            self.until.fetch_max(nanos(until), Ordering::Relaxed);
        }
    }

    /// Whether there is, or was until just now, a moment to wait for. One relaxed load.
    pub(crate) fn is_set(&self) -> bool {
        self.until.load(Ordering::Relaxed) != 0
    }

    /// How long the server still wants to be left alone, if it does.
    pub(crate) fn left(&self) -> Option<Duration> {
        let pause = self.is_set().then(|| self.pause(Duration::ZERO))?;
        pause.map(|pause| pause.stated)
    }

    /// What a call has to wait for that lets `spread` pass after the moment.
    fn pause(&self, spread: Duration) -> Option<Pause> {
        let until = self.until.load(Ordering::Relaxed);
        let now = self.since_origin();
        let moment = Duration::from_nanos(until);
        if moment.saturating_add(SPREAD) <= now {
            // Over for everybody: the next one need not look at the clock. If another moment has been
            // set meanwhile, it stays.
            let (before, after) = (Ordering::Relaxed, Ordering::Relaxed);
            let _ = self.until.compare_exchange(until, 0, before, after);
            return None;
        }
        let whole = moment.saturating_add(spread).saturating_sub(now);
        (!whole.is_zero()).then(|| Pause {
            stated: moment.saturating_sub(now),
            whole,
        })
    }

    /// A part of the spread: any few in a row are far from each other, and any many cover it evenly.
    fn draw(&self) -> Duration {
        // Steps of the golden ratio around a circle.
        const STEP: u32 = 0x9E37_79B9;
        let turn = self.turn.fetch_add(STEP, Ordering::Relaxed);
        SPREAD.mul_f64(f64::from(turn) / (f64::from(u32::MAX) + 1.0))
    }

    fn since_origin(&self) -> Duration {
        clock::now().saturating_duration_since(self.origin)
    }
}

/// 584 years are as good as more.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Call<'_> {
    /// Notes what a 429 asks for, whatever becomes of its request. One that came by a redirect is
    /// taken as the word of the authority that was asked, as everything else is.
    pub(crate) fn heed(&self, response: &Response) {
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            let wait = stated_wait(response.status(), response.headers(), clock::wall());
            self.authority.throttle.hold_back(wait.unwrap_or_default());
        }
    }

    /// The longest wait that a server may ask for.
    pub(crate) fn max_retry_after(&self) -> Duration {
        let own = self.options.max_retry_after;
        own.unwrap_or(self.settings.max_retry_after)
    }

    /// Waits until the server may be asked, or says that it is too long to wait for.
    pub(crate) async fn wait_for_moment(&self) -> Result<(), Failure> {
        let throttle = &self.authority.throttle;
        let spread = throttle.draw();
        let mut waits = false;
        // Others may be told a later moment while this one waits.
        while let Some(pause) = throttle.pause(spread) {
            let left = self.left(Phase::Queue)?;
            if pause.stated > self.max_retry_after() || pause.stated >= left {
                return Err(self.throttled(pause.stated, ThrottledBy::Server));
            }
            if pause.stated.is_zero() && pause.whole >= left {
                break; // nobody misses a deadline for the spread
            }
            if !std::mem::replace(&mut waits, true) {
                self.shared.counters.throttle_waits.add();
            }
            if pause.whole < left {
                tokio::time::sleep(pause.whole).await;
            } else {
                tokio::time::sleep(pause.stated).await;
            }
        }
        Ok(())
    }

    /// The refusal of a call that would have to wait too long.
    pub(crate) fn throttled(&self, retry_after: Duration, by: ThrottledBy) -> Failure {
        Failure::Rejected(Error::Throttled {
            retry_after,
            by,
            request: self.summary(),
        })
    }
}

#[cfg(test)]
mod tests;
