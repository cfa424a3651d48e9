//! What the operation is told about the attempt it makes.

use std::time::{Duration, Instant};

use crate::run::elapsed_since;

/// The attempt that an operation is making: its number, and how much time the call has used.
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
    limit: Option<Duration>,
}

impl Attempt {
    pub(crate) const fn new(
        number: u32,
        started: Option<Instant>,
        limit: Option<Duration>,
    ) -> Self {
        Self {
            number,
            started,
            limit,
        }
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
    /// The first attempt of an asynchronous call without `max_elapsed` reports zero, however late
    /// it asks: such a call reads no clock before its first attempt has waited for something or has
    /// failed, which is most of what makes a call that succeeds at once cheap.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        elapsed_since(self.started)
    }

    /// What is left of `max_elapsed` now; `None` if the call has no such limit.
    ///
    /// An attempt is not cut off when this reaches zero. Use it as the timeout of the attempt if
    /// the call must be over by then. It can be zero from the start: a wait that was to end within
    /// the limit can end late on a busy machine.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.limit.map(|limit| limit.saturating_sub(self.elapsed()))
    }
}
