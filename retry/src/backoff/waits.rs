//! The waits as an iterator.

use std::iter::FusedIterator;
use std::time::Duration;

use super::{Backoff, Draws, nanos};

/// The waits of a [`Backoff`], one after another: an endless iterator. Made by [`Backoff::waits`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast_retry::{Backoff, Jitter};
///
/// let backoff = Backoff::exponential(Duration::from_secs(1))
///     .max(Duration::from_secs(5))
///     .jitter(Jitter::None);
/// let waits: Vec<u64> = backoff.waits().take(5).map(|wait| wait.as_secs()).collect();
/// assert_eq!(waits, [1, 2, 4, 5, 5]);
/// ```
#[derive(Debug, Clone)]
pub struct Waits {
    backoff: Backoff,
    draws: Draws,
    /// Stays at the highest number there is. Jitter stays at one draw from there on, which is four
    /// billion waits away.
    retry: u32,
}

impl Waits {
    pub(crate) fn new(backoff: Backoff, draws: Draws) -> Self {
        Self {
            backoff,
            draws,
            retry: 0,
        }
    }

    /// The next wait, drawn by the caller: `chance` says how far up its range it is. 0 is the
    /// shortest that it can be after the waits before it, 1 the longest. Values outside count as the
    /// nearer end, NaN as 0.
    ///
    /// For randomness of another source, and to see the ends of a schedule.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::Backoff;
    ///
    /// let mut waits = Backoff::exponential(Duration::from_secs(1)).waits();
    /// assert_eq!(waits.next_with(1.0), Duration::from_secs(1));
    /// assert_eq!(waits.next_with(0.5), Duration::from_secs(1));
    /// assert_eq!(waits.next_with(0.25), Duration::from_secs(1));
    /// assert_eq!(waits.next_with(0.0), Duration::ZERO);
    /// ```
    pub fn next_with(&mut self, chance: f64) -> Duration {
        let retry = self.advance();
        (self.draws).draw_with(&self.backoff, retry, nanos::share(chance))
    }

    /// The number of the retry that comes next, which is then behind.
    fn advance(&mut self) -> u32 {
        let retry = self.retry;
        self.retry = retry.saturating_add(1);
        retry
    }
}

impl Iterator for Waits {
    type Item = Duration;

    /// The wait before the next retry. Never `None`.
    fn next(&mut self) -> Option<Duration> {
        let retry = self.advance();
        Some(self.draws.draw(&self.backoff, retry))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

impl FusedIterator for Waits {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backoff::Jitter;

    #[test]
    fn the_count_of_retries_does_not_wrap() {
        let nine = Duration::from_secs(9);
        let backoff = Backoff::exponential(Duration::from_secs(1)).max(nine);
        let mut waits = backoff.jitter(Jitter::None).waits();
        waits.retry = u32::MAX;
        assert_eq!(waits.next(), Some(nine));
        assert_eq!(waits.next(), Some(nine));
    }
}
