//! One constructor for each growth.

use std::time::Duration;

use super::{Backoff, Growth};

impl Backoff {
    /// The same wait before every retry: `wait`.
    ///
    /// Its cap is 30 s as with the others, or `wait` where that is longer.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::{Backoff, Jitter};
    ///
    /// let backoff = Backoff::constant(Duration::from_secs(5)).jitter(Jitter::None);
    /// let waits: Vec<u64> = backoff.waits().take(4).map(|wait| wait.as_secs()).collect();
    /// assert_eq!(waits, [5, 5, 5, 5]);
    /// ```
    #[must_use]
    pub const fn constant(wait: Duration) -> Self {
        let backoff = Self::of(Growth::Constant, wait);
        if wait.as_nanos() > backoff.cap.as_nanos() {
            backoff.max(wait)
        } else {
            backoff
        }
    }

    /// Each wait is longer than the one before by `base`: `base * (retry + 1)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::{Backoff, Jitter};
    ///
    /// let backoff = Backoff::linear(Duration::from_secs(5)).jitter(Jitter::None);
    /// let waits: Vec<u64> = backoff.waits().take(7).map(|wait| wait.as_secs()).collect();
    /// assert_eq!(waits, [5, 10, 15, 20, 25, 30, 30]);
    /// ```
    #[must_use]
    pub const fn linear(base: Duration) -> Self {
        Self::of(Growth::Linear, base)
    }

    /// Each wait is twice as long as the one before, or as [`multiplier`](Self::multiplier) says:
    /// `base * multiplier ^ retry`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::{Backoff, Jitter};
    ///
    /// let backoff = Backoff::exponential(Duration::from_secs(1)).jitter(Jitter::None);
    /// let waits: Vec<u64> = backoff.waits().take(7).map(|wait| wait.as_secs()).collect();
    /// assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);
    /// ```
    #[must_use]
    pub const fn exponential(base: Duration) -> Self {
        Self::of(Growth::Exponential, base)
    }

    /// Each wait is as long as the two before it together: `base` times 1, 1, 2, 3, 5, 8, 13 ...
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::{Backoff, Jitter};
    ///
    /// let backoff = Backoff::fibonacci(Duration::from_secs(1)).jitter(Jitter::None);
    /// let waits: Vec<u64> = backoff.waits().take(9).map(|wait| wait.as_secs()).collect();
    /// assert_eq!(waits, [1, 1, 2, 3, 5, 8, 13, 21, 30]);
    /// ```
    #[must_use]
    pub const fn fibonacci(base: Duration) -> Self {
        Self::of(Growth::Fibonacci, base)
    }

    /// Each wait is drawn from between `base` and three times the wait before it, or as many times as
    /// [`multiplier`](Self::multiplier) says; the first from between `base` and three times `base`.
    ///
    /// Random by itself: [`jitter`](Self::jitter) has no part in it. It never waits less than `base`,
    /// and two callers that once waited differently drift apart further.
    ///
    /// This is the "decorrelated jitter" of Marc Brooker's [Exponential Backoff And
    /// Jitter](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), but for the
    /// cap. There it cuts what was drawn, so that of the callers that have waited for the cap two in
    /// three wait for exactly as long again. Here it cuts the range before the draw: nobody collects at
    /// the cap, and waits are shorter. Far into an outage, with a base of 100 ms and the default cap,
    /// they are 8 s on average, in place of 14 s there and 15 s for [exponential](Self::exponential)
    /// ones with full jitter.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::Backoff;
    ///
    /// let second = Duration::from_secs(1);
    /// let mut previous = second;
    /// for wait in Backoff::decorrelated(second).waits().take(20) {
    ///     assert!(wait >= second && wait <= previous * 3 && wait <= second * 30);
    ///     previous = wait;
    /// }
    /// ```
    #[must_use]
    pub const fn decorrelated(base: Duration) -> Self {
        Self::of(Growth::Decorrelated, base)
    }

    /// Waits that grow as fast as exponential ones, drawn so that those of many callers together have
    /// neither peaks nor gaps. The median of the first is about `base`, of the second as well, and
    /// then each is about twice the one before.
    ///
    /// Random by itself: [`jitter`](Self::jitter) and [`multiplier`](Self::multiplier) have no part in
    /// it. A wait can be close to zero.
    ///
    /// This is Polly's [`DecorrelatedJitterBackoffV2`]: with `t = retry + chance` and
    /// `f(t) = 2^t * tanh(sqrt(4t))`, a wait is `(f(t) - f(t of the wait before)) / 1.4 * base`.
    /// Computed in double precision.
    ///
    /// [`DecorrelatedJitterBackoffV2`]: https://github.com/App-vNext/Polly/blob/main/src/Polly.Core/Retry/RetryHelper.cs
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use steadfast_retry::Backoff;
    ///
    /// let mut waits = Backoff::decorrelated_smooth(Duration::from_secs(1)).waits();
    /// let middle: Vec<u64> = (0..6).map(|_| waits.next_with(0.5).as_secs_f64().round() as u64).collect();
    /// assert_eq!(middle, [1, 1, 2, 4, 8, 16]);
    /// ```
    #[must_use]
    pub const fn decorrelated_smooth(base: Duration) -> Self {
        Self::of(Growth::DecorrelatedSmooth, base)
    }

    /// The schedule that grows so, with everything else at its default.
    pub(crate) const fn of(growth: Growth, base: Duration) -> Self {
        Self {
            growth,
            base,
            cap: defaults::CAP,
            multiplier: growth.default_multiplier(),
            jitter: defaults::JITTER,
        }
    }
}

/// The defaults that are not the growth's own.
mod defaults {
    use std::time::Duration;

    use crate::backoff::Jitter;

    pub(super) const CAP: Duration = Duration::from_secs(30);
    pub(super) const JITTER: Jitter = Jitter::Full;
}
