//! How tasks are restarted.

use std::time::Duration;

use steadfast_retry::Backoff;

/// How tasks that fall over are restarted.
///
/// The wait before a restart is drawn evenly from zero to a ceiling, which is `base_backoff` at first and
/// doubles with each fall up to `max_backoff`; it is never shorter than `base_backoff`. So a task that falls
/// at once every time is restarted at most once per `base_backoff`, and soon about twice per `max_backoff`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Restarts {
    /// The first ceiling, and the shortest wait. Default 100 ms. Less than a millisecond counts as one.
    pub base_backoff: Duration,
    /// The last ceiling. Default 30 s. Less than `base_backoff` counts as that.
    pub max_backoff: Duration,
    /// A run of this length makes the waits begin anew. Default 60 s.
    pub healthy_after: Duration,
    /// Makes the waits repeatable, for tests. Default: a seed from the operating system.
    pub seed: Option<u64>,
}

impl Default for Restarts {
    fn default() -> Self {
        Self {
            base_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(30),
            healthy_after: Duration::from_secs(60),
            seed: None,
        }
    }
}

impl Restarts {
    /// The waits of a row of falls.
    pub(super) fn waits(self) -> impl Iterator<Item = Duration> + Send + use<> {
        let shortest = self.base_backoff.max(Duration::from_millis(1));
        let backoff = Backoff::exponential(shortest).max(self.max_backoff.max(shortest));
        let waits = match self.seed {
            Some(seed) => backoff.waits_seeded(seed),
            None => backoff.waits(),
        };
        waits.map(move |wait| wait.max(shortest))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Restarts;

    #[test]
    fn no_wait_is_shorter_than_the_base_or_longer_than_the_cap() {
        for base in [Duration::ZERO, Duration::from_millis(3)] {
            let restarts = Restarts {
                base_backoff: base,
                max_backoff: Duration::from_millis(50),
                ..Restarts::default()
            };
            let shortest = base.max(Duration::from_millis(1));
            let longest = Duration::from_millis(50);
            for wait in restarts.waits().take(1_000) {
                assert!((shortest..=longest).contains(&wait), "{wait:?}");
            }
        }
    }

    #[test]
    fn a_cap_below_the_base_and_times_without_end_are_no_trouble() {
        let odd = Restarts {
            base_backoff: Duration::MAX,
            max_backoff: Duration::ZERO,
            ..Restarts::default()
        };
        assert_eq!(odd.waits().take(100).count(), 100);
    }
}
