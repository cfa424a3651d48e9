//! How long to wait between attempts: a plain value, and the waits that are drawn from it.

mod constructors;
mod draws;
mod growth;
mod jitter;
mod nanos;
mod range;
mod waits;

use std::time::Duration;

pub(crate) use self::draws::Draws;
pub use self::growth::Growth;
pub use self::jitter::Jitter;
use self::range::Range;
pub use self::waits::Waits;

/// A schedule of waits: how they grow, how far, and how much of each is left to chance.
///
/// A plain value that can be a constant. The waits themselves come from [`waits`](Self::waits), or by
/// walking through the backoff with `for`: an endless iterator, for a loop of your own that retries.
///
/// | constructor | the wait before retry 0, 1, 2, 3 ... without jitter | for |
/// |---|---|---|
/// | [`constant`](Self::constant) | 1, 1, 1, 1 s | polling, a lock held by another |
/// | [`linear`](Self::linear) | 1, 2, 3, 4 s | pressure that eases slowly |
/// | [`exponential`](Self::exponential) | 1, 2, 4, 8 s | most things |
/// | [`fibonacci`](Self::fibonacci) | 1, 1, 2, 3 s | as exponential, with a gentler start |
/// | [`decorrelated`](Self::decorrelated) | at random from 1 s to three times the wait before | never too soon |
/// | [`decorrelated_smooth`](Self::decorrelated_smooth) | at random, about 1, 1, 2, 4 s | load without peaks |
///
/// **No wait is longer than [`max`](Self::max)**, whatever the jitter and whatever would overflow: a
/// base that is longer than the cap waits for the cap. A base of zero never waits. Retries count
/// from zero.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast_retry::{Backoff, Jitter};
///
/// const RECONNECT: Backoff = Backoff::exponential(Duration::from_millis(200))
///     .max(Duration::from_secs(10))
///     .jitter(Jitter::Equal);
///
/// let mut attempts = 0;
/// for wait in RECONNECT {
///     attempts += 1;
///     if attempts == 5 {
///         break; // stands for: connected
///     }
///     assert!(wait >= Duration::from_millis(100) && wait <= Duration::from_secs(10));
///     // thread::sleep(wait), or tokio::time::sleep(wait).await
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    pub(crate) growth: Growth,
    pub(crate) base: Duration,
    pub(crate) cap: Duration,
    pub(crate) multiplier: f64,
    pub(crate) jitter: Jitter,
}

impl Backoff {
    /// How many times longer an exponential wait is than the one before, and how many times longer a
    /// decorrelated one can be. Default 2 and 3, the numbers that the algorithms were published with.
    /// The other growths have none and do not look at it.
    ///
    /// Waits never shrink: anything below 1, and NaN, counts as 1, which keeps them the same. Waits
    /// are exact for whole multipliers, and computed in double precision for others.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::Backoff;
    ///
    /// let backoff = Backoff::exponential(Duration::from_millis(100)).multiplier(1.5);
    /// let longest: Vec<u128> = (0..4).map(|retry| backoff.longest(retry).as_millis()).collect();
    /// assert_eq!(longest, [100, 150, 225, 337]);
    /// ```
    #[must_use]
    pub const fn multiplier(mut self, multiplier: f64) -> Self {
        self.multiplier = multiplier;
        self
    }

