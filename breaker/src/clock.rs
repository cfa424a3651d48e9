//! The crate's clocks; everything else takes the time as an argument.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A moment, as nanoseconds since a point of this process's own: half the size of an [`Instant`], and
/// it fits an atomic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(u64);

impl Time {
    /// Later than any moment the clock can give: 292 years after the process began.
    pub(crate) const NEVER: Self = Self(u64::MAX);

    pub(crate) const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    pub(crate) const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The nanoseconds since `earlier`; none if that is later, as seen by another thread.
    pub(crate) const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// So many nanoseconds later, or [`NEVER`](Self::NEVER).
    pub(crate) const fn after(self, nanos: u64) -> Self {
        Self(self.0.saturating_add(nanos))
    }
}

/// The nanoseconds of a duration; what is longer than 584 years is for ever.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The same for what a process lives to see: less than 292 years.
fn brief_nanos(duration: Duration) -> u64 {
    let seconds = duration.as_secs().wrapping_mul(1_000_000_000);
    seconds.wrapping_add(duration.subsec_nanos().into())
}

/// Where [`EPOCH`] lies on the scale of [`Time`]: far from its beginning, because a paused clock may
/// lag behind the moment in which the first breaker was built.
const EPOCH_NANOS: u64 = 1 << 63;

static EPOCH: OnceLock<Instant> = OnceLock::new();

/// The present, as the async doors see it: tokio's clock when the feature is on, so that
/// `tokio::time::pause()` drives the breaker too. Outside a runtime that clock is the standard one.
// Once is enough: it is long, and called from many places.
#[inline(never)]
pub(crate) fn now() -> Time {
    let now = instant();
    let epoch = *EPOCH.get_or_init(|| now);
    match now.checked_duration_since(epoch) {
        Some(since) => Time(EPOCH_NANOS.wrapping_add(brief_nanos(since))),
        None => Time(EPOCH_NANOS.saturating_sub(nanos(epoch.saturating_duration_since(now)))),
    }
}

#[cfg(all(test, steadfast_loom))]
use crate::loom_models::instant;

#[cfg(not(all(test, steadfast_loom)))]
#[inline]
#[expect(clippy::disallowed_methods, reason = "the crate's one clock")]
fn instant() -> Instant {
    #[cfg(feature = "tokio")]
    let now = tokio::time::Instant::now().into_std();
    #[cfg(not(feature = "tokio"))]
    let now = Instant::now();
    now
}

/// The present by the processor's time stamp counter: less than half the cost of the other.
#[cfg(feature = "quanta")]
#[inline(never)]
fn fast_now() -> Time {
    static EPOCH: OnceLock<quanta::Instant> = OnceLock::new();
    let now = quanta::Instant::now();
    let epoch = *EPOCH.get_or_init(|| now);
    Time(EPOCH_NANOS.wrapping_add(brief_nanos(now.duration_since(epoch))))
}

/// Which clock a breaker reads; it never mixes the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    Standard,
    #[cfg(feature = "quanta")]
    Fast,
}

impl Clock {
    #[inline]
    pub(crate) fn now(self) -> Time {
        match self {
            Self::Standard => now(),
            #[cfg(feature = "quanta")]
            Self::Fast => fast_now(),
        }
    }
}

/// The present, read when it is first asked for.
#[derive(Debug)]
pub(crate) struct Now {
    read: Option<Time>,
    clock: Clock,
}

impl Now {
    pub(crate) const fn unread(clock: Clock) -> Self {
        Self { read: None, clock }
    }

    pub(crate) const fn read(now: Time) -> Self {
        Self {
            read: Some(now),
            clock: Clock::Standard,
        }
    }

    #[inline]
    pub(crate) fn get(&mut self) -> Time {
        *self.read.get_or_insert_with(|| self.clock.now())
    }
}
