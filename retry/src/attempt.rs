//! What the operation is told about the attempt it makes.

use std::time::{Duration, Instant};

use crate::clock;
use crate::deadline::Deadline;

/// The attempt that an operation is making: its number, and how much time the call has used.
///
/// What went wrong before is told by
/// [`Retry::call_with_history`](crate::Retry::call_with_history): an attempt is a plain value that a
/// future can keep, so it cannot lend the error of the one before.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use steadfast_retry::Retry;
///
/// let retry = Retry::builder("greeter")
///     .base_backoff(Duration::ZERO)
///     .max_elapsed(Duration::from_secs(10))
///     .build()?;
/// let answer = retry.call_blocking(|attempt| {
///     assert!(attempt.remaining() <= Some(Duration::from_secs(10)));
///     if attempt.is_retry() { Ok(attempt.number()) } else { Err("not yet") }
/// });
/// assert_eq!(answer, Ok(2));
/// # Ok::<(), steadfast_retry::ConfigError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    number: u32,
    started: Option<Instant>,
    limit: Option<Instant>,
}

impl Attempt {
    #[inline]
    pub(crate) const fn new(number: u32, started: Option<Instant>, limit: Option<Instant>) -> Self {
        Self {
            number,
            started,
            limit,
        }
    }

    /// The first attempt of a call that takes no notice of the time.
    #[cfg(feature = "tokio")]
    #[inline]
    pub(crate) const fn first() -> Self {
        Self::new(1, None, None)
    }

    /// Which attempt of the call this is. The first is 1.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Whether an attempt of this call has failed before: `number() > 1`.
    #[must_use]
    pub const fn is_retry(&self) -> bool {
        self.number > 1
    }

    /// The time since the call began, up to now.
    ///
    /// A call without `max_elapsed`, deadline or budget reads no clock before it first has to wait for
    /// something, its operation or a backoff. An attempt that began before that, the
    /// first one among them, has nothing to count from: it reports zero, also later on. That is most of
    /// what makes a call that succeeds at once cheap.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.map_or(Duration::ZERO, |started| {
            clock::now().saturating_duration_since(started)
        })
    }

    /// When the call must be over; `None` if it has no limit.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        self.limit.map(Deadline::at)
    }

    /// What is left now until the call must be over; `None` if it has no limit.
    ///
    /// An asynchronous attempt is dropped when this reaches zero. A blocking one cannot be: give it
    /// this as the timeout of what it waits for.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.limit
            .map(|limit| limit.saturating_duration_since(clock::now()))
    }
}
