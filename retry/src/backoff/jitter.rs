//! How much of a wait is left to chance.

use super::nanos;
use super::range::Range;

/// How much of a wait is left to chance.
///
/// Callers that failed together come back together unless their waits differ. Each draw is another:
/// from call to call, from retry to retry within a call, and from process to process. A wait with its
/// jitter is never longer than the cap, [`Backoff::max`](crate::Backoff::max).
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Jitter {
    /// None of it: every call waits the same. For tests, or where a single caller retries.
    None,
    /// All of it: a wait anywhere from zero to the backoff, half of it on average. Spreads best, and
    /// is the default.
    Full,
    /// Half of it: a wait from half the backoff to the whole. For when a retry must not be too soon.
    Equal,
    /// This share of it, from 0 to 1, both ways: with 0.25 a wait from 75 % of the backoff to 125 %.
    /// The backoff is also the average wait, until the cap comes near: what is above it is cut off,
    /// and draws are spread over what is left instead of collecting at the cap.
    ///
    /// A [`Backoff`](crate::Backoff) used by itself takes what is not from 0 to 1 for the nearer of
    /// the two, and NaN for 0.
    Proportional(f64),
}

impl Jitter {
    /// What a wait is drawn from if it is `backoff` without jitter. `backoff` is at most `cap`.
    pub(super) fn range(self, backoff: u128, cap: u128) -> Range {
        match self {
            Self::None => Range::new(backoff, backoff),
            Self::Full => Range::new(0, backoff),
            Self::Equal => Range::new(backoff / 2, backoff),
            Self::Proportional(share) => {
                let part = nanos::rounded(backoff as f64 * nanos::share(share)).min(backoff);
                Range::new(backoff - part, (backoff + part).min(cap))
            }
        }
    }
}
