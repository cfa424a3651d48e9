//! How long to wait between attempts.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// How much of a backoff is left to chance.
///
/// Clients that failed together come back together unless their waits differ. The random part is
/// taken *out of* the backoff, never added to it, so no wait is longer than `max_backoff`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Jitter {
    /// None of it: every call waits the same. For tests, or where a single client retries.
    None,
    /// All of it: a wait anywhere from zero to the backoff. Spreads best, and is the default.
    Full,
    /// Half of it: a wait from half the backoff to the whole. For when a retry must not be too soon.
    Equal,
}

impl Jitter {
    /// `backoff` with its random part drawn; never longer than `backoff`.
    fn draw(self, backoff: Duration, rng: &mut SmallRng) -> Duration {
        match self {
            Self::None => backoff,
            Self::Full => rng.random_range(Duration::ZERO..=backoff),
            Self::Equal => rng.random_range(backoff / 2..=backoff),
        }
    }
}

/// The waits of one call: an endless iterator of exponential backoffs with jitter under the cap.
///
/// This is what a call draws its waits from. Take one with [`Retry::backoff`](crate::Retry::backoff)
/// to look at a schedule, or to pace a loop of your own that has no end, such as reconnecting.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast_retry::{Jitter, Retry};
///
/// let retry = Retry::builder("broker")
///     .base_backoff(Duration::from_secs(1))
///     .max_backoff(Duration::from_secs(5))
///     .jitter(Jitter::None)
///     .build()?;
/// let waits: Vec<u64> = retry.backoff().take(5).map(|wait| wait.as_secs()).collect();
/// assert_eq!(waits, [1, 2, 4, 5, 5]);
/// # Ok::<(), steadfast_retry::ConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Exponential {
    curve: Curve,
    jitter: Jitter,
    rng: SmallRng,
    retry: u32,
}

impl Exponential {
    pub(crate) fn new(curve: Curve, jitter: Jitter, seed: u64) -> Self {
        Self {
            curve,
            jitter,
            rng: SmallRng::seed_from_u64(seed),
            retry: 0,
        }
    }

    /// The longest that the wait before a retry can be: `base_backoff * backoff_multiplier ^ retry`,
    /// or `max_backoff` where that is shorter. Retries count from zero. Any `retry` will do: what
    /// would overflow is capped as well.
    #[must_use]
    pub fn ceiling(&self, retry: u32) -> Duration {
        self.curve.at(retry)
    }

    /// The wait before retry number `retry`, counted from zero, with its jitter drawn.
    pub(crate) fn draw(&mut self, retry: u32) -> Duration {
        self.jitter.draw(self.curve.at(retry), &mut self.rng)
    }
}

impl Iterator for Exponential {
    type Item = Duration;

    /// The wait before the next retry. Never `None`.
    fn next(&mut self) -> Option<Duration> {
        let wait = self.draw(self.retry);
        self.retry = self.retry.saturating_add(1);
        Some(wait)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

/// How backoffs grow. Its fields have been validated: `base <= cap`, `multiplier` finite and >= 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Curve {
    pub(crate) base: Duration,
    pub(crate) cap: Duration,
    pub(crate) multiplier: f64,
}

impl Curve {
    /// The backoff before retry number `retry`, counted from zero.
    fn at(&self, retry: u32) -> Duration {
        if self.base.is_zero() {
            return Duration::ZERO; // zero times an overflown power would be NaN
        }
        let seconds = self.base.as_secs_f64() * self.multiplier.powf(f64::from(retry));
        // Infinite, or longer than a `Duration` can be: far beyond any cap.
        Duration::try_from_secs_f64(seconds).map_or(self.cap, |backoff| backoff.min(self.cap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(base: Duration, cap: Duration, multiplier: f64) -> Curve {
        Curve {
            base,
            cap,
            multiplier,
        }
    }

    #[test]
    fn grows_by_the_multiplier_until_the_cap() {
        let curve = curve(Duration::from_millis(100), Duration::from_secs(30), 2.0);
        assert_eq!(curve.at(0), Duration::from_millis(100));
        assert_eq!(curve.at(3), Duration::from_millis(800));
        assert_eq!(curve.at(8), Duration::from_millis(25_600));
        assert_eq!(curve.at(9), Duration::from_secs(30));
    }

    #[test]
    fn reaches_the_cap_and_not_an_overflow_at_the_last_attempt_there_is() {
        for multiplier in [1.000_001, 2.0, 1e300, f64::MAX] {
            let curve = curve(Duration::from_nanos(1), Duration::MAX, multiplier);
            assert_eq!(curve.at(u32::MAX), Duration::MAX, "multiplier {multiplier}");
        }
    }

    #[test]
    fn a_multiplier_of_one_stays_at_the_base() {
        let curve = curve(Duration::from_secs(3), Duration::MAX, 1.0);
        assert_eq!(curve.at(u32::MAX), Duration::from_secs(3));
    }

    #[test]
    fn a_base_of_zero_stays_zero_where_the_power_overflows() {
        let curve = curve(Duration::ZERO, Duration::from_secs(1), f64::MAX);
        assert_eq!(curve.at(u32::MAX), Duration::ZERO);
    }

    #[test]
    fn the_longest_durations_can_be_jittered() {
        let curve = curve(Duration::MAX, Duration::MAX, 2.0);
        for jitter in [Jitter::None, Jitter::Full, Jitter::Equal] {
            let mut waits = Exponential::new(curve, jitter, 7);
            assert!(waits.next().is_some_and(|wait| wait > Duration::ZERO));
        }
    }

    #[test]
    fn the_count_of_retries_does_not_wrap() {
        let curve = curve(Duration::from_secs(1), Duration::from_secs(9), 2.0);
        let mut waits = Exponential::new(curve, Jitter::None, 0);
        waits.retry = u32::MAX;
        assert_eq!(waits.next(), Some(Duration::from_secs(9)));
        assert_eq!(waits.next(), Some(Duration::from_secs(9)));
    }
}