    /// The longest wait, jitter included. Default 30 s, so that a dependency that is back is noticed
    /// within half a minute. Zero never waits.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::Backoff;
    ///
    /// let minute = Duration::from_secs(60);
    /// let backoff = Backoff::linear(Duration::from_secs(20)).max(minute);
    /// assert_eq!(backoff.longest(1), Duration::from_secs(40));
    /// assert_eq!(backoff.longest(1_000), minute);
    /// ```
    #[must_use]
    pub const fn max(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// How much of each wait is left to chance. Default [`Jitter::Full`], which spreads callers that
    /// failed together best. The decorrelated growths are random by themselves and do not look at it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::{Backoff, Jitter};
    ///
    /// let second = Duration::from_secs(1);
    /// let backoff = Backoff::constant(second).jitter(Jitter::Proportional(0.25));
    /// assert_eq!(backoff.shortest(0), second * 3 / 4);
    /// assert_eq!(backoff.longest(0), second * 5 / 4);
    /// ```
    #[must_use]
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Whether two callers can get different waits.
    pub(crate) fn is_random(&self) -> bool {
        matches!(
            self.growth,
            Growth::Decorrelated | Growth::DecorrelatedSmooth
        ) || !matches!(self.jitter, Jitter::None)
    }

    /// How the waits grow.
    #[must_use]
    pub const fn growth(&self) -> Growth {
        self.growth
    }

    /// What the waits grow from.
    #[must_use]
    pub const fn base(&self) -> Duration {
        self.base
    }

    /// What no wait is longer than, as [`max`](Self::max) said.
    #[must_use]
    pub const fn cap(&self) -> Duration {
        self.cap
    }

    /// The longest that the wait before retry number `retry` can be, jitter and cap included.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::Backoff;
    ///
    /// let backoff = Backoff::exponential(Duration::from_millis(100));
    /// assert_eq!(backoff.longest(0), Duration::from_millis(100));
    /// assert_eq!(backoff.longest(u32::MAX), Duration::from_secs(30));
    /// let in_all: Duration = (0..4).map(|retry| backoff.longest(retry)).sum();
    /// assert_eq!(in_all, Duration::from_millis(1_500));
    /// ```
    #[must_use]
    pub fn longest(&self, retry: u32) -> Duration {
        nanos::to_duration(self.range(retry).high())
    }

    /// The shortest that the wait before retry number `retry` can be.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::{Backoff, Jitter};
    ///
    /// let backoff = Backoff::exponential(Duration::from_secs(1));
    /// assert_eq!(backoff.shortest(3), Duration::ZERO);
    /// assert_eq!(backoff.jitter(Jitter::Equal).shortest(3), Duration::from_secs(4));
    /// ```
    #[must_use]
    pub fn shortest(&self, retry: u32) -> Duration {
        nanos::to_duration(self.range(retry).low())
    }

    /// The waits, drawn by chance: an endless iterator, each time with other draws, as it is seeded
    /// from a generator that the operating system's randomness has seeded.
    #[must_use]
    pub fn waits(self) -> Waits {
        self.waits_seeded(rand::random())
    }

    /// The waits, drawn by chance, but the same ones each time for the same seed. For tests.
    ///
    /// The draws of a seed can be others in the next minor version.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::Backoff;
    ///
    /// let backoff = Backoff::exponential(Duration::from_millis(100));
    /// assert!(backoff.waits_seeded(7).take(9).eq(backoff.waits_seeded(7).take(9)));
    /// assert!(backoff.waits_seeded(7).take(9).ne(backoff.waits_seeded(8).take(9)));
    /// ```
    #[must_use]
    pub fn waits_seeded(self, seed: u64) -> Waits {
        Waits::new(self, Draws::new(seed))
    }

    /// What the wait before `retry` is drawn from, as far as it is known without the waits before.
    fn range(&self, retry: u32) -> Range {
        if self.base.is_zero() {
            return Range::ZERO; // zero times an overflown power would be anything
        }
        let (base, cap) = (self.base.as_nanos(), self.cap.as_nanos());
        let peak = self.growth.peak(base, self.factor(), retry).min(cap);
        match self.growth {
            Growth::Decorrelated => Range::new(base.min(cap), peak),
            Growth::DecorrelatedSmooth => Range::new(0, peak),
            _ => self.jitter.range(peak, cap),
        }
    }

    /// The multiplier as it counts.
    fn factor(&self) -> f64 {
        self.multiplier.max(1.0) // which is 1 for NaN too
    }
}

impl IntoIterator for Backoff {
    type Item = Duration;
    type IntoIter = Waits;

    /// As [`waits`](Self::waits).
    fn into_iter(self) -> Waits {
        self.waits()
    }
}

#[cfg(test)]
mod tests;
