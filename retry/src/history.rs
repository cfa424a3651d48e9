//! What went wrong before.

use std::fmt;
use std::time::Duration;

/// The attempts of a call that were followed by another, oldest first.
///
/// Holds at most as many as the builder's [`history`](crate::Builder::history) says: the first one,
/// which is often the one that tells the cause, and the latest.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast_retry::Retry;
///
/// let retry = Retry::builder("upload").max_attempts(3).base_backoff(Duration::ZERO).build()?;
/// let mut errors = ["no route", "no route", "disk full"].into_iter();
/// let exhausted = retry
///     .call_blocking(|_| Err::<(), _>(errors.next().unwrap_or_default()))
///     .unwrap_err();
/// assert_eq!(exhausted.last.operation(), Some(&"disk full"));
/// let before: Vec<_> = exhausted.history.iter().filter_map(|past| past.error()).collect();
/// assert_eq!(before, [&"no route", &"no route"]);
/// # Ok::<(), steadfast_retry::ConfigError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct History<E> {
    attempts: Vec<Past<E>>,
}

/// An attempt that was followed by another.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Past<E> {
    /// Its number. The first is 1.
    pub attempt: u32,
    /// From the beginning of the call to the end of the attempt, as in
    /// [`Exhausted::elapsed`](crate::Exhausted::elapsed).
    pub elapsed: Duration,
    /// The wait that was begun after it.
    pub wait: Duration,
    /// How it ended.
    pub ended: Ended<E>,
}

/// How an attempt that was followed by another had ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ended<E> {
    /// With this error.
    Error(E),
    /// With an `Ok` that the classifier did not accept. It was dropped before the wait, as it may
    /// hold a connection.
    Unaccepted,
    /// It was cut off by `attempt_timeout` after so long.
    TimedOut {
        /// As in [`Failure::TimedOut`](crate::Failure::TimedOut).
        after: Duration,
    },
}

impl<E> Past<E> {
    /// The error it ended in, if it did.
    #[must_use]
    pub fn error(&self) -> Option<&E> {
        match &self.ended {
            Ended::Error(error) => Some(error),
            Ended::Unaccepted | Ended::TimedOut { .. } => None,
        }
    }
}

impl<E> History<E> {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self {
            attempts: Vec::new(),
        }
    }

    /// Adds an attempt, where there is room for `longest`, which is not zero.
    pub(crate) fn push(&mut self, past: Past<E>, longest: usize) {
        // More than one only if there was more room before.
        while self.attempts.len() >= longest {
            // The second: the first one stays, unless there is room for one alone.
            self.attempts.remove(1.min(longest - 1));
        }
        self.attempts.push(past);
    }

    /// Takes out the error of the attempt of this number, if that is the latest and ended in one.
    pub(crate) fn pop_error(&mut self, attempt: u32) -> Option<E> {
        let latest = self.attempts.pop()?;
        match latest.ended {
            Ended::Error(error) if latest.attempt == attempt => Some(error),
            ended => {
                self.attempts.push(Past { ended, ..latest });
                None
            }
        }
    }

    /// The attempts, oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, Past<E>> {
        self.attempts.iter()
    }

    /// The attempt before the present one.
    #[must_use]
    pub fn last(&self) -> Option<&Past<E>> {
        self.attempts.last()
    }

    /// The error of the attempt before the present one, if it ended in one.
    #[must_use]
    pub fn last_error(&self) -> Option<&E> {
        self.last().and_then(Past::error)
    }

    /// How many attempts are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.attempts.len()
    }

    /// Whether none is: there was none before, or nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attempts.is_empty()
    }
}

impl<E> IntoIterator for History<E> {
    type Item = Past<E>;
    type IntoIter = std::vec::IntoIter<Past<E>>;

    fn into_iter(self) -> Self::IntoIter {
        self.attempts.into_iter()
    }
}

impl<'h, E> IntoIterator for &'h History<E> {
    type Item = &'h Past<E>;
    type IntoIter = std::slice::Iter<'h, Past<E>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<E: fmt::Debug> fmt::Debug for History<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.attempts).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(longest: usize) -> Vec<u32> {
        let mut history = History::new();
        for attempt in 1..=6 {
            let past = Past {
                attempt,
                elapsed: Duration::ZERO,
                wait: Duration::ZERO,
                ended: Ended::Error(()),
            };
            history.push(past, longest);
        }
        history.iter().map(|past| past.attempt).collect()
    }

    #[test]
    fn keeps_the_first_and_the_latest() {
        assert_eq!(kept(1), [6]);
        assert_eq!(kept(2), [1, 6]);
        assert_eq!(kept(4), [1, 4, 5, 6]);
        assert_eq!(kept(6), [1, 2, 3, 4, 5, 6]);
        assert_eq!(kept(usize::MAX), [1, 2, 3, 4, 5, 6]);
    }
}
