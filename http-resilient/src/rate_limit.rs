//! How many attempts a second an authority is sent at most, by the client's own decision.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::attempt::Failure;
use crate::call::Call;
use crate::clock;
use crate::config_error::FieldError;
use crate::error::{Phase, ThrottledBy};

/// The setting: what its numbers mean is for [`quota`](Self::quota) to say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    pub(crate) per_second: f64,
    pub(crate) burst: u32,
}

impl Rate {
    /// `None` if it breaks a rule.
    fn quota(self) -> Option<Quota> {
        let period = Duration::try_from_secs_f64(self.per_second.recip()).ok()?;
        let burst = NonZeroU32::new(self.burst)?;
        // What governor counts in must be able to hold a whole burst, long past the end of the process.
        period.checked_mul(self.burst).filter(|all| *all <= YEAR)?;
        Some(Quota::with_period(period)?.allow_burst(burst))
    }

    pub(crate) fn broken_fields(self, fields: &mut Vec<FieldError>) {
        if self.burst == 0 {
            let rule = "must allow a burst of at least 1";
            fields.push(FieldError::new("rate_limit", &self.burst, rule));
        } else if self.quota().is_none() {
            let rule =
                "must be more than zero a second, at most 1e9, and allow its burst once a year";
            fields.push(FieldError::new("rate_limit", &self.per_second, rule));
        }
    }
}

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The limiter of one authority, and the line of those who wait for it.
pub(crate) struct Limiter {
    governor: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Nanos>>,
    period: Duration,
    /// Whose turn it is to ask, in the order of arrival: governor has no line of its own.
    turn: tokio::sync::Mutex<()>,
    /// How many stand in that line. Relaxed: an estimate is made of it, and nothing else.
    waiting: AtomicU32,
    /// When the first of them is let through, on the limiter's clock. Relaxed, for the same reason.
    next: AtomicU64,
}

/// tokio's clock, so that a paused one drives the limiter too.
#[derive(Debug, Clone)]
struct TokioClock {
    origin: Instant,
}

impl Clock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let passed = clock::now().saturating_duration_since(self.origin);
        Nanos::from(u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// One who stands in the line.
struct InLine<'l>(&'l AtomicU32);

impl<'l> InLine<'l> {
    fn new(waiting: &'l AtomicU32) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Limiter {
    /// The settings have been checked.
    pub(crate) fn new(rate: Rate) -> Self {
        let quota = rate
            .quota()
            .expect("the settings were checked when the client was built");
        let clock = TokioClock {
            origin: clock::now(),
        };
        Self {
            governor: RateLimiter::direct_with_clock(quota, clock),
            period: quota.replenish_interval(),
            turn: tokio::sync::Mutex::new(()),
            waiting: AtomicU32::new(0),
            next: AtomicU64::new(0),
        }
    }

    /// Lets one through that arrives now: nobody overtakes those in the line. Or tells how long it would
    /// have to stand in it.
    fn try_pass(&self) -> Result<(), Duration> {
        let ahead = self.waiting.load(Ordering::Relaxed);
        if ahead == 0 {
            return self.check();
        }
        let next = Nanos::from(self.next.load(Ordering::Relaxed));
        let first = Duration::from(next.saturating_sub(self.governor.clock().now()));
        Err(first.saturating_add(self.period.saturating_mul(ahead)))
    }

    /// Stands in the line until it is let through.
    ///
    /// # Cancel safety
    /// Dropped, it leaves the line, and has taken nothing.
    async fn pass(&self) {
        let _in_line = InLine::new(&self.waiting);
        let _turn = self.turn.lock().await;
        while let Err(wait) = self.check() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Lets one through now, or says for how long the next one must wait.
    fn check(&self) -> Result<(), Duration> {
        self.governor.check().map_err(|not_until| {
            let next = not_until.earliest_possible();
            self.next.store(next.as_u64(), Ordering::Relaxed);
            not_until.wait_time_from(self.governor.clock().now())
        })
    }
}

impl Call<'_> {
    /// Gets the limiter's leave for the attempt, once. `permit` comes back if it was given at once;
    /// otherwise time has passed without it, and all that comes before the limiter is to be asked again.
    pub(crate) async fn ask_limiter(
        &self,
        permit: steadfast_breaker::Permit,
        has_leave: &mut bool,
    ) -> Result<Option<steadfast_breaker::Permit>, Failure> {
        let limiter = match &self.authority.limiter {
            Some(limiter) if !std::mem::replace(has_leave, true) => limiter,
            _ => return Ok(Some(permit)),
        };
        let Err(expected) = limiter.try_pass() else {
            return Ok(Some(permit));
        };
        // It takes no probe, and it is not the server that is slow.
        permit.ignore();
        let left = self.left(Phase::Queue)?;
        if expected >= left {
            return Err(self.throttled(expected, ThrottledBy::Client));
        }
        self.shared.counters.rate_limit_waits.add();
        match tokio::time::timeout(left, limiter.pass()).await {
            Ok(()) => {
                // If the server has meanwhile asked to be left alone, this turn passes unused: all who
                // waited with one in hand would come at once when that is over.
                *has_leave = self.authority.throttle.left().is_none();
                Ok(None)
            }
            Err(_) => Err(Failure::Deadline(Phase::Queue)),
        }
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter")
            .field("period", &self.period)
            .field("waiting", &self.waiting)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
